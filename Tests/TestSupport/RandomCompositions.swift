import SequentIR

extension Module {
  /// A module of the compositions that passes look for, drawn at random: recurrent layers, steps of a
  /// user's own, softmax, GELU, products with epilogues, with values inside them used elsewhere now
  /// and then.
  ///
  /// Numbers stay small, so that sums may be taken in another order. `RandomGraph` draws primitives.
  public static func randomCompositions(seed: UInt64, steps: Int = 24) throws -> Module {
    var draw = CompositionDraw(seed: seed)
    draw.addInputs()
    for _ in 0..<steps { try draw.step() }
    return draw.module(name: "random\(seed)")
  }
}

/// A graph that grows by random nodes.
private struct CompositionDraw {
  private var graph = Graph()
  private var generator: SplitMix
  private var parameters: [Parameter] = []
  /// The f32 values so far, with bounds of their elements.
  private var pool: [(value: Value, bound: Double)] = []
  private var mask: Value?
  private var lengths: Value?
  private let isBody: Bool
  private static let width = 4

  init(seed: UInt64) {
    generator = SplitMix(seed: seed)
    isBody = false
  }

  private init(bodyWith generator: SplitMix) {
    self.generator = generator
    isBody = true
  }

  mutating func addInputs() {
    for (name, shape) in [("x", ["batch", "time", 4]), ("y", ["batch", 4])]
      as [(String, [Dimension])]
    {
      pool.append((graph.addArgument(TensorType(.float32, shape), name: name), 1))
    }
    mask = graph.addArgument(TensorType(.bool, ["batch", 1, 4]), name: "mask")
    lengths = graph.addArgument(TensorType(.int32, ["batch"]), name: "lengths")
  }

  /// The module, with some of the values as results: the last, and others from inside.
  mutating func module(name: String) -> Module {
    var results = [pool[pool.count - 1].value]
    for _ in 0..<4 {
      let value = pool[int(pool.count)].value
      if !results.contains(value) { results.append(value) }
    }
    graph.results = results
    let function = Function(
      name: "main", graph: graph, resultNames: results.indices.map { "result\($0)" })
    return Module(name: name, parameters: parameters, functions: [function])
  }

  // MARK: - Drawing

  private mutating func int(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }

  private mutating func chance(_ percent: Int) -> Bool { int(100) < percent }

  private mutating func any(
    where isWanted: (TensorType) -> Bool = { _ in true }
  ) -> (value: Value, bound: Double)? {
    let wanted = pool.filter { isWanted(graph.type(of: $0.value)) }
    // Late values first: graphs of some depth.
    return wanted.isEmpty ? nil : wanted[max(int(wanted.count), int(wanted.count))]
  }

  private mutating func add(
    _ operation: SequentIR.Operation, _ operands: Value..., bound: Double
  ) throws -> Value {
    let value = try graph.append(operation, operands)[0]
    pool.append((value, bound))
    return value
  }

  private mutating func scalar(_ number: Double) throws -> Value {
    try graph.append(.constant(Constant(number)))
  }

  /// A weight: a parameter, or in a body an invariant; one drawn before at times.
  private mutating func weight(_ shape: [Int]) -> Value {
    let type = TensorType(.float32, shape.map { Dimension(constant: $0) })
    if isBody {
      let invariants = graph.arguments.filter { graph.type(of: $0) == type }
      return invariants[int(invariants.count)]
    }
    let name = "w\(shape.map(String.init).joined(separator: "x")).\(int(5))"
    if !parameters.contains(where: { $0.name == name }) {
      parameters.append(Parameter(name: name, type: type))
    }
    return graph.parameter(name, type)
  }

  // MARK: - Steps

  mutating func step() throws {
    switch int(isBody ? 11 : 16) {
    case 0, 1: try addUnary()
    case 2, 3: try addBinary()
    case 4, 5: try addProduct()
    case 6: try addNeutral()
    case 7: try addGELU()
    case 8: try addSlices()
    case 9: try addNormalization()
    case 10: try addEmbedding()
    case 11: try addSoftmax()
    case 12: try addReduction()
    case 13: try addRecurrentLayer()
    default: try addScan()
    }
  }

  private mutating func addUnary() throws {
    let functions: [(Unary, Double?)] = [
      (.tanh, 1), (.sigmoid, 1), (.relu, nil), (.negate, nil), (.erf, 1), (.absolute, nil),
    ]
    let (function, limit) = functions[int(functions.count)]
    guard let (x, bound) = any() else { return }
    _ = try add(.unary(function), x, bound: limit ?? bound)
  }

  private mutating func addBinary() throws {
    let functions: [Binary] = [.add, .add, .subtract, .multiply, .maximum]
    let function = functions[int(functions.count)]
    guard let (x, a) = any() else { return }
    let type = graph.type(of: x)
    if chance(30) {
      _ = try add(.binary(function), x, weight([Self.width]), bound: a + 1)
    } else if let (y, b) = any(where: { $0 == type }), a * b < 1e3 {
      _ = try add(.binary(function), x, y, bound: max(a * b, a + b))
    }
  }

