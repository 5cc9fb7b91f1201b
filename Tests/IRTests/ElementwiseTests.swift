import SequentIR
import TestSupport
import Testing

/// What elementwise operations mean, by numbers worked out by hand.
@Suite struct ElementwiseTests {
  private let infinity = Double.infinity

  @Test func unary() throws {
    let x = f32([5], [-2, -0.5, 0, 1.5, .nan])
    try expect("negate %a", x, gives: f32([5], [2, 0.5, 0, -1.5, .nan]))
    try expect("abs %a", x, gives: f32([5], [2, 0.5, 0, 1.5, .nan]))
    try expect("sign %a", x, gives: f32([5], [-1, -1, 0, 1, .nan]))
    try expect("floor %a", x, gives: f32([5], [-2, -1, 0, 1, .nan]))
    try expect("relu %a", x, gives: f32([5], [0, 0, 0, 1.5, .nan]))
    try expect("reciprocal %a", x, gives: f32([5], [-0.5, -2, infinity, 2 / 3.0, .nan]))
    try expect("sqrt %a", f32([3], [4, 0, -1]), gives: f32([3], [2, 0, .nan]))
    try expect("exp %a", f32([3], [0, 1, -.infinity]), gives: f32([3], [1, 2.718281828459045, 0]))
    try expect("log %a", f32([3], [1, 0, -1]), gives: f32([3], [0, -infinity, .nan]))
    try expect("sin %a", f32([2], [0, .pi / 6]), gives: f32([2], [0, 0.5]))
    try expect("cos %a", f32([2], [0, .pi / 3]), gives: f32([2], [1, 0.5]))
    try expect("tanh %a", f32([3], [0, 1, infinity]), gives: f32([3], [0, 0.7615941559557649, 1]))
    try expect(
      "sigmoid %a", f32([4], [0, 2, -1000, 1000]), gives: f32([4], [0.5, 0.8807970779778823, 0, 1]))
    try expect("erf %a", f32([2], [0, 1]), gives: f32([2], [0, 0.8427007929497149]))
    try expect("not %a", bool([2], [0, 1]), gives: bool([2], [1, 0]))
  }

  @Test func binaryStretches() throws {
    let column = f32([2, 1], [1, 2])
    let row = f32([3], [10, 20, 30])
    try expect("add %a, %b", column, row, gives: f32([2, 3], [11, 21, 31, 12, 22, 32]))
    try expect("subtract %a, %b", column, row, gives: f32([2, 3], [-9, -19, -29, -8, -18, -28]))
    try expect("multiply %a, %b", column, row, gives: f32([2, 3], [10, 20, 30, 20, 40, 60]))
    try expect("divide %a, %b", row, f32([], [10]), gives: f32([3], [1, 2, 3]))
    try expect("power %a, %b", f32([2], [2, 9]), f32([2], [3, 0.5]), gives: f32([2], [8, 3]))
  }

  @Test func extremesKeepNaN() throws {
    let (a, b) = (f32([4], [1, .nan, 3, -0.5]), f32([4], [2, 2, .nan, -1]))
    try expect("maximum %a, %b", a, b, gives: f32([4], [2, .nan, .nan, -0.5]))
    try expect("minimum %a, %b", a, b, gives: f32([4], [1, .nan, .nan, -1]))
  }

  @Test func integersWrapAround() throws {
    let (low, high) = (Double(Int32.min), Double(Int32.max))
    let a = i32([4], [7, -7, high, low])
    try expect("add %a, %b", a, i32([], [1]), gives: i32([4], [8, -6, low, low + 1]))
    try expect("subtract %a, %b", a, i32([], [1]), gives: i32([4], [6, -8, high - 1, high]))
    try expect("multiply %a, %b", a, i32([], [3]), gives: i32([4], [21, -21, high - 2, low]))
    try expect("divide %a, %b", a, i32([], [2]), gives: i32([4], [3, -3, 1_073_741_823, low / 2]))
    try expect("divide %a, %b", a, i32([4], [0, 0, 0, -1]), gives: i32([4], [0, 0, 0, low]))
    try expect("maximum %a, %b", a, i32([], [0]), gives: i32([4], [7, 0, high, 0]))
  }

  @Test func logic() throws {
    let (a, b) = (bool([4], [0, 0, 1, 1]), bool([4], [0, 1, 0, 1]))
    try expect("and %a, %b", a, b, gives: bool([4], [0, 0, 0, 1]))
    try expect("or %a, %b", a, b, gives: bool([4], [0, 1, 1, 1]))
  }

  @Test func comparisonsOfNaNAreFalse() throws {
    let (a, b) = (f32([4], [1, 2, 3, .nan]), f32([4], [2, 2, 2, .nan]))
    try expect("compare.equal %a, %b", a, b, gives: bool([4], [0, 1, 0, 0]))
    try expect("compare.notEqual %a, %b", a, b, gives: bool([4], [1, 0, 1, 1]))
    try expect("compare.less %a, %b", a, b, gives: bool([4], [1, 0, 0, 0]))
    try expect("compare.lessOrEqual %a, %b", a, b, gives: bool([4], [1, 1, 0, 0]))
    try expect("compare.greater %a, %b", a, b, gives: bool([4], [0, 0, 1, 0]))
    try expect("compare.greaterOrEqual %a, %b", a, b, gives: bool([4], [0, 1, 1, 0]))
  }

  @Test func selectTakesFromBoth() throws {
    try expect(
      "select %a, %b, %c", bool([2, 1], [1, 0]), f32([2], [1, 2]), f32([], [.nan]),
      gives: f32([2, 2], [1, 2, .nan, .nan]))
  }

  @Test func stoppedGradientsAreTheirOperand() throws {
    try expect("stop_gradient %a", f32([2], [1, .nan]), gives: f32([2], [1, .nan]))
  }

  @Test func casts() throws {
    let x = f32([5], [1.9, -1.9, 3e9, -infinity, .nan])
    try expect(
      "cast %a {type = i32}", x,
      gives: i32([5], [1, -1, Double(Int32.max), Double(Int32.min), 0]))
    try expect("cast %a {type = bool}", x, gives: bool([5], [1, 1, 1, 1, 1]))
    try expect("cast %a {type = f32}", bool([2], [0, 1]), gives: f32([2], [0, 1]))
  }
}
