import SequentIR
import TestSupport
import Testing

/// What products, reductions and operations that move elements mean, by numbers worked out by hand.
@Suite struct TensorOperationTests {
  private let x = f32([2, 3], [1, 2, 3, 4, 5, 6])

  @Test func products() throws {
    try expect(
      "matmul %a, %b", x, f32([3, 2], [1, 0, 0, 1, 1, 1]), gives: f32([2, 2], [4, 5, 10, 11]))
    // Two rows times a matrix each; the other way round, one matrix for both.
    let pair = f32([2, 1, 2], [1, 2, 3, 4])
    try expect(
      "matmul %a, %b", pair, f32([2, 2, 1], [1, 1, 10, 100]), gives: f32([2, 1, 1], [3, 430]))
    try expect("matmul %a, %b", pair, f32([2, 1], [1, -1]), gives: f32([2, 1, 1], [-1, -1]))
    try expect("matmul %a, %b", f32([1, 0], []), f32([0, 2], []), gives: f32([1, 2], [0, 0]))
  }

  @Test func reductions() throws {
    try expect("reduce.sum %a {axes = [1]}", x, gives: f32([2], [6, 15]))
    try expect("reduce.mean %a {axes = [0], keep = true}", x, gives: f32([1, 3], [2.5, 3.5, 4.5]))
    try expect("reduce.product %a {axes = [0, 1]}", x, gives: f32([], [720]))
    try expect("reduce.maximum %a {axes = [1]}", x, gives: f32([2], [3, 6]))
    try expect("reduce.minimum %a {axes = [0]}", x, gives: f32([3], [1, 2, 3]))
    try expect("reduce.maximum %a {axes = [0]}", f32([2], [.nan, 1]), gives: f32([], [.nan]))
    try expect("reduce.sum %a {axes = []}", x, gives: x)
    let wrapping = i32([2], [Double(Int32.max), 1])
    try expect("reduce.sum %a {axes = [0]}", wrapping, gives: i32([], [Double(Int32.min)]))
  }

  @Test func reductionsOfNothing() throws {
    let empty = f32([2, 0], [])
    let infinity = Double.infinity
    try expect("reduce.sum %a {axes = [1]}", empty, gives: f32([2], [0, 0]))
    try expect("reduce.product %a {axes = [1]}", empty, gives: f32([2], [1, 1]))
    try expect("reduce.mean %a {axes = [1]}", empty, gives: f32([2], [.nan, .nan]))
    try expect("reduce.maximum %a {axes = [1]}", empty, gives: f32([2], [-infinity, -infinity]))
    let integers = i32([0], [])
    try expect("reduce.minimum %a {axes = [0]}", integers, gives: i32([], [Double(Int32.max)]))
  }

  @Test func argmaxIsTheFirst() throws {
    let y = f32([2, 3], [1, 7, 7, .nan, -1, -2])
    try expect("argmax %a {axis = 1}", y, gives: i32([2], [1, 1]))
    try expect("argmax %a {axis = 0}", y, gives: i32([3], [0, 0, 0]))
    // [1, 4] and [2, 5] and [3, 6] as columns; a row of equal sums.
    let rows = f32([2, 2], [1, 0, 5, -5])
    try expect("matmul_argmax %a, %b", rows, x, gives: i32([2], [2, 0]))
  }

  @Test func layouts() throws {
    try expect("reshape %a {shape = [3, 1, 2]}", x, gives: f32([3, 1, 2], x.values))
    try expect("transpose %a {axes = [1, 0]}", x, gives: f32([3, 2], [1, 4, 2, 5, 3, 6]))
    let z = HostTensor(.float32, [2, 3, 4]) { Double($0[0] * 100 + $0[1] * 10 + $0[2]) }
    let turned = HostTensor(.float32, [4, 2, 3]) { Double($0[1] * 100 + $0[2] * 10 + $0[0]) }
    try expect("transpose %a {axes = [2, 0, 1]}", z, gives: turned)
    try expect(
      "broadcast %a {shape = [2, 2, 3]}", f32([2, 1], [1, 2]),
      gives: f32([2, 2, 3], [1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2]))
  }

  @Test func parts() throws {
    try expect("slice %a {axis = 1, start = 1, size = 2}", x, gives: f32([2, 2], [2, 3, 5, 6]))
    try expect("slice %a {axis = 0, start = 2, size = 0}", x, gives: f32([0, 3], []))
    try expect(
      "concatenate %a, %b {axis = 1}", x, f32([2, 1], [9, 8]),
      gives: f32([2, 4], [1, 2, 3, 9, 4, 5, 6, 8]))
    try expect(
      "concatenate %a, %b {axis = 0}", x, f32([1, 3], [7, 8, 9]),
      gives: f32([3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]))
    try expect(
      "update_slice %a, %b {axis = 1, start = 2}", x, f32([2, 1], [0, -1]),
      gives: f32([2, 3], [1, 2, 0, 4, 5, -1]))
    try expect(
      "update_slice %a, %b {axis = 1, start = 2}", x, x, gives: type(of: x),
      failing: "update_slice: 3 positions from 2 do not lie in axis 1 of size 3")
  }