  /// A product, often several with one left operand, with an epilogue at times.
  private mutating func addProduct() throws {
    guard let (x, bound) = any(where: { $0.shape.last == 4 && $0.rank > 1 }), bound < 100 else {
      return
    }
    var sum: Value?
    for _ in 0...int(3) {
      let product = try add(.matmul(MatMul()), x, weight([4, 4]), bound: 4 * bound)
      let biased =
        chance(50)
        ? try add(.binary(.add), product, weight([4]), bound: 4 * bound + 1) : product
      sum =
        try chance(50)
        ? sum.map { try add(.binary(.add), $0, biased, bound: 20 * bound) } ?? biased : biased
    }
    if let sum, chance(60) {
      let function: Unary = [.tanh, .sigmoid, .relu][int(3)]
      _ = try add(.unary(function), sum, bound: 20 * bound)
    }
  }

  /// What canonicalize removes: x · 1, x + 0, transposes of transposes, equal nodes.
  private mutating func addNeutral() throws {
    guard let (x, bound) = any() else { return }
    let type = graph.type(of: x)
    switch int(4) {
    case 0: _ = try add(.binary(.multiply), x, scalar(1), bound: bound)
    case 1: _ = try add(.binary(.add), scalar(0), x, bound: bound)
    case 2:
      let axes = Array((0..<type.rank).reversed())
      let there = try graph.append(.transpose(Transpose(axes)), x)
      _ = try add(.transpose(Transpose(axes)), there, bound: bound)
    default:
      let first = try add(.unary(.tanh), x, bound: 1)
      let second = try add(.unary(.tanh), x, bound: 1)
      _ = try add(.binary(.add), first, second, bound: 2)
    }
  }

  private mutating func addGELU() throws {
    guard let (x, bound) = any(), bound < 20 else { return }
    let half = try add(.binary(.multiply), x, scalar(0.5), bound: bound)
    let curve: Value
    if chance(50) {
      let scaled = try graph.append(.binary(.multiply), x, scalar(0.5.squareRoot()))
      curve = try add(.unary(.erf), scaled, bound: 1)
    } else {
      let square = try graph.append(.binary(.multiply), x, x)
      let cube = try graph.append(.binary(.multiply), square, x)
      let cubic = try graph.append(.binary(.multiply), scalar(0.044715), cube)
      let inner = try graph.append(.binary(.add), x, cubic)
      let scaled = try graph.append(
        .binary(.multiply), inner, scalar((2 / Double.pi).squareRoot()))
      curve = try add(.unary(.tanh), scaled, bound: 1)
    }
    let bell = try graph.append(.binary(.add), scalar(1), curve)
    _ = try add(.binary(.multiply), half, bell, bound: bound)
  }

  private mutating func addSlices() throws {
    guard let (x, bound) = any(where: { $0.shape.last == 4 }) else { return }
    let axis = graph.type(of: x).rank - 1
    let front = try graph.append(.slice(Slice(axis: axis, start: 0, size: 1)), x)
    let back = try graph.append(.slice(Slice(axis: axis, start: 1, size: 3)), x)
    let parts = chance(50) ? [front, back] : [back, front]
    pool.append((try graph.append(.concatenate(Concatenate(axis: axis)), parts)[0], bound))
  }

  private mutating func addReduction() throws {
    guard let (x, bound) = any(where: { $0.rank == 3 }) else { return }
    _ = try add(.reduce(Reduce(chance(50) ? .mean : .maximum, axes: [1])), x, bound: bound)
  }

  /// A softmax with scale and mask in any order, guarded or not.
  private mutating func addSoftmax() throws {
    guard let (start, bound) = any(where: { $0.rank == 3 }), let mask, bound < 20 else { return }
    let type = graph.type(of: start)
    var x = start
    let isScaledFirst = chance(50)
    let scale = try scalar(0.5)
    if isScaledFirst { x = try add(.binary(.multiply), x, scale, bound: bound) }
    let isMasked = chance(50)
    if isMasked {
      x = try graph.append(.select(Select()), mask, x, scalar(-.infinity))
    } else if chance(50), let (bias, limit) = any(where: { $0 == type }) {
      x = try add(.binary(.add), x, bias, bound: bound + limit)
    }
    if !isScaledFirst, chance(50) { x = try graph.append(.binary(.multiply), x, scale) }
    let last = graph.type(of: x).rank - 1
    var largest = try graph.append(.reduce(Reduce(.maximum, axes: [last], keepsAxes: true)), x)
    if isMasked {
      let isEmpty = try graph.append(.compare(.equal), largest, scalar(-.infinity))
      largest = try graph.append(.select(Select()), isEmpty, scalar(0), largest)
    }
    let shifted = try graph.append(.binary(.subtract), x, largest)
    let weights = try graph.append(.unary(.exponential), shifted)
    if chance(20) { pool.append((weights, 1)) }
    var sum = try graph.append(.reduce(Reduce(.sum, axes: [last], keepsAxes: true)), weights)
    if isMasked {
      let isZero = try graph.append(.compare(.equal), sum, scalar(0))
      sum = try graph.append(.select(Select()), isZero, scalar(1), sum)
    }
    _ = try add(.binary(.divide), weights, sum, bound: 1)
  }

