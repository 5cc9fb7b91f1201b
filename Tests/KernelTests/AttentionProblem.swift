import Kernels

/// Attention with inputs that look random, and how to run it.
struct AttentionProblem {
  enum Mask { case none, additive, select }

  var batch = 1
  var heads = 1
  var keyHeads = 1
  var queries: Int
  var keys: Int
  var width: Int
  var valueWidth: Int
  var isAdditive = false
  /// Query i sees key j when j <= i + offset.
  var offset: Int?
  var keyLengths: [Int]?
  var queryLengths: [Int]?
  var maskKind = Mask.none
  /// Whether time comes before the heads in memory.
  var isTimeFirst = false
  var scale: Float = 0.2
  /// How rows find their keys and values, where they share them.
  var table: Table?

  /// For every row a source, or for every key of every row a slot.
  struct Table {
    var ofKeys: Bool
    var indices: [Int32]
    var sources: Int
  }

  var q: [Float] = []
  var k: [Float] = []
  var v: [Float] = []
  var vector: [Float] = []
  var mask: [Float] = []
  var upstream: [Float] = []

  /// Draws the inputs.
  mutating func fill(seed: UInt64 = 1) {
    var numbers = Numbers(seed: seed)
    q = numbers.floats(batch * heads * queries * width)
    let stored = table.map { $0.sources * ($0.ofKeys ? 1 : keys) } ?? batch * keys
    k = numbers.floats(stored * keyHeads * width)
    v = numbers.floats(stored * keyHeads * valueWidth)
    vector = numbers.floats(width)
    upstream = numbers.floats(batch * heads * queries * valueWidth)
    mask = numbers.floats(batch * heads * queries * keys).map { value in
      switch maskKind {
      case .additive: value < -2 ? -.infinity : value
      default: value < 1 ? 1 : 0
      }
    }
  }

  func filled(seed: UInt64 = 1) -> AttentionProblem {
    var problem = self
    problem.fill(seed: seed)
    return problem
  }

  /// Where a row of a tensor begins.
  func place(_ b: Int, _ t: Int, _ h: Int, times: Int, heads: Int, width: Int) -> Int {
    isTimeFirst
      ? ((b * times + t) * heads + h) * width : ((b * heads + h) * times + t) * width
  }

  private func strides(times: Int, heads: Int, width: Int) -> kn_attention_strides {
    isTimeFirst
      ? kn_attention_strides(batch: times * heads * width, time: heads * width, head: width)
      : kn_attention_strides(batch: times * heads * width, time: width, head: times * width)
  }

  func queryPlace(_ b: Int, _ i: Int, _ h: Int, _ width: Int) -> Int {
    place(b, i, h, times: queries, heads: heads, width: width)
  }

  func keyPlace(_ b: Int, _ j: Int, _ h: Int, _ width: Int) -> Int {
    place(b, j, h * keyHeads / heads, times: keys, heads: keyHeads, width: width)
  }

  // MARK: - Running

  struct Result: Equatable {
    var output: [UInt32]
    var statistics: [UInt32]
    var weights: [UInt32]
    var gradients: [[UInt32]] = []
    var isIntact = true
    /// What the status says of the table.
    var badIndex = KN_NO_BAD_INDEX

    static func floats(_ bits: [UInt32]) -> [Float] { bits.map { Float(bitPattern: $0) } }
  }

