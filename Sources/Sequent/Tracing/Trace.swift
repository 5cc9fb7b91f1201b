import SequentIR

/// What went wrong while a model was traced: the layer, the operands and the user's line.
public struct ModelError: Error, CustomStringConvertible {
  /// What is wrong, with both operands and their named dimensions.
  public let message: String
  /// The layer and the line.
  public let origin: Origin

  /// `Tagger.swift:12: head: matmul: …`.
  public var description: String {
    [origin.location?.description, origin.layer.isEmpty ? nil : origin.layer, message]
      .compactMap { $0 }.joined(separator: ": ")
  }
}

/// What all graphs of one model's trace share.
///
/// A mistake does not stop the trace: the first is kept, what depends on it is skipped, and
/// whoever traces throws it. So layers and operators need no `try`.
final class TraceContext {
  private(set) var parameters: [Parameter] = []
  private(set) var failure: ModelError?
  private var names: [ObjectIdentifier: String] = [:]
  private var origins: [Origin] = []
  private var lastLocation: SourceLocation?
  private var streams = 0
  let isTraining: Bool

  init(model: Any, isTraining: Bool) {
    self.isTraining = isTraining
    for (name, weight) in namedWeights(of: model) where names[ObjectIdentifier(weight)] == nil {
      names[ObjectIdentifier(weight)] = name
      parameters.append(
        Parameter(
          name: name, type: weight.type, role: weight.role, initializer: weight.initializer))
    }
  }

  /// A number that no other draw of random numbers in this model has.
  func nextStream() -> Int {
    streams += 1
    return streams
  }

  func name(of weight: Weight) -> String? { names[ObjectIdentifier(weight)] }

  /// The origin of an operation emitted now from a line of some file.
  ///
  /// Lines of this library stand for the user's line that called into it.
  func origin(_ location: SourceLocation?) -> Origin {
    if let location, !location.file.hasPrefix("Sequent/") {
      lastLocation = location
      return Origin(layer: origins.last?.layer ?? "", location: location)
    }
    let outer = origins.last ?? Origin()
    return Origin(layer: outer.layer, location: outer.location ?? lastLocation)
  }

  func fail(_ message: String, _ location: SourceLocation?) {
    if failure == nil { failure = ModelError(message: message, origin: origin(location)) }
  }

  /// Runs `body` so that what it emits belongs to a layer called from a line.
  func scope<Result>(
    _ layer: String, _ location: SourceLocation, _ body: () -> Result
  ) -> Result {
    let location = origin(location).location
    origins.append(
      Origin(layer: layer.isEmpty ? origins.last?.layer ?? "" : layer, location: location))
    defer { origins.removeLast() }
    return body()
  }

  /// The path of the layer that holds some weights: what their names begin with alike.
  func path(of layer: Any) -> String {
    let paths = namedWeights(of: layer).compactMap { name(of: $0.weight) }
      .map { $0.split(separator: ".").dropLast() }
    guard var common = paths.first else { return "" }
    for path in paths.dropFirst() {
      common = common.prefix(zip(common, path).prefix { $0 == $1 }.count)
    }
    return common.joined(separator: ".")
  }
}

/// One graph under construction: a function, or the body of a scan inside of one.
final class Trace {
  let context: TraceContext
  let enclosing: Trace?
  var graph = Graph()
  /// Values of the surrounding graph that the body uses, and the arguments they came in by.
  private(set) var captures: [(outer: Tensor, inner: Value)] = []

  init(context: TraceContext, enclosing: Trace? = nil) {
    self.context = context
    self.enclosing = enclosing
  }

  /// The value of a tensor in this graph; one from a surrounding graph becomes an argument.
  func resolve(_ tensor: Tensor) -> Value? {
    guard let value = tensor.value else { return nil }
    if tensor.trace === self { return value }
    if let known = captures.first(where: {
      $0.outer.trace === tensor.trace && $0.outer.value == value
    }) {
      return known.inner
    }
    var ancestor = enclosing
    while let trace = ancestor, trace !== tensor.trace { ancestor = trace.enclosing }
    guard ancestor != nil else {
      context.fail(
        "a tensor of another model, or of a recurrent step that is over, is used here", nil)
      return nil
    }
    let name = tensor.trace.graph.name(of: value)
    let inner = graph.addArgument(
      tensor.type, name: name.split(separator: ".").suffix(2).joined(separator: "."))
    captures.append((tensor, inner))
    return inner
  }

  /// The input from which dropout draws, in training: i32, another number every step.
  var dropoutSeed: Tensor? { trainingInput("dropout_seed", .int32) }

  /// How much of the training is over, in training: f32, 0 to 1.
  var trainingProgress: Tensor? { trainingInput("training_progress", .float32) }

  /// A number that training feeds at every step.
  private func trainingInput(_ name: String, _ elementType: ElementType) -> Tensor? {
    guard context.isTraining else { return nil }
    let type = TensorType(elementType, [])
    if let enclosing {
      guard let outer = enclosing.trainingInput(name, elementType) else { return nil }
      return Tensor(trace: self, value: resolve(outer), type: type)
    }
    let known = graph.arguments.first { graph.name(of: $0) == name }
    return Tensor(trace: self, value: known ?? graph.addArgument(type, name: name), type: type)
  }

  /// Uniform numbers in [0, 1), others at every training step; nothing outside of training.
  func uniform(_ shape: [Dimension]) -> Tensor? {
    guard let seed = dropoutSeed else { return nil }
    let draw = RandomUniform(shape: shape, stream: context.nextStream())
    return emit(.randomUniform(draw), [seed], at: nil)[0]
  }

  /// The tensor of a weight of the model.
  func tensor(_ weight: Weight) -> Tensor {
    if let enclosing {
      let outer = enclosing.tensor(weight)
      return Tensor(trace: self, value: resolve(outer), type: weight.type)
    }
    guard let name = context.name(of: weight) else {
      context.fail(
        "a weight \(weight.shape) is used that no property of the model leads to: layers must be "
          + "stored properties", nil)
      return Tensor(trace: self, value: nil, type: weight.type)
    }
    return Tensor(trace: self, value: graph.parameter(name, weight.type), type: weight.type)
  }

  /// Adds an operation; a mistake is kept in the context and gives a tensor without a value.
  func emit(
    _ operation: Operation, _ operands: [Tensor], names: [String] = [],
    results: Int = 1, at location: SourceLocation?
  ) -> [Tensor] {
    let origin = context.origin(location)
    let nothing = Tensor(trace: self, value: nil, type: TensorType(.float32, []))
    let values = operands.compactMap(resolve)
    guard values.count == operands.count else {
      return Array(repeating: nothing, count: results)
    }
    do throws(TypeError) {
      return try graph.append(operation, values, names: names, origin: origin).map {
        Tensor(trace: self, value: $0, type: graph.type(of: $0))
      }
    } catch {
      let list = values.map { value in
        (graph.parameterName(of: value).map { "@\($0)" } ?? "%\(graph.name(of: value))")
          + ": \(graph.type(of: value))"
      }
      context.fail(
        error.message + " (operands \(list.joined(separator: ", ")))", location)
      return Array(repeating: nothing, count: results)
    }
  }
}