  @Test func rowsOfATable() throws {
    let table = f32([3, 2], [0, 1, 10, 11, 20, 21])
    try expect(
      "gather %a, %b", table, i32([2, 2], [2, 0, 1, 2]),
      gives: f32([2, 2, 2], [20, 21, 0, 1, 10, 11, 20, 21]))
    for index in [-1.0, 3] {
      try expect(
        "gather %a, %b", table, i32([1], [index]), gives: TensorType(.float32, [1, 2]),
        failing: "gather: index \(Int(index)) at position 0 is not a row of a table of 3")
    }
  }

  @Test func sources() throws {
    try expect("iota {shape = [2, 3], axis = 1}", gives: i32([2, 3], [0, 1, 2, 0, 1, 2]))
    try expect("iota {shape = [2, 3], axis = 0}", gives: i32([2, 3], [0, 0, 0, 1, 1, 1]))
    try expect(
      "constant {type = f32, shape = [2], values = [-inf]}",
      gives: f32([2], [-.infinity, -.infinity]))
    try expect("constant {type = i32, shape = [2], values = [4, -5]}", gives: i32([2], [4, -5]))
  }

  @Test func fusedProduct() throws {
    let w = f32([3, 1], [1, -1, 1])
    try expect("linear %a, %b {scale = 2}", x, w, gives: f32([2, 1], [4, 10]))
    try expect(
      "linear %a, %b, %c {bias = true, activation = relu}", x, w, f32([1], [-3]),
      gives: f32([2, 1], [0, 2]))
    try expect(
      "linear %a, %b, %c {residual = true}", x, w, f32([2, 1], [1, 2]), gives: f32([2, 1], [3, 7]))
    try expect(
      "linear %a, %b, %c {activation = relu, factor = true}", x, w, f32([2, 1], [-1, 2]),
      gives: f32([2, 1], [-2, 10]))
    try expect(
      "linear %a, %b {activation = gelu}", f32([1, 1], [1]), f32([1, 1], [1]),
      gives: f32([1, 1], [0.8413447460685429]))
  }

  @Test func fusedAttention() throws {
    // Two queries, two keys, one head; scores 0 and ln 3 for the first query, ln 3 and 0 for the second.
    let ln3 = 1.0986122886681098
    let q = f32([1, 1, 2, 2], [1, 0, 0, 1])
    let k = f32([1, 1, 2, 2], [0, ln3, ln3, 0])
    let v = f32([1, 1, 2, 1], [4, 8])
    let weights = f32([1, 1, 2, 2], [0.25, 0.75, 0.75, 0.25])
    try expect(
      "attention %a, %b, %c {weights = true}", q, k, v, gives: f32([1, 1, 2, 1], [7, 5]),
      f32([1, 1, 2, 2], [ln3, 0.75, ln3, 0.75]), weights)
    // The first query sees its own key alone; a length of 0 hides all.
    try expect(
      "attention %a, %b, %c {causal = 0}", q, k, v, gives: f32([1, 1, 2, 1], [4, 5]),
      f32([1, 1, 2, 2], [0, 1, ln3, 0.75]))
    try expect(
      "attention %a, %b, %c, %d {lengths = true}", q, k, v, i32([1], [0]),
      gives: f32([1, 1, 2, 1], [0, 0]), f32([1, 1, 2, 2], [0, 0, 0, 0]))
    try expect(
      "attention %a, %b, %c, %d {scale = 0, mask = select}", q, k, v, bool([2, 1], [1, 0]),
      gives: f32([1, 1, 2, 1], [6, 0]), f32([1, 1, 2, 2], [0, 0.5, 0, 0]))
    // tanh 0 = 0 and tanh of much is 1: scores 0 and ln 3.
    try expect(
      "additive_attention %a, %b, %c, %d", f32([1, 1, 1, 1], [0]), f32([1, 1, 2, 1], [0, 99]), v,
      f32([1], [ln3]), gives: f32([1, 1, 1, 1], [7]), f32([1, 1, 1, 2], [ln3, 0.75]))
  }

  @Test func rowsOfATableAreReplaced() throws {
    let table = f32([3, 2], [1, 2, 3, 4, 5, 6])
    try expect(
      "update_rows %a, %b, %c", table, i32([3], [2, 0, 2]), f32([3, 2], [7, 7, 8, 8, 9, 9]),
      gives: f32([3, 2], [8, 8, 3, 4, 9, 9]))
    try expect(
      "update_rows %a, %b, %c", table, i32([1], [3]), f32([1, 2], [0, 0]),
      gives: TensorType(.float32, [3, 2]),
      failing: "update_rows: index 3 at position 0 is not a row of a table of 3")
  }

