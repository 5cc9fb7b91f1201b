/// Which examples of some files are meant: all, or the part on one side of a split.
///
/// The split is by a hash of the example's text, so it is the same in every run, and equal texts
/// are on the same side.
public enum DataPart: Hashable, Sendable {
  /// Every example.
  case all
  /// The examples that are not held out, of a split that holds out this fraction.
  case training(heldOut: Double)
  /// The examples that are held out, about this fraction of all.
  case heldOut(Double)

  /// Whether the part has the example of a text.
  func contains(_ text: String) -> Bool {
    switch self {
    case .all: true
    case .training(let fraction): Self.place(text) >= fraction
    case .heldOut(let fraction): Self.place(text) < fraction
    }
  }

  /// The rows of a series of this length: what is held out of it is its end.
  func rows(of count: Int) -> Range<Int> {
    switch self {
    case .all: 0..<count
    case .training(let fraction): 0..<Self.cut(count, fraction)
    case .heldOut(let fraction): Self.cut(count, fraction)..<count
    }
  }

  private static func cut(_ count: Int, _ fraction: Double) -> Int {
    count - min(max(Int((Double(count) * fraction).rounded()), 0), count)
  }

  /// A number in [0, 1) that depends on the text only.
  private static func place(_ text: String) -> Double {
    Double(text.withUTF8Bytes(stableHash) >> 11) * 0x1p-53
  }
}

extension DataPart: CustomStringConvertible {
  /// The part in words.
  public var description: String {
    switch self {
    case .all: "all examples"
    case .training(let fraction): "the examples outside the held-out \(fraction)"
    case .heldOut(let fraction): "the held-out \(fraction) of the examples"
    }
  }
}
