/// What keeps a model from being loaded or run.
public struct RuntimeError: Error, Hashable, CustomStringConvertible {
  /// What is wrong: the tensor, the axis, what was given and what was expected.
  public let message: String

  /// Creates an error.
  public init(_ message: String) { self.message = message }

  /// The message.
  public var description: String { message }
}

extension RuntimeError {
  /// A name that is not among those there are, with the one that was probably meant.
  static func unknown(_ kind: String, _ name: String, among names: [String]) -> RuntimeError {
    let near = names.map { ($0, editDistance(name, $0)) }.min { $0.1 < $1.1 }
    if let (candidate, distance) = near, distance <= max(2, name.count / 3) {
      return RuntimeError("there is no \(kind) '\(name)'; did you mean '\(candidate)'?")
    }
    let list = names.isEmpty ? "none" : names.map { "'\($0)'" }.joined(separator: ", ")
    return RuntimeError("there is no \(kind) '\(name)'; there are: \(list)")
  }

  /// Levenshtein's distance: how many letters to insert, delete or replace.
  private static func editDistance(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var row = Array(0...right.count)
    for (i, letter) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, other) in right.enumerated() {
        let replaced = diagonal + (letter == other ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[right.count]
  }
}
