import SequentIR

/// Sizes and choices of a model that `--set KEY=VALUE` can change: a struct with defaults.
public protocol ModelConfiguration: Codable, Sendable {
  /// The defaults.
  init()
}

/// The configuration of a model that has none.
public struct NoConfiguration: ModelConfiguration {
  /// Nothing.
  public init() {}
}

/// A model: layers as stored properties, and how they make outputs of inputs.
///
///     struct Tagger: Model {
///       let embedding = Embedding(1000, 64)
///       let encoder = LSTM(64, 128, bidirectional: true)
///       let head = Linear(256, 12)
///
///       func main(_ inputs: Inputs) -> Outputs {
///         let tokens = inputs.tokens(), lengths = inputs.lengths()
///         return ["logits": head(encoder(embedding(tokens), lengths: lengths).output)]
///       }
///     }
///
/// A file that `sequent compile` takes declares a model of the file's own name.
public protocol Model: Sendable {
  /// Its sizes and choices.
  associatedtype Configuration: ModelConfiguration = NoConfiguration
  /// The model with its defaults.
  init()
  /// The model of a configuration.
  init(_ configuration: Configuration)
  /// What the model computes, traced once.
  func main(_ inputs: Inputs) -> Outputs
  /// What it computes beside `main` with the same weights: `encode` and `step` for one that decodes.
  var functions: [ModelFunction] { get }
  /// What the model is for, if `predict` is to run it.
  var task: ModelTask? { get }
  /// What training makes small; that of the task when the model does not say.
  var objective: Objective? { get }
  /// How the model is trained when nobody says otherwise.
  var recipe: TrainingRecipe { get }
  /// What of its configuration is found in the training data, if anything is.
  static var preparation: DataPreparation? { get }
}

extension Model {
  /// The model with the configuration's defaults.
  public init() { self.init(Configuration()) }
  /// Nothing but `main`.
  public var functions: [ModelFunction] { [] }
  /// No task.
  public var task: ModelTask? { nil }
  /// The task's objective.
  public var objective: Objective? { task?.objective }
  /// A recipe that does for many models.
  public var recipe: TrainingRecipe { TrainingRecipe() }
  /// Nothing is found in the data.
  public static var preparation: DataPreparation? { nil }
}

extension Model where Configuration == NoConfiguration {
  /// The model; there is nothing to configure.
  public init(_ configuration: NoConfiguration) { self.init() }
}

/// A function of a model beside `main`.
public struct ModelFunction {
  /// What sessions call it.
  public let name: String
  let body: (Inputs) -> Outputs

  /// Creates a function; `body` is traced once.
  public init(_ name: String, _ body: @escaping (Inputs) -> Outputs) {
    (self.name, self.body) = (name, body)
  }
}

/// Declares what goes into a model.
public struct Inputs {
  let trace: Trace
  let states: States

  /// What a trace learns of states while the model is called.
  final class States {
    var updates: [(argument: String, new: Tensor)] = []
  }

  /// An input of a name and a shape, whose dimensions may be named.
  public func tensor(
    _ name: String, _ elementType: ElementType = .float32, _ shape: [Dimension],
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let type = TensorType(elementType, shape)
    let taken = trace.graph.arguments.contains { trace.graph.name(of: $0) == name }
    guard !taken else {
      trace.context.fail(
        "two inputs are called '\(name)'", SourceLocation(file: file, line: line))
      return Tensor(trace: trace, value: nil, type: type)
    }
    let value = trace.graph.addArgument(type, name: name)
    return Tensor(trace: trace, value: value, type: type)
  }

  /// Token numbers, i32 `[batch, time]`.
  public func tokens(_ name: String = "tokens") -> Tensor {
    tensor(name, .int32, ["batch", "time"])
  }

  /// Every row's number of tokens, i32 `[batch]`.
  public func lengths(_ name: String = "lengths") -> Tensor { tensor(name, .int32, ["batch"]) }

  /// A state kept between calls, zeros at first; give what replaces it to `update`.
  public func state(
    _ name: String, _ shape: [Dimension], file: String = #fileID, line: Int = #line
  ) -> Tensor {
    tensor(name, .float32, shape, file: file, line: line)
  }

  /// The states of a recurrent layer, kept between calls: as `initialState` of the layer.
  public func state<Cell>(
    _ name: String, of layer: RecurrentLayer<Cell>, file: String = #fileID, line: Int = #line
  ) -> [[[Tensor]]] {
    layer.cells.enumerated().map { index, directions in
      directions.enumerated().map { direction, cell in
        cell.stateSizes.enumerated().map { part, size in
          state(
            "\(name).layer\(index).\(direction == 0 ? "forward" : "backward").\(part)",
            ["batch", Dimension(constant: size)], file: file, line: line)
        }
      }
    }
  }

  /// Says what a state is after the call.
  public func update(_ state: Tensor, to new: Tensor) {
    guard let value = state.value else { return }
    states.updates.append((trace.graph.name(of: value), new))
  }

  /// Says what the states of a recurrent layer are after the call.
  public func update(_ state: [[[Tensor]]], to new: [[[Tensor]]]) {
    for (old, new) in zip(state.flatMap { $0 }.flatMap { $0 }, new.flatMap { $0 }.flatMap { $0 }) {
      update(old, to: new)
    }
  }
}

/// What comes out of a model, by name.
public struct Outputs: ExpressibleByDictionaryLiteral {
  let tensors: [(name: String, tensor: Tensor)]

  /// Creates outputs from names and tensors, in order.
  public init(dictionaryLiteral elements: (String, Tensor)...) {
    tensors = elements.map { (name: $0.0, tensor: $0.1) }
  }

  /// Creates outputs from names and tensors, in order.
  public init(_ tensors: [(name: String, tensor: Tensor)]) { self.tensors = tensors }

  /// The output of a name; for one that there is not, a tensor that makes tracing fail.
  public subscript(name: String) -> Tensor {
    if let found = tensors.first(where: { $0.name == name }) { return found.tensor }
    let trace =
      tensors.first?.tensor.trace ?? Trace(context: TraceContext(model: (), isTraining: false))
    trace.context.fail(
      "there is no output '\(name)'; the model gives "
        + tensors.map(\.name).joined(separator: ", "), nil)
    return Tensor(trace: trace, value: nil, type: TensorType(.float32, []))
  }
}
