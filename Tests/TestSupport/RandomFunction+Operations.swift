import SequentIR

extension RandomFunction {
  /// Appends an operation of any family, with what its operands need; nothing when none fit.
  mutating func step() throws {
    switch random.integer(0...21) {
    case 0...2: try unary()
    case 3...5: try binary()
    case 6: try integers()
    case 7: try logic()
    case 8: try comparison()
    case 9: try selection()
    case 10: try conversion()
    case 11, 12: try product()
    case 13: try reduction()
    case 14: try largest()
    case 15: try reshaping()
    case 16: try reordering()
    case 17: try cutting()
    case 18: try joining()
    case 19: try lookup()
    case 20: try generation()
    default: try recurrence()
    }
  }

  // MARK: - Elementwise

  private mutating func unary() throws {
    guard let x = pick({ $0.elementType == .float32 }),
      let function = random.pick(Unary.allCases.filter { $0 != .not })
    else { return }
    switch function {
    case .exponential:
      try add(.unary(function), try squashed(x), bound: 3)
    case .logarithm, .reciprocal:
      // Of e^±1, away from 0.
      let positive = try hidden(.unary(.exponential), try squashed(x), bound: 3)
      try add(.unary(function), positive, bound: 3)
    case .squareRoot:
      try add(.unary(function), try hidden(.unary(.absolute), x, bound: bound(x)), bound: bound(x))
    case .floor, .sign:
      try add(.unary(function), try shifted(x), bound: bound(x) + 1)
    case .tanh, .sigmoid, .erf, .sine, .cosine:
      try add(.unary(function), x, bound: 1)
    case .negate, .absolute, .relu, .not:
      try add(.unary(function), x, bound: bound(x))
    }
  }

  /// A value moved off the round numbers at which functions jump.
  private mutating func shifted(_ x: Value) throws -> Value {
    let offset = try hidden(.constant(Constant(0.123_456_789)), bound: 1)
    return try hidden(.binary(.add), x, offset, bound: bound(x) + 1)
  }

  private mutating func binary() throws {
    guard let x = pick({ $0.elementType == .float32 }), let y = try partner(of: x) else { return }
    let (a, b) = (bound(x), bound(y))
    switch random.pick(Binary.allCases) {
    case .add?: try add(.binary(.add), x, y, bound: a + b)
    case .subtract?: try add(.binary(.subtract), x, y, bound: a + b)
    case .multiply?: try add(.binary(.multiply), x, y, bound: a * b)
    case .maximum?: try add(.binary(.maximum), x, y, bound: max(a, b))
    case .minimum?: try add(.binary(.minimum), x, y, bound: max(a, b))
    case .divide?, .and?:
      let divisor = try hidden(.unary(.exponential), try squashed(y), bound: 3)
      try add(.binary(.divide), x, divisor, bound: 3 * a)
    case .power?, .or?, nil:
      let base = try hidden(.unary(.exponential), try squashed(x), bound: 3)
      try add(.binary(.power), base, try squashed(y), bound: 3)
    }
  }

  /// A value that stretches to x, or x to it: from the pool, or a weight along the last axis.
  private mutating func partner(of x: Value) throws -> Value? {
    let shape = type(x).shape
    if random.chance(0.7) {
      return pick {
        $0.elementType == .float32 && (try? broadcastShape(shape, $0.shape, of: "")) != nil
      }
    }
    guard let width = shape.last?.staticSize else { return x }
    return try weight([random.chance(0.8) ? width : 1])
  }

  private mutating func integers() throws {
    guard let x = pick({ $0.elementType == .int32 }) else { return }
    let wanted = type(x)
    let y = pick { $0 == wanted } ?? x
    switch random.integer(0...4) {
    case 0: try add(.binary(.add), x, y, bound: bound(x) + bound(y))
    case 1: try add(.binary(.multiply), x, y, bound: bound(x) * bound(y))
    case 2: try add(.binary(.maximum), x, y, bound: max(bound(x), bound(y)))
    case 3:
      let three = try hidden(.constant(Constant(3, .int32)), bound: 3)
      try add(.binary(.divide), x, three, bound: bound(x))
    default: try add(.binary(.subtract), x, y, bound: bound(x) + bound(y))
    }
  }

