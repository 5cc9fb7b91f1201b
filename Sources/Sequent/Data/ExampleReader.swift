/// Reads examples of one kind from files; what the readers have in common.
///
/// A reader keeps the files and no example: each pass streams through them again.
public protocol ExampleReader: Sendable {
  /// One example.
  associatedtype Example

  /// The files, in the order in which they are read.
  var files: [DataFile] { get }
  /// Which of the examples are meant.
  var part: DataPart { get }

  /// Calls `body` with every example of the file of an index, and the line it starts on.
  func forEachExample(
    inFile index: Int, _ body: (Example, FileLine) throws -> Void
  ) throws

  /// What the files are expected to have, for the message about an empty one.
  var expectation: String { get }
  /// The text that decides on which side of a split an example is.
  func key(of example: Example) -> String
}

extension ExampleReader {
  /// Calls `body` with every example of the part, and the line it starts on.
  public func forEach(_ body: (Example, FileLine) throws -> Void) throws {
    var isEmpty = true
    for (index, file) in files.enumerated() {
      var hasExamples = false
      try forEachExample(inFile: index) { example, line in
        hasExamples = true
        guard part == .all || part.contains(key(of: example)) else { return }
        isEmpty = false
        try body(example, line)
      }
      guard hasExamples else {
        throw FormatError(file: file.name, reason: "empty, expected \(expectation)")
      }
    }
    guard !isEmpty else {
      let names = files.map(\.name).joined(separator: ", ")
      throw FormatError(
        file: names.isEmpty ? "data" : names, reason: "no example in \(part)")
    }
  }
}
