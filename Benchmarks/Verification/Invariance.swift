import Sequent
import SequentIR
import SequentRuntime

/// Whether results are the same bit for bit however a row is run.
public struct InvarianceCheck: Sendable {
  /// How the rows were run: `row 2 alone`.
  public let what: String
  /// The outputs that differ; none if all is well.
  public let differing: [String]
}

/// Runs a function's rows in a batch on one thread, and then in other ways that must not matter: on
/// more threads, in another order, alone, and padded to more steps.
///
/// - Parameters:
///   - rowSymbol: the dimension that counts rows; it must lead every input and output.
///   - stepSymbol: the dimension that counts steps; rows are padded when an input is their lengths.
/// - Throws: `RuntimeError` for a function whose inputs are not rows of a batch.
public func checkInvariance(
  _ model: CompiledModel, function name: String = "main", sizes: Bindings, seed: UInt64 = 0,
  rowSymbol: String = "batch", stepSymbol: String = "time"
) throws -> [InvarianceCheck] {
  let function = try model.session(function: name, threads: 1).function
  let rows = Dimension.symbol(rowSymbol)
  let types = function.inputs.map(\.type) + function.outputs.map(\.type)
  guard let count = sizes[rowSymbol], types.allSatisfy({ $0.shape.first == rows }) else {
    throw RuntimeError(
      "function '\(name)' has no rows to compare: not every input and output begins with the "
        + "dimension '\(rowSymbol)'")
  }
  let inputs = try RandomInputs(function).byName(seed: seed, sizes: sizes)
  func run(_ inputs: [String: TensorData], threads: Int = 1) throws -> [String: TensorData] {
    try model.session(function: name, threads: threads).run(inputs)
  }
  let together = try run(inputs)
  var checks: [InvarianceCheck] = []
  func check(
    _ what: String, _ outputs: [String: TensorData],
    _ expected: (TensorData) throws -> TensorData = { $0 }
  ) throws {
    let differing = try together.filter { try outputs[$0]?.isIdentical(to: expected($1)) != true }
    checks.append(InvarianceCheck(what: what, differing: differing.keys.sorted()))
  }

  for threads in [2, 5] {
    let team = try model.session(function: name, threads: threads).threads
    try check("on \(threads) threads (team of \(team))", try run(inputs, threads: threads))
  }
  let backwards = Array((0..<count).reversed())
  try check("in the opposite order", run(inputs.mapValues { try $0.rows(backwards) })) {
    try $0.rows(backwards)
  }
  for row in 0..<count {
    try check("row \(row) alone", run(inputs.mapValues { try $0.rows([row]) })) {
      try $0.rows([row])
    }
  }
  if let steps = sizes[stepSymbol], function.takesLengths {
    var longer = sizes
    longer[stepSymbol] = steps + 5
    let padded = try run(try function.resize(inputs, to: longer))
    try check(
      "padded from \(steps) to \(steps + 5) steps",
      function.resizeOutputs(padded, to: sizes))
  }
  return checks
}

extension Function {
  /// Whether an input says how long every row is.
  fileprivate var takesLengths: Bool {
    graph.arguments.contains { argument in
      if case .length? = graph.range(of: argument) { true } else { false }
    }
  }

  fileprivate func resize(
    _ tensors: [String: TensorData], to sizes: Bindings
  ) throws -> [String: TensorData] {
    try resize(tensors, inputs, sizes)
  }

  fileprivate func resizeOutputs(
    _ tensors: [String: TensorData], to sizes: Bindings
  ) throws -> [String: TensorData] {
    try resize(tensors, outputs, sizes)
  }

  private func resize(
    _ tensors: [String: TensorData], _ types: [(name: String, type: TensorType)],
    _ sizes: Bindings
  ) throws -> [String: TensorData] {
    var result: [String: TensorData] = [:]
    for (name, type) in types {
      result[name] = try tensors[name]?.resized(to: try type.sizes(sizes))
    }
    return result
  }
}