  /// Forward and, if asked, backward: gradients of q, k, v and the vector.
  func run(threads: Int = 1, givesGradients: Bool = false) -> Result {
    withMemory { memory in
      var problem = kn_attention_problem()
      problem.batch = batch
      problem.heads = heads
      problem.key_heads = keyHeads
      problem.queries = queries
      problem.keys = keys
      problem.width = width
      problem.value_width = valueWidth
      problem.scale = scale
      problem.q = UnsafePointer(memory.guarded(q))
      problem.k = UnsafePointer(memory.guarded(k))
      problem.v = UnsafePointer(memory.guarded(v))
      if isAdditive { problem.vector = UnsafePointer(memory.guarded(vector)) }
      problem.q_strides = strides(times: queries, heads: heads, width: width)
      let times = table.map { $0.ofKeys ? $0.sources : keys } ?? keys
      problem.k_strides = strides(times: times, heads: keyHeads, width: width)
      problem.v_strides = strides(times: times, heads: keyHeads, width: valueWidth)
      problem.status = memory.one(kn_index_status(first: KN_NO_BAD_INDEX))
      if let table {
        problem.table_kind = table.ofKeys ? KN_TABLE_KEYS : KN_TABLE_ROWS
        problem.table = UnsafePointer(memory.array(table.indices))
        problem.sources = table.sources
      }
      problem.is_causal = offset != nil
      problem.offset = offset ?? 0
      let lengths = { (lengths: [Int]) in UnsafePointer(memory.array(lengths.map(Int32.init))) }
      problem.key_lengths = keyLengths.map(lengths)
      problem.query_lengths = queryLengths.map(lengths)
      setMask(&problem, memory)
      return run(problem, threads, givesGradients, memory)
    }
  }

  private func setMask(_ problem: inout kn_attention_problem, _ memory: Memory) {
    switch maskKind {
    case .none: return
    case .additive:
      problem.mask_kind = KN_MASK_ADDITIVE
      problem.mask = UnsafeRawPointer(memory.guarded(mask))
    case .select:
      problem.mask_kind = KN_MASK_SELECT
      problem.mask = UnsafeRawPointer(memory.array(mask.map(Int32.init)))
    }
    problem.mask_strides = (heads * queries * keys, queries * keys, keys, 1)
  }

  private func run(
    _ problem: kn_attention_problem, _ threads: Int, _ givesGradients: Bool, _ memory: Memory
  ) -> Result {
    let query = batch * heads * queries
    let read = { (pointer: UnsafeMutablePointer<Float>, count: Int) in
      UnsafeBufferPointer(start: pointer, count: count).map(\.bitPattern)
    }
    var arguments = kn_attention_arguments()
    arguments.problem = problem
    let output = memory.guarded(count: query * valueWidth)
    let statistics = memory.guarded(count: query * 2)
    let weights = memory.guarded(count: query * keys)
    arguments.output = output
    arguments.output_strides = strides(times: queries, heads: heads, width: valueWidth)
    arguments.statistics = statistics
    arguments.weights = weights
    var sizes = problem
    arguments.workspace = memory.guarded(count: kn_attention_workspace_size(&sizes, threads))
    KernelTests.run(kn_attention, arguments, threads: threads)
    var result = Result(
      output: read(output, query * valueWidth), statistics: read(statistics, query * 2),
      weights: read(weights, query * keys))
    if givesGradients {
      var back = kn_attention_gradient_arguments()
      back.problem = problem
      back.output = UnsafePointer(output)
      back.output_strides = arguments.output_strides
      back.statistics = UnsafePointer(statistics)
      back.output_gradient = UnsafePointer(memory.guarded(upstream))
      back.output_gradient_strides = arguments.output_strides
      let gradients = [q, k, v, vector].map { memory.guarded(count: $0.count) }
      back.q_gradient = gradients[0]
      back.k_gradient = gradients[1]
      back.v_gradient = gradients[2]
      if isAdditive { back.vector_gradient = gradients[3] }
      back.q_gradient_strides = problem.q_strides
      back.k_gradient_strides = problem.k_strides
      back.v_gradient_strides = problem.v_strides
      back.workspace = memory.guarded(
        count: kn_attention_gradient_workspace_size(&sizes, threads))
      KernelTests.run(kn_attention_gradient, back, threads: threads)
      let counts = [q.count, k.count, v.count, isAdditive ? vector.count : 0]
      result.gradients = zip(gradients, counts).map(read)
    }
    result.isIntact = memory.guardsHold
    result.badIndex = problem.status.pointee.first
    return result
  }
}
