/// A gate's parameter of a recurrent layer, taken apart from its name
/// `PATH.layerL.DIRECTION.GATE.PART`.
struct RecurrentWeight: Hashable {
  enum Direction: String {
    case forward, backward
  }

  enum Part: String {
    /// `[input, hidden]`
    case inputWeight = "input_weight"
    /// `[hidden, hidden]`
    case hiddenWeight = "hidden_weight"
    /// `[hidden]`
    case bias
    /// `[hidden]`, added to the recurrent product alone.
    case hiddenBias = "hidden_bias"

    /// How many axes it has.
    var rank: Int {
      switch self {
      case .inputWeight, .hiddenWeight: 2
      case .bias, .hiddenBias: 1
      }
    }
  }

  /// One layer of a stack; its directions are two cells.
  struct Layer: Hashable {
    let path: String
    let number: Int
  }

  /// The cell of one layer and direction.
  struct Cell: Hashable, CustomStringConvertible {
    let layer: Layer
    let direction: Direction

    var description: String { "\(layer.path).layer\(layer.number).\(direction)" }
  }

  let cell: Cell
  let gate: String
  let part: Part

  /// The weight of this name; nil when the name is not a recurrent weight's.
  init?(parameter name: String) {
    let words = name.split(separator: ".", omittingEmptySubsequences: false)
    guard words.count >= 4, let part = Part(rawValue: String(words[words.count - 1])),
      let direction = Direction(rawValue: String(words[words.count - 3])),
      words[words.count - 4].hasPrefix("layer"),
      let number = Int(words[words.count - 4].dropFirst("layer".count)), number >= 0
    else { return nil }
    let path = words.dropLast(4).joined(separator: ".")
    cell = Cell(layer: Layer(path: path, number: number), direction: direction)
    gate = String(words[words.count - 2])
    self.part = part
  }
}
