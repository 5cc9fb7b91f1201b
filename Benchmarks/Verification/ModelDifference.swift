import Sequent
import SequentIR
import SequentRuntime

/// How far an output of a model is from the same output of another.
public struct ModelDifference: Sendable {
  /// The output's name.
  public let output: String
  /// The largest difference of two elements.
  public let largest: Double
  /// That, relative to the largest element of the other model's output.
  public let relative: Double
  /// The share of rows (all axes but the last) whose largest element has the same place.
  public let agreement: Double
  /// Whether every element is within the tolerance, if there is one.
  public let isWithin: Bool
}

/// Runs two models on the same random inputs, as one whose weights were rounded and the original.
///
/// - Throws: `RuntimeError` where they don't have the same inputs and outputs.
public func compareModels(
  _ artifact: Artifact, against other: Artifact, function name: String = "main", sizes: Bindings,
  seed: UInt64 = 0, threads: Int? = nil, tolerance: Double? = nil
) throws -> [ModelDifference] {
  let sessions = try [artifact, other].map {
    try CompiledModel($0).session(function: name, threads: threads)
  }
  let functions = sessions.map(\.function)
  let ports = functions.map { ($0.inputs + $0.outputs).map { "\($0.name): \($0.type)" } }
  guard ports[0] == ports[1] else {
    throw RuntimeError(
      "function '\(name)' has (\(ports[0].joined(separator: ", "))) in one model, "
        + "(\(ports[1].joined(separator: ", "))) in the other")
  }
  let inputs = try RandomInputs(functions[1]).byName(seed: seed, sizes: sizes)
  let outputs = try sessions.map { session in
    // States alone may have some of the sizes.
    try session.bind(sizes)
    return try session.run(inputs)
  }
  return functions[0].resultNames.compactMap { output in
    guard functions[0].states[output] == nil, let actual = outputs[0][output].map(HostTensor.init),
      let expected = outputs[1][output].map(HostTensor.init)
    else { return nil }
    let largest = largestDifference(actual, expected)
    let size = expected.values.reduce(0) { max($0, abs($1)) }
    let choices = [actual, expected].map(\.placesOfLargest)
    let same = zip(choices[0], choices[1]).filter(==).count
    return ModelDifference(
      output: output, largest: largest, relative: largest == 0 ? 0 : largest / size,
      agreement: choices[0].isEmpty ? 1 : Double(same) / Double(choices[0].count),
      isWithin: tolerance.map { actual.isWithin($0, of: expected) } ?? true)
  }
}

extension HostTensor {
  /// Whether every element differs by at most the tolerance times 1 + the expected element's size.
  func isWithin(_ tolerance: Double, of expected: HostTensor) -> Bool {
    shape == expected.shape
      && zip(values, expected.values).allSatisfy { a, b in
        a == b || (a.isNaN && b.isNaN) || abs(a - b) <= tolerance * (1 + abs(b))
      }
  }

  /// For every row, where its largest element is; the first of several.
  fileprivate var placesOfLargest: [Int] {
    guard let width = shape.last, width > 0 else { return [] }
    return stride(from: 0, to: values.count, by: width).map { start in
      (start..<start + width).reduce(start) { values[$1] > values[$0] ? $1 : $0 } - start
    }
  }
}
