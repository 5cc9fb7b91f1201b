import Foundation
import Kernels

/// The sizes, options and operands of one call of `kn_recurrent`; `x` is [batch, time, input].
struct RecurrentProblem: CustomStringConvertible {
  /// Weights, biases and initial states of a direction; [gate][row * hidden + column].
  struct Direction {
    var inputWeights: [[Float]], hiddenWeights: [[Float]]
    var inputBias: [[Float]], hiddenBias: [[Float]]
    var hidden: [Float], cell: [Float]  // [batch, hidden]
  }

  /// Everything that a call writes: output [batch, time, directions * hidden], states per direction.
  struct Result: Equatable {
    var output: [Float]
    var hidden: [[Float]], cell: [[Float]]

    static func == (a: Self, b: Self) -> Bool {
      a.output.bits == b.output.bits && a.hidden.map(\.bits) == b.hidden.map(\.bits)
        && a.cell.map(\.bits) == b.cell.map(\.bits)
    }
  }

  let kind: kn_cell
  var time: Int, batch: Int
  let input: Int, hidden: Int
  var lengths: [Int]?
  var x: [Float]
  var directions: [Direction]
  var hasBias = true
  var hasInitial = true
  var timeMajor = false

  init(
    _ kind: kn_cell, time: Int, batch: Int, input: Int, hidden: Int, directions: Int = 1,
    lengths: [Int]? = nil, seed: UInt64 = 1
  ) {
    (self.kind, self.time, self.batch) = (kind, time, batch)
    (self.input, self.hidden, self.lengths) = (input, hidden, lengths)
    var numbers = Numbers(seed: seed)
    x = numbers.floats(batch * time * input, in: -1...1)
    let scale = 1 / Float(hidden + input).squareRoot()
    let gates = kn_cell_gates(kind)
    func matrices(_ count: Int) -> [[Float]] {
      (0..<gates).map { _ in numbers.floats(count, in: -2 * scale...2 * scale) }
    }
    self.directions = (0..<directions).map { _ in
      Direction(
        inputWeights: matrices(input * hidden), hiddenWeights: matrices(hidden * hidden),
        inputBias: matrices(hidden), hiddenBias: matrices(hidden),
        hidden: numbers.floats(batch * hidden, in: -1...1),
        cell: numbers.floats(batch * hidden, in: -1...1))
    }
  }

  var description: String {
    "cell \(kind.rawValue) time \(time) batch \(batch) input \(input) hidden \(hidden)"
      + " directions \(directions.count) lengths \(lengths.map { "\($0)" } ?? "-")"
      + "\(hasBias ? " bias" : "")\(hasInitial ? " initial" : "")\(timeMajor ? " time-major" : "")"
  }

  static let allCells = [
    KN_CELL_RNN_TANH, KN_CELL_RNN_RELU, KN_CELL_LSTM, KN_CELL_GRU_RESET_AFTER,
    KN_CELL_GRU_RESET_BEFORE,
  ]

  /// Some rows of the batch, each at its place in `rows`, with the first `time` steps.
  func part(rows: [Int], time: Int? = nil) -> Self {
    let steps = time ?? self.time
    var part = self
    (part.batch, part.time) = (rows.count, steps)
    part.lengths = lengths.map { lengths in rows.map { min(lengths[$0], steps) } }
    part.x = rows.flatMap { row in
      Array(x[(row * self.time) * input..<(row * self.time + steps) * input])
    }
    for d in directions.indices {
      part.directions[d].hidden = Self.rows(rows, of: directions[d].hidden, width: hidden)
      part.directions[d].cell = Self.rows(rows, of: directions[d].cell, width: hidden)
    }
    return part
  }

  static func rows(_ rows: [Int], of matrix: [Float], width: Int) -> [Float] {
    rows.flatMap { matrix[$0 * width..<($0 + 1) * width] }
  }
}

// MARK: - Running

