/// The names of a checkpoint's tensors, found under what others may call them.
///
/// Keras writes paths with slashes, wraps a layer's cell in a part of its own
/// (`encoder/forward_lstm/lstm_cell/kernel` is `encoder.forward.kernel`), and whole models may have
/// a name that stands before every other (`model.encoder.weight`). An exact name is found first.
struct SourceNames {
  private var names: [String: String] = [:]

  /// The names of tensors; `buffers` don't count when a part before all names is looked for.
  init(_ tensors: [String], buffers: [String]) {
    let dotted = tensors.map(Self.dotted)
    let weights = dotted.filter { !Self.isBuffer($0, buffers) }
    let first = weights.first?.split(separator: ".").first.map { "\($0)." } ?? ""
    let isCommon = weights.allSatisfy { $0.hasPrefix(first) }
    let aliases: [(String) -> String] = [
      { $0 }, Self.withoutCells,
      { isCommon ? String($0.dropFirst(first.count)) : $0 },
      { Self.withoutCells(isCommon ? String($0.dropFirst(first.count)) : $0) },
    ]
    for alias in aliases {
      for (name, dotted) in zip(tensors, dotted) {
        names[alias(dotted)] = names[alias(dotted)] ?? name
      }
    }
  }

  /// The tensor that the first of these names means, of those that mean one.
  func first(of candidates: [String]) -> String? {
    candidates.lazy.compactMap { names[$0] }.first
  }

  /// With dots for slashes, and without the `:0` of TensorFlow's variables.
  static func dotted(_ name: String) -> String {
    (name.hasSuffix(":0") ? String(name.dropLast(2)) : name).replacing("/", with: ".")
  }

  /// Whether a tensor is one of the buffers, which a checkpoint may hold beside the weights.
  static func isBuffer(_ name: String, _ buffers: [String]) -> Bool {
    let dotted = dotted(name)
    return buffers.contains { dotted == $0 || dotted.hasSuffix(".\($0)") }
  }

  private static func withoutCells(_ name: String) -> String {
    name.split(separator: ".", omittingEmptySubsequences: false)
      .filter { !$0.hasSuffix("_cell") }
      .map { $0.hasPrefix("forward_") ? "forward" : $0.hasPrefix("backward_") ? "backward" : $0 }
      .joined(separator: ".")
  }
}
