import Sequent
import SequentIR

/// Random values for the inputs of a function, the same for the same seed and name everywhere.
public struct RandomInputs: Sendable {
  private let function: Function
  private let isRagged: Bool

  /// Creates a generator for a function.
  ///
  /// - Parameter ragged: whether rows have lengths of their own; without, each has all the steps,
  ///   so that a run's work is known from its sizes.
  public init(_ function: Function, ragged: Bool = true) {
    self.function = function
    isRagged = ragged
  }

  /// Values for an input: f32 normal with deviation 1, tokens within their table, lengths up to the
  /// number of steps (the last row's is the whole), booleans evenly.
  public func values(
    for argument: Int, seed: UInt64, sizes: Bindings
  ) throws -> TensorData {
    let input = function.inputs[argument]
    let shape = try input.type.shape.map { try $0.size(sizes) }
    guard let count = TensorData.count(of: shape) else {
      throw EvaluationError("input '\(input.name)' has too many elements: \(shape)")
    }
    var generator = CounterGenerator(seed: seed, stream: input.name)
    switch input.type.elementType {
    case .float32:
      return try .float32((0..<count).map { _ in Float(generator.normal()) }, shape: shape)
    case .bool:
      return try .bool((0..<count).map { _ in generator.uniform() < 0.5 }, shape: shape)
    case .int32:
      let range = try integers(argument, sizes)
      var values = (0..<count).map { _ in Int32.random(in: range, using: &generator) }
      if range.lowerBound == 1, count > 0 { values[count - 1] = range.upperBound }
      return try .int32(values, shape: shape)
    }
  }

  /// Values for all inputs that are not states, by name.
  public func byName(seed: UInt64, sizes: Bindings) throws -> [String: TensorData] {
    let states = Set(function.states.values)
    var values: [String: TensorData] = [:]
    for (argument, input) in function.inputs.enumerated() where !states.contains(input.name) {
      values[input.name] = try self.values(for: argument, seed: seed, sizes: sizes)
    }
    return values
  }

  /// The symbols of the inputs' shapes, sorted: what must have a size.
  public var symbols: [String] {
    Set(function.inputs.flatMap { $0.type.shape.flatMap(\.symbols) }).sorted()
  }

  private func integers(_ argument: Int, _ sizes: Bindings) throws -> ClosedRange<Int32> {
    let ranges = try function.graph.ranges(of: function.graph.arguments[argument]).map { range in
      switch range {
      case .index(let limit): 0...Int32(clamping: max(try limit.size(sizes) - 1, 0))
      case .length(let limit):
        Self.lengths(upTo: Int32(clamping: max(try limit.size(sizes), 1)), isRagged)
      }
    }
    return ranges.dropFirst().reduce(ranges.first ?? 0...1) { $0.clamped(to: $1) }
  }

  private static func lengths(upTo limit: Int32, _ isRagged: Bool) -> ClosedRange<Int32> {
    (isRagged ? 1 : limit)...limit
  }
}
