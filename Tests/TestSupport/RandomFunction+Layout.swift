import SequentIR

/// Operations that move elements, and scans.
extension RandomFunction {
  mutating func reshaping() throws {
    guard let x = random.pick(pool) else { return }
    var shape = type(x).shape
    if random.chance(0.3) {
      shape.insert(1, at: random.integer(0...shape.count))
      return try add(
        .broadcast(Broadcast(try stretched(shape))), try reshaped(x, shape), bound: bound(x))
    }
    if let last = shape.last?.staticSize, last > 1, last % 2 == 0, random.chance(0.5) {
      shape[shape.count - 1] = Dimension(constant: last / 2)
      shape.append(2)
    } else if shape.count >= 2, let a = shape[shape.count - 2].staticSize,
      let b = shape[shape.count - 1].staticSize
    {
      shape.removeLast(2)
      shape.append(Dimension(constant: a * b))
    } else {
      shape.append(1)
    }
    try add(.reshape(Reshape(shape)), x, bound: bound(x))
  }

  private mutating func reshaped(_ x: Value, _ shape: [Dimension]) throws -> Value {
    try hidden(.reshape(Reshape(shape)), x, bound: bound(x))
  }

  /// A shape to which axes of 1 are stretched.
  private mutating func stretched(_ shape: [Dimension]) throws -> [Dimension] {
    shape.map { $0 == 1 && random.chance(0.7) ? 2 : $0 }
  }

  mutating func reordering() throws {
    guard let x = pick({ $0.rank >= 2 }) else { return }
    let axes = (0..<type(x).rank).shuffled(using: &random)
    try add(.transpose(Transpose(axes)), x, bound: bound(x))
  }

  /// A slice, or a slice written over another place of the same tensor.
  mutating func cutting() throws {
    guard let x = pick({ $0.rank >= 1 && $0.elementType == .float32 }) else { return }
    let axis = random.integer(0...type(x).rank - 1)
    let whole = type(x).shape[axis]
    guard let length = whole.staticSize else {
      // A slice must lie in the axis for all sizes: one of several symbols, or all of it.
      let size = random.pick(whole.symbols).map(Dimension.symbol) ?? whole
      return try add(.slice(Slice(axis: axis, start: 0, size: size)), x, bound: bound(x))
    }
    guard length > 1 else { return }
    let size = random.integer(1...length - 1)
    let start = random.integer(0...length - size)
    let part = Slice(
      axis: axis, start: Dimension(constant: start), size: Dimension(constant: size))
    guard random.chance(0.5) else { return try add(.slice(part), x, bound: bound(x)) }
    let piece = try hidden(.slice(part), x, bound: bound(x))
    let place = Dimension(constant: length - size - start)
    try add(.updateSlice(UpdateSlice(axis: axis, start: place)), x, piece, bound: bound(x))
  }

  mutating func joining() throws {
    guard let x = pick({ $0.rank >= 1 && $0.shape.allSatisfy { $0.symbols.count < 2 } }) else {
      return
    }
    let axis = random.integer(0...type(x).rank - 1)
    let wanted = type(x)
    let y =
      pick { other in
        var (a, b) = (wanted, other)
        guard a.rank == b.rank, a.elementType == b.elementType else { return false }
        (a.shape[axis], b.shape[axis]) = (1, 1)
        return a == b && other.shape[axis].symbols.count < 2
      } ?? x
    try add(.concatenate(Concatenate(axis: axis)), x, y, bound: max(bound(x), bound(y)))
  }

  // MARK: - Scan

  /// A scan over a value `[batch, time, …]`: the state of a width of its own, a body of random steps.
  mutating func recurrence() throws {
    guard depth < 2,
      let x = pick({ $0.elementType == .float32 && $0.rank >= 2 && $0.shape[0] == "batch" })
    else { return }
    let state = TensorType(.float32, ["batch", width()])
    let time = type(x).shape[1]
    let lengths = graph.arguments.first { graph.name(of: $0) == "lengths" }
    let hasLengths = depth == 0 && time == "time" && random.chance(0.7)

    var body = RandomFunction(random: SplitMix(seed: random.next()), depth: depth + 1)
    let h = body.argument(state, "h", bound: 1)
    var slice = type(x)
    slice.shape.remove(at: 1)
    let input = body.argument(slice, "x_t", bound: bound(x))
    let invariant = try pick { $0.elementType == .float32 && $0.isStatic } ?? weight([2, 3])
    _ = body.argument(type(invariant), "w", bound: bound(invariant))
    try body.cell(h, input)
    for _ in 0..<random.integer(0...4) { try body.step() }
    let next = try body.squashed(try body.value(of: state))
    let output = body.pick { $0.elementType == .float32 && $0.shape.first == "batch" } ?? next
    body.graph.results = [next, output]

    let initial = try hidden(.constant(Constant(0, shape: state.shape)), bound: 0)
    var operands = [initial, x, invariant]
    if hasLengths, let lengths { operands.append(lengths) }
    let results = try graph.append(
      .scan(
        Scan(
          time: time, carryCount: 1, scannedCount: 1, isReversed: random.chance(0.5),
          hasLengths: hasLengths, body: body.graph)),
      operands, names: ["h", "outputs"], origin: Origin(layer: "scan"))
    bounds[results[0]] = 1
    bounds[results[1]] = body.bound(output)
    pool += results
  }

  /// Elman's cell, when the input is a vector: h' = tanh(x·W + h·U).
  private mutating func cell(_ h: Value, _ x: Value) throws {
    guard type(x).rank == 2, let inputs = type(x).shape[1].staticSize,
      let units = type(h).shape[1].staticSize
    else { return }
    let fromInput = try hidden(.matmul(MatMul()), x, try weight([inputs, units]), bound: 1000)
    let fromState = try hidden(.matmul(MatMul()), h, try weight([units, units]), bound: 1000)
    let gate = try hidden(.binary(.add), fromInput, fromState, bound: 2000)
    try add(.unary(.tanh), gate, bound: 1)
  }
}
