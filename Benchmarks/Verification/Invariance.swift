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
/// Rows are counted by the dimension that leads every output; inputs without it are the same for all
/// rows, as the memory of a decoder's step is.
///
/// - Throws: `RuntimeError` for a function whose inputs are not rows of a batch.
public func checkInvariance(
  _ model: CompiledModel, function name: String = "main", sizes: Bindings, seed: UInt64 = 0
) throws -> [InvarianceCheck] {
  let function = try model.session(function: name, threads: 1).function
  guard let symbol = function.rowSymbol, let count = sizes[symbol] else {
    throw RuntimeError(
      "function '\(name)' has no rows to compare: not every output begins with one named dimension "
        + "that inputs begin with too")
  }
  let byRow = function.inputs.filter { $0.type.shape.first == .symbol(symbol) }.map(\.name)
  func select(
    _ rows: [Int], _ inputs: [String: TensorData]
  ) throws -> [String: TensorData] {
    var selected = inputs
    for name in byRow { selected[name] = try inputs[name]?.rows(rows) }
    return selected
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
  try check("in the opposite order", run(select(backwards, inputs))) {
    try $0.rows(backwards)
  }
  for row in 0..<count {
    try check("row \(row) alone", run(select([row], inputs))) {
      try $0.rows([row])
    }
  }
  let steps = function.stepSymbols
  for symbol in steps {
    guard let count = sizes[symbol] else { continue }
    var longer = sizes
    longer[symbol] = count + 5
    let padded = try run(try function.resize(inputs, to: longer))
    try check(
      "padded from \(count) to \(count + 5) steps" + (steps.count > 1 ? " of \(symbol)" : ""),
      function.resizeOutputs(padded, to: sizes))
  }
  return checks
}

extension Function {
  /// The dimension that counts rows: it leads every output and some inputs, and is nowhere else.
  fileprivate var rowSymbol: String? {
    guard let rows = outputs.first?.type.shape.first, let symbol = rows.symbols.first,
      rows == .symbol(symbol), outputs.allSatisfy({ $0.type.shape.first == rows }),
      inputs.contains(where: { $0.type.shape.first == rows }),
      inputs.allSatisfy({ !$0.type.shape.dropFirst().flatMap(\.symbols).contains(symbol) })
    else { return nil }
    return symbol
  }

  /// The dimensions that count steps, of which an input says how many every row has.
  fileprivate var stepSymbols: [String] {
    let symbols = graph.arguments.flatMap { graph.ranges(of: $0) }.compactMap { range -> String? in
      guard case .length(let limit) = range, let symbol = limit.symbols.first,
        limit == .symbol(symbol)
      else { return nil }
      return symbol
    }
    return Set(symbols).sorted()
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
