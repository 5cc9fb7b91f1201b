import SequentIR

/// A scan taken apart, to be put together with other operands or results.
///
/// A pass adds or drops slots, says which values of the old body each stands for, and calls
/// `rebuilt`. Operands are values of the graph that the new scan goes to; everything else is of the
/// old body.
struct ScanParts {
  /// One operand and the body's argument for it.
  struct Slot {
    /// What the scan is given.
    var operand: Value
    /// The argument's type: for a scanned operand that of a slice.
    var type: TensorType
    /// The argument's name.
    var name: String
    /// The values of the old body that the argument takes the place of.
    var values: [Value]
  }

  /// The scan as it was.
  let scan: Scan
  var carried: [Slot]
  var scanned: [Slot]
  var invariants: [Slot]
  var lengths: Value?
  /// Positions of the old body's results that are kept.
  var keptResults: [Int]
  /// Constants that take the place of values of the old body.
  var constants: [(constant: Constant, value: Value)] = []

  /// Takes a scan apart.
  init(_ scan: Scan, operands: [Value]) {
    self.scan = scan
    let body = scan.body
    let slots = zip(body.arguments, operands).map { argument, operand in
      Slot(
        operand: operand, type: body.type(of: argument), name: body.name(of: argument),
        values: [argument])
    }
    carried = Array(slots.prefix(scan.carryCount))
    scanned = Array(slots.dropFirst(scan.carryCount).prefix(scan.scannedCount))
    invariants = Array(slots.dropFirst(scan.carryCount + scan.scannedCount))
    lengths = scan.hasLengths ? operands.last : nil
    keptResults = Array(body.results.indices)
  }

  /// The scan of these parts and its operands.
  ///
  /// - Parameter prologue: nodes put before the body's own; takes the new body and its arguments in
  ///   order, and gives pairs of an old value and what stands for it.
  func rebuilt(
    prologue: (inout Graph, _ arguments: [Value]) throws -> [(old: Value, new: Value)] = { _, _ in
      []
    }
  ) throws -> (operation: Operation, operands: [Value]) {
    let (old, slots) = (scan.body, carried + scanned + invariants)
    var body = Graph()
    var mapping: [Value: Value] = [:]
    for slot in slots {
      let argument = body.addArgument(slot.type, name: slot.name)
      for value in slot.values { mapping[value] = argument }
    }
    for (constant, value) in constants {
      mapping[value] = try body.append(.constant(constant), name: old.name(of: value))
    }
    for (value, new) in try prologue(&body, body.arguments) { mapping[value] = new }
    func translated(_ value: Value) throws -> Value {
      if let new = mapping[value] { return new }
      throw TypeError("scan: %\(old.name(of: value)) is not in the new body")
    }
    let results = keptResults.map { old.results[$0] }
    let live = old.liveNodes(from: results, stoppingAt: Set(mapping.keys))
    for (index, node) in old.nodes.enumerated() where live[index] {
      let new = try body.append(
        node.operation, node.operands.map(translated), names: node.results.map(old.name(of:)),
        origin: node.origin)
      for (value, new) in zip(node.results, new) where mapping[value] == nil {
        mapping[value] = new
      }
    }
    body.results = try results.map(translated)
    let scan = Scan(
      time: scan.time, carryCount: carried.count, scannedCount: scanned.count,
      isReversed: scan.isReversed, hasLengths: lengths != nil, body: try body.withoutDeadNodes())
    return (.scan(scan), slots.map(\.operand) + (lengths.map { [$0] } ?? []))
  }
}

extension Scan {
  /// The same scan with another body of the same arguments and results.
  func replacing(body: Graph) -> Scan {
    Scan(
      time: time, carryCount: carryCount, scannedCount: scannedCount, isReversed: isReversed,
      hasLengths: hasLengths, body: body)
  }
}
