import Foundation
import Kernels
import Testing

/// `kn_recurrent_cell`: one step from the gates' sums.
@Suite struct RecurrentCellTests {
  private static let cells = [
    KN_CELL_RNN_TANH, KN_CELL_RNN_RELU, KN_CELL_LSTM, KN_CELL_GRU_RESET_AFTER,
  ]

  /// Operands of one call; rows of gates are longer than they need be.
  private struct Operands {
    let cell: kn_cell
    let batch: Int, hidden: Int, gates: Int, stride: Int
    let x: [Float], h: [Float]?, bias: [Float]?, hiddenBias: [Float]?, state: [Float]

    init(_ cell: kn_cell, batch: Int, hidden: Int, options: Int) {
      var numbers = Numbers(seed: UInt64(batch * 100 + hidden))
      (self.cell, self.batch, self.hidden) = (cell, batch, hidden)
      gates = kn_cell_gates(cell)
      stride = gates * hidden + 3
      let isGRU = cell == KN_CELL_GRU_RESET_AFTER
      x = numbers.floats(batch * stride)
      h = options & 1 != 0 || isGRU ? numbers.floats(batch * stride) : nil
      bias = options & 2 != 0 ? numbers.floats(gates * hidden) : nil
      hiddenBias = options & 4 != 0 && isGRU ? numbers.floats(hidden) : nil
      state = numbers.floats(batch * hidden)
    }

    /// h' and c' in double precision.
    func reference() -> (hidden: [Float], cell: [Float]) {
      func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
      var result: (hidden: [Float], cell: [Float]) = ([], [])
      for row in 0..<batch {
        for u in 0..<hidden {
          func input(_ gate: Int) -> Double {
            Double(x[row * stride + gate * hidden + u]) + Double(bias?[gate * hidden + u] ?? 0)
          }
          func state(_ gate: Int) -> Double { Double(h?[row * stride + gate * hidden + u] ?? 0) }
          func sum(_ gate: Int) -> Double { input(gate) + state(gate) }
          let before = Double(self.state[row * hidden + u])
          var cell = 0.0
          let value: Double
          switch self.cell {
          case KN_CELL_RNN_TANH: value = tanh(sum(0))
          case KN_CELL_RNN_RELU: value = max(sum(0), 0)
          case KN_CELL_LSTM:
            cell = sigmoid(sum(1)) * before + sigmoid(sum(0)) * tanh(sum(2))
            value = sigmoid(sum(3)) * tanh(cell)
          default:
            let product = state(2) + Double(hiddenBias?[u] ?? 0)
            let n = tanh(input(2) + sigmoid(sum(0)) * product)
            value = n + sigmoid(sum(1)) * (before - n)
          }
          result.hidden.append(Float(value))
          if self.cell == KN_CELL_LSTM { result.cell.append(Float(cell)) }
        }
      }
      return result
    }

    func run(threads: Int, inPlace: Bool) -> (hidden: [Float], cell: [Float]) {
      withMemory { memory in
        let state = memory.guarded(state)
        let isLSTM = cell == KN_CELL_LSTM
        let count = batch * hidden
        let newCell = isLSTM ? (inPlace ? state : memory.guarded(count: count)) : nil
        let newHidden = inPlace && !isLSTM ? state : memory.guarded(count: count)
        let arguments = kn_recurrent_cell_arguments(
          cell: cell, batch: batch, hidden: hidden, gates_x: memory.guarded(x),
          gates_h: h.map { UnsafePointer(memory.guarded($0)) }, gates_x_stride: stride,
          gates_h_stride: stride, bias: bias.map { UnsafePointer(memory.guarded($0)) },
          hidden_bias: hiddenBias.map { UnsafePointer(memory.guarded($0)) }, state: state,
          new_hidden: newHidden, new_cell: newCell)
        KernelTests.run(kn_recurrent_cell, arguments, threads: threads)
        #expect(memory.guardsHold, "a write outside: cell \(cell.rawValue) hidden \(hidden)")
        let cells = newCell.map { Array(UnsafeBufferPointer(start: $0, count: count)) }
        return (Array(UnsafeBufferPointer(start: newHidden, count: count)), cells ?? [])
      }
    }
  }

  @Test(arguments: cells)
  func `every size and combination of operands is right`(cell: kn_cell) {
    withEachInstructionSet { isa in
      for (place, hidden) in [0, 1, 3, 7, 8, 15, 16, 17, 33, 70].enumerated() {
        for batch in [0, 1, 3, 5] {
          let operands = Operands(cell, batch: batch, hidden: hidden, options: place + batch)
          let want = operands.reference(), got = operands.run(threads: 1, inPlace: batch == 3)
          let errors = zip(got.hidden + got.cell, want.hidden + want.cell).map { abs($0 - $1) }
          #expect(errors.allSatisfy { $0 < 2e-6 }, "\(name(isa)) hidden \(hidden) batch \(batch)")
          for threads in [2, 5] {
            let other = operands.run(threads: threads, inPlace: false)
            #expect(other.hidden.bits == got.hidden.bits && other.cell.bits == got.cell.bits)
          }
        }
      }
    }
  }
}
