import Sequent
import SequentBenchmarks
import SequentIR

/// Where an input's values come from: `NAME=VALUE`.
struct InputValue: Sendable {
  /// The forms of a value.
  private enum Source: Sendable {
    /// `@FILE`: an array file, or a file of named arrays.
    case file(String)
    /// A JSON array, or `-` for one on standard input.
    case json(String)
    /// `random:SEED`.
    case random(seed: UInt64)
  }

  /// What `--help` says of values.
  static let help = """
    An input's VALUE is one of
      @FILE.npy                        an array
      @FILE.safetensors, @FILE.npz     the array of the input's name in the file
      [[1, 2], [3, 4]]                 JSON; - reads it from standard input
      random:SEED                      random values; --dim says how many where no other input does
    """

  /// The input's name.
  let name: String
  private let source: Source

  /// Reads an assignment.
  init(_ text: String) throws(UsageError) {
    let assignment = try Assignment(text)
    name = assignment.name
    let value = assignment.value
    if value.hasPrefix("@") {
      source = .file(String(value.dropFirst()))
    } else if value.hasPrefix("random:") {
      guard let seed = UInt64(value.dropFirst(7)) else {
        throw UsageError("'\(value)' is not random:SEED with a whole number")
      }
      source = .random(seed: seed)
    } else {
      source = .json(value)
    }
  }

  /// The seed, for random values.
  var seed: UInt64? { if case .random(let seed) = source { seed } else { nil } }

  /// The values for an input of a type; nil for random ones, which depend on the sizes.
  func tensor(for type: TensorType) throws -> TensorData? {
    switch source {
    case .random: return nil
    case .file(let path):
      let file = try openTensors(path: path)
      // An array file has one array, whatever its name.
      let isArray = file.tensorNames == ["array"]
      return try file.tensor(named: isArray ? "array" : name)
    case .json(let text):
      let json = try JSON(
        parsing: text == "-" ? try LineReader.readAll() : text, name: "input '\(name)'")
      return try TensorData(json: json, elementType: type.elementType, name: "input '\(name)'")
    }
  }
}

/// The tensors for a function's inputs; random ones take their sizes from the others and `--dim`.
func tensors(
  for function: Function, _ values: [InputValue], sizes: [String: Int]
) throws -> [String: TensorData] {
  let states = Set(function.states.values)
  let inputs = function.inputs.filter { !states.contains($0.name) }
  for value in values where !inputs.contains(where: { $0.name == value.name }) {
    let names = inputs.map(\.name)
    throw CommandError(
      "\(function.name) has no input '\(value.name)'; it has \(names.joined(separator: ", "))"
        + didYouMean(value.name, among: names))
  }
  var bindings = Bindings(sizes)
  var tensors: [String: TensorData] = [:]
  for (name, type) in inputs {
    guard let value = values.last(where: { $0.name == name }) else {
      throw CommandError("input '\(name)' is missing: --input \(name)=VALUE, \(type)")
    }
    guard let tensor = try value.tensor(for: type) else { continue }
    do throws(BindingError) {
      try bindings.bind(type.shape, to: tensor.shape, of: name)
    } catch {
      throw CommandError("input \(error); its type is \(type)")
    }
    tensors[name] = tensor
  }
  let random = RandomInputs(function)
  for (argument, input) in function.inputs.enumerated() where !states.contains(input.name) {
    guard let seed = values.last(where: { $0.name == input.name })?.seed else { continue }
    for symbol in input.type.shape.flatMap(\.symbols) where bindings[symbol] == nil {
      throw UsageError("input '\(input.name)' is random: say --dim \(symbol)=SIZE")
    }
    tensors[input.name] = try random.values(for: argument, seed: seed, sizes: bindings)
  }
  return tensors
}