extension RecurrentProblem {
  /// Runs the kernel with a team of `threads`, by the cost model's plan or a given one.
  func run(threads: Int, plan: kn_recurrent_plan? = nil) -> Result {
    withMemory { memory in
      let width = directions.count * hidden
      let output = memory.guarded(count: batch * time * width)
      var arguments = kn_recurrent_arguments()
      arguments.cell = kind
      (arguments.time, arguments.batch) = (time, batch)
      (arguments.input, arguments.hidden) = (input, hidden)
      arguments.x = UnsafePointer(memory.guarded(reordered(x, width: input, timeMajor)))
      arguments.x_batch_stride = (timeMajor ? 1 : time) * input
      arguments.x_time_stride = (timeMajor ? batch : 1) * input
      arguments.output_batch_stride = (timeMajor ? 1 : time) * width
      arguments.output_time_stride = (timeMajor ? batch : 1) * width
      arguments.lengths = lengths.map { UnsafePointer(memory.array($0.map(Int32.init))) }
      arguments.plan = plan.map { UnsafePointer(memory.one($0)) }
      arguments.directions = directions.count
      let packed = directions.indices.map { d in
        pack(directions[d], output: output + d * hidden, reverse: d == 1, memory)
      }
      arguments.direction.0 = packed[0]
      if packed.count > 1 { arguments.direction.1 = packed[1] }

      let size = kn_recurrent_workspace_size(&arguments, threads)
      guard let workspace = kn_allocate((size + 64) * 4) else { fatalError("no memory") }
      defer { kn_release(workspace) }
      memset(workspace, 0xff, (size + 64) * 4)
      arguments.workspace = workspace.assumingMemoryBound(to: Float.self)
      KernelTests.run(kn_recurrent, arguments, threads: threads)
      let end = workspace.assumingMemoryBound(to: UInt32.self) + size
      precondition((0..<64).allSatisfy { end[$0] == .max }, "workspace overrun: \(self)")
      precondition(memory.guardsHold, "a write outside: \(self)")

      let count = batch * hidden
      return Result(
        output: reordered(
          Array(UnsafeBufferPointer(start: output, count: batch * time * width)), width: width,
          timeMajor, back: true),
        hidden: packed.map { Array(UnsafeBufferPointer(start: $0.final_hidden, count: count)) },
        cell: packed.map { direction in
          guard kind == KN_CELL_LSTM else { return [] }
          return Array(UnsafeBufferPointer(start: direction.final_cell, count: count))
        })
    }
  }

  /// [batch, time, width] as [time, batch, width], or `back`.
  private func reordered(
    _ values: [Float], width: Int, _ timeMajor: Bool, back: Bool = false
  ) -> [Float] {
    guard timeMajor else { return values }
    let (outer, inner) = back ? (batch, time) : (time, batch)
    var result: [Float] = []
    for place in 0..<outer * inner {
      let from = (place % inner) * outer + place / inner
      result += values[from * width..<(from + 1) * width]
    }
    return result
  }

  private func pack(
    _ direction: Direction, output: UnsafeMutablePointer<Float>, reverse: Bool, _ memory: Memory
  ) -> kn_recurrent_direction {
    func weights(_ gates: [[Float]], depth: Int) -> UnsafePointer<Float> {
      // Every other matrix is stored transposed.
      let matrices = gates.enumerated().map { gate, values in
        gate % 2 == 0
          ? kn_recurrent_matrix(data: memory.array(values), row_stride: hidden, column_stride: 1)
          : kn_recurrent_matrix(
            data: memory.array(
              (0..<depth * hidden).map { values[$0 % depth * hidden + $0 / depth] }),
            row_stride: 1, column_stride: depth)
      }
      let packed = memory.guarded(count: kn_recurrent_weights_size(kind, depth, hidden))
      kn_recurrent_pack_weights(kind, depth, hidden, matrices, packed)
      return UnsafePointer(packed)
    }
    let bias = memory.guarded(count: kn_recurrent_bias_size(kind, hidden))
    if hasBias {
      let input = direction.inputBias.map { Optional(UnsafePointer(memory.array($0))) }
      let state = direction.hiddenBias.map { Optional(UnsafePointer(memory.array($0))) }
      kn_recurrent_pack_bias(kind, hidden, input, state, bias)
    } else {
      kn_recurrent_pack_bias(kind, hidden, nil, nil, bias)
    }
    let isLSTM = kind == KN_CELL_LSTM
    return kn_recurrent_direction(
      input_weights: weights(direction.inputWeights, depth: input),
      hidden_weights: weights(direction.hiddenWeights, depth: hidden),
      bias: UnsafePointer(bias),
      initial_hidden: hasInitial ? UnsafePointer(memory.guarded(direction.hidden)) : nil,
      initial_cell: hasInitial && isLSTM ? UnsafePointer(memory.guarded(direction.cell)) : nil,
      final_hidden: memory.guarded(count: batch * hidden),
      final_cell: isLSTM ? memory.guarded(count: batch * hidden) : nil,
      output: output, saved: nil, reverse: reverse)
  }
}