  private mutating func logic() throws {
    guard let x = pick({ $0.elementType == .bool }) else { return try comparison() }
    let wanted = type(x)
    switch random.integer(0...2) {
    case 0: try add(.unary(.not), x, bound: 1)
    case 1: try add(.binary(.and), x, pick { $0 == wanted } ?? x, bound: 1)
    default: try add(.binary(.or), x, pick { $0 == wanted } ?? x, bound: 1)
    }
  }

  private mutating func comparison() throws {
    guard let function = random.pick(Compare.allCases),
      let x = pick({ $0.elementType != .bool })
    else { return }
    let wanted = type(x)
    guard wanted.elementType == .float32 else {
      return try add(.compare(function), x, pick { $0 == wanted } ?? x, bound: 1)
    }
    guard let y = try partner(of: x) else { return }
    try add(.compare(function), try shifted(x), y, bound: 1)
  }

  private mutating func selection() throws {
    guard let condition = pick({ $0.elementType == .bool }) else { return try comparison() }
    let shape = type(condition).shape
    guard
      let x = pick({
        $0.elementType == .float32 && (try? broadcastShape(shape, $0.shape, of: "")) != nil
      })
    else { return }
    let otherwise = try hidden(.constant(Constant(random.unit())), bound: 1)
    try add(.select(Select()), condition, x, otherwise, bound: max(bound(x), 1))
  }

  private mutating func conversion() throws {
    guard let x = random.pick(pool), let target = random.pick(ElementType.allCases) else { return }
    let isReal = type(x).elementType == .float32
    try add(.cast(Cast(target)), isReal ? try shifted(x) : x, bound: bound(x) + 1)
  }

  // MARK: - Sums

  private mutating func product() throws {
    guard
      let x = pick({
        $0.elementType == .float32 && $0.rank >= 2 && $0.shape.last?.staticSize != nil
      }), let inner = type(x).shape.last?.staticSize
    else { return }
    let rank = type(x).rank
    if random.chance(0.3) {
      let axes = Array(0..<rank - 2) + [rank - 1, rank - 2]
      let other = try hidden(.transpose(Transpose(axes)), x, bound: bound(x))
      return try add(.matmul(MatMul()), x, other, bound: Double(inner) * bound(x) * bound(x))
    }
    let columns = width().staticSize ?? 1
    let w = try weight([inner, columns])
    try add(.matmul(MatMul()), x, w, bound: Double(inner) * bound(x))
  }

  private mutating func reduction() throws {
    guard let x = pick({ $0.elementType == .float32 && $0.rank >= 1 }),
      let function = random.pick(Reduce.Function.allCases)
    else { return }
    let axes = (0..<type(x).rank).filter { _ in random.chance(0.5) }
    let reduce = Operation.reduce(Reduce(function, axes: axes, keepsAxes: random.chance(0.5)))
    switch function {
    case .sum: try add(reduce, x, bound: 1000)
    case .mean, .maximum, .minimum: try add(reduce, x, bound: bound(x))
    case .product: try add(reduce, try squashed(x), bound: 1)
    }
  }

  private mutating func largest() throws {
    guard let x = pick({ $0.elementType == .float32 && $0.rank >= 1 }) else { return }
    try add(.argmax(ArgMax(axis: random.integer(0...type(x).rank - 1))), x, bound: 8)
  }

  // MARK: - Sources

  private mutating func lookup() throws {
    // Only the input: other integers may lie outside of the table.
    guard let tokens = graph.arguments.first(where: { graph.name(of: $0) == "tokens" }) else {
      return
    }
    let table = try weight([RandomGraph.tableRows, width().staticSize ?? 1])
    try add(.gather(Gather()), table, tokens, bound: 1)
  }

  private mutating func generation() throws {
    let shape: [Dimension] = ["batch", width()]
    if random.chance(0.5) {
      let axis = random.integer(0...1)
      return try add(.iota(Iota(shape: shape, axis: axis)), bound: 8)
    }
    try add(.constant(Constant(random.unit(), shape: shape)), bound: 1)
  }
}