  @Test func attentionThroughATable() throws {
    // Scores are 0, so that a row's result is the mean of the values that its table names.
    let q = f32([2, 1, 1, 1], [0, 0])
    try expect(
      "attention %a, %b, %c, %d {table = keys}", q, f32([1, 1, 3, 1], [7, 8, 9]),
      f32([1, 1, 3, 1], [1, 3, 11]), i32([2, 2], [0, 1, 2, 1]), gives: f32([2, 1, 1, 1], [2, 7]),
      f32([2, 1, 1, 2], [0, 0.5, 0, 0.5]))
    try expect(
      "attention %a, %b, %c, %d {table = rows}", q, f32([2, 1, 1, 1], [7, 8]),
      f32([2, 1, 1, 1], [1, 3]), i32([2], [1, 1]), gives: f32([2, 1, 1, 1], [3, 3]),
      f32([2, 1, 1, 2], [0, 1, 0, 1]))
  }

  @Test func fusedNormalization() throws {
    // Rows of deviation 2 about 3, and of squares' mean 4 about 0.
    let x = f32([2, 2], [1, 5, 3, 3])
    try expect(
      "layer_norm %a, %b, %c {epsilon = 0, weight = true, bias = true}", f32([1, 2], [1, 5]),
      f32([2], [1, 10]), f32([2], [0, 1]), gives: f32([1, 2], [-1, 11]))
    try expect("layer_norm %a {epsilon = 12}", x, gives: f32([2, 2], [-0.5, 0.5, 0, 0]))
    try expect("rms_norm %a {epsilon = 0}", f32([2], [-2, 2]), gives: f32([2], [-1, 1]))
    // The mean takes away what all elements have alike, and the length what they have of x itself.
    try expect(
      "layer_norm_gradient %a, %b {epsilon = 0, bias = true}", f32([1, 2], [1, 5]),
      f32([1, 2], [7, 3]), gives: f32([1, 2], [0, 0]), f32([2], [7, 3]))
    try expect(
      "rms_norm_gradient %a, %b, %c {epsilon = 0, weight = true}", f32([1, 2], [-2, 2]),
      f32([2], [1, 2]), f32([1, 2], [1, 1]), gives: f32([1, 2], [0.75, 0.75]), f32([2], [-1, 1]))
  }

  @Test func fusedEmbedding() throws {
    let (words, places) = (f32([3, 2], [1, 5, 3, 3, 0, 2]), f32([2, 2], [10, 20, 30, 40]))
    let tokens = i32([2, 2], [0, 1, 2, 1])
    // The second table's rows repeat for each of the batch; so does a single row.
    try expect(
      "embedding %a, %b, %c, %d {lookups = [true, true], scales = [2, 1]}", words, tokens, places,
      i32([2], [0, 1]), gives: f32([2, 2, 2], [12, 30, 36, 46, 10, 24, 36, 46]))
    try expect(
      "embedding %a, %b, %c {lookups = [true, false]}", words, tokens, f32([1, 2], [1, -1]),
      gives: f32([2, 2, 2], [2, 4, 4, 2, 1, 1, 4, 2]))
    try expect(
      "embedding %a, %b, %c {lookups = [false], norm = layer_norm, epsilon = 0, weight = true, "
        + "bias = true, sum = true}", f32([2], [1, 5]), f32([2], [1, 10]), f32([2], [0, 1]),
      gives: f32([2], [-1, 11]), f32([2], [1, 5]))
    try expect(
      "embedding %a, %b {lookups = [true], norm = rms_norm, epsilon = 0}", f32([1, 2], [-2, 2]),
      i32([], [0]), gives: f32([2], [-1, 1]))
    try expect(
      "embedding %a, %b {lookups = [true]}", words, i32([1], [3]),
      gives: TensorType(.float32, [1, 2]),
      failing: "gather: index 3 at position 0 is not a row of a table of 3")
  }

  @Test func fusedSoftmax() throws {
    let e = 2.718281828459045
    let y = f32([2, 2], [0, 1, 1000, 999])
    try expect(
      "softmax %a", y, gives: f32([2, 2], [1 / (1 + e), e / (1 + e), e / (1 + e), 1 / (1 + e)]))
    try expect("softmax %a {scale = 0}", y, gives: f32([2, 2], [0.5, 0.5, 0.5, 0.5]))
    try expect(
      "softmax %a, %b {mask = select}", y, bool([2, 2], [0, 0, 1, 0]),
      gives: f32([2, 2], [0, 0, 1, 0]))
    try expect(
      "softmax %a, %b {mask = additive}", y, f32([2], [-.infinity, 0]),
      gives: f32([2, 2], [0, 1, 0, 1]))
    try expect(
      "softmax %a", f32([2, 2], [.nan, 1, 0, 0]), gives: f32([2, 2], [.nan, .nan, 0.5, 0.5]))
  }
}