  /// A normalisation of rows, centred or not, with weight and bias at times.
  private mutating func addNormalization() throws {
    guard let (x, bound) = any(where: { $0.shape.last == 4 }), bound < 100 else { return }
    try addNormalization(of: x, bound: bound)
  }

  private mutating func addNormalization(of x: Value, bound: Double) throws {
    let last = graph.type(of: x).rank - 1
    let mean = SequentIR.Operation.reduce(Reduce(.mean, axes: [last], keepsAxes: true))
    var centred = x
    if chance(50) {
      centred = try graph.append(.binary(.subtract), x, graph.append(mean, x))
      if chance(20) { pool.append((centred, 2 * bound)) }
    }
    let variance = try graph.append(mean, graph.append(.binary(.multiply), centred, centred))
    let root = try graph.append(
      .unary(.squareRoot), graph.append(.binary(.add), variance, scalar(0.5)))
    var y = try graph.append(.binary(.divide), centred, root)
    if chance(60) { y = try graph.append(.binary(.multiply), y, weight([4])) }
    if chance(60) { y = try graph.append(.binary(.add), weight([4]), y) }
    pool.append((y, 4))
  }

  /// Rows of weights by number, scaled at times, with what is of their shape or shorter, and at times a
  /// normalisation; a lookup is used elsewhere now and then.
  private mutating func addEmbedding() throws {
    let places = try graph.append(.iota(Iota(shape: [3], axis: 0)))
    let tokens = isBody ? places : lengths ?? places
    var sum: Value?
    for _ in 0...int(3) {
      var rows = try graph.append(
        .gather(Gather()), weight([isBody ? 4 : 5, 4]), tokens)
      if chance(20), !isBody { pool.append((rows, 1)) }
      if chance(30) { rows = try graph.append(.binary(.multiply), scalar(1.5), rows) }
      if chance(30) { rows = try graph.append(.binary(.add), rows, weight([4])) }
      sum = try sum.map { try graph.append(.binary(.add), $0, rows) } ?? rows
    }
    guard let sum else { return }
    let type = graph.type(of: sum)
    pool.append((sum, 12))
    if let (x, bound) = any(where: { $0 == type }), chance(50) {
      _ = try add(.binary(.add), sum, x, bound: bound + 12)
    }
    if chance(50) { try addNormalization(of: sum, bound: 12) }
  }

  private mutating func addRecurrentLayer() throws {
    guard let (x, bound) = any(where: { $0.rank == 3 && $0.shape[2] == 4 }), bound < 100 else {
      return
    }
    var stack = Textbook.Stack(RecurrentCellKind.allCases[int(5)])
    (stack.input, stack.hidden) = (4, 2)
    (stack.isBidirectional, stack.hasBias) = (true, chance(70))
    var book = Textbook(graph: graph, parameters: parameters)
    let results = try book.stack(stack, x, lengths: chance(50) ? lengths : nil)
    (graph, parameters) = (book.graph, book.parameters)
    pool.append((results[0], 100))
  }

  // MARK: - Scans

  /// A scan with a random body.
  private mutating func addScan() throws {
    guard let (x, bound) = any(where: { $0.rank == 3 && $0.shape[2] == 4 }), bound < 100,
      let (h, _) = any(where: { $0 == TensorType(.float32, ["batch", 4]) })
    else { return }
    var body = CompositionDraw(bodyWith: generator)
    _ = generator.next()
    let row = TensorType(.float32, ["batch", 4])
    let states = 1 + int(2)
    for position in 0..<states {
      body.pool.append((body.graph.addArgument(row, name: "s\(position)"), 1))
    }
    body.pool.append((body.graph.addArgument(row, name: "x"), 1))
    var operands = Array(repeating: h, count: states) + [x]
    for shape in [[4], [4], [4, 4], [4, 4]] {
      let outer = weight(shape)
      operands.append(outer)
      _ = body.graph.addArgument(graph.type(of: outer), name: "w")
    }
    for _ in 0..<8 { try body.step() }
    // States stay bounded over time.
    body.graph.results = try (0..<states + 2).map { _ in
      guard let (value, _) = body.any(where: { $0 == row }) else { return body.pool[0].value }
      return try body.graph.append(.unary(.tanh), value)
    }
    let isRagged = chance(50)
    if isRagged, let lengths { operands.append(lengths) }
    let scan = Scan(
      time: "time", carryCount: states, scannedCount: 1, isReversed: chance(50),
      hasLengths: isRagged, body: body.graph)
    let results = try graph.append(.scan(scan), operands)
    for result in results where chance(70) { pool.append((result, 1)) }
  }
}
