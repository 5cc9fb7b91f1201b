import Kernels
import SequentCompiler
import SequentIR

extension Instruction {
  func pack(_ packing: Kernel.Packing, _ memory: ArgumentMemory) -> KernelCall {
    var arguments = PackArguments()
    var fields = inputs.first.map { [(MemoryLayout.offset(of: \PackArguments.first), $0)] } ?? []
    var kernel = packGemm
    switch packing {
    case .gemm(let isBfloat16):
      if isBfloat16 { kernel = packBfloat16Gemm }
      arguments.shape(inputs[0])
    case .shortlist(let isBfloat16):
      kernel = packShortlist
      arguments.weightType = isBfloat16 ? KN_WEIGHTS_BFLOAT16 : KN_WEIGHTS_FLOAT32
      arguments.shape(inputs[0])
    case .bfloat16Table:
      kernel = roundTable
      arguments.columns = inputs[0].count
    case .recurrentWeights(let cell):
      kernel = packRecurrentWeights
      arguments.shape(inputs[0])
      arguments.cell = cell.code
    case .recurrentBias(let cell, let hidden, let hasBias, let hasHiddenBias):
      kernel = packRecurrentBias
      arguments.cell = cell.code
      arguments.columns = hidden
      if hasHiddenBias {
        if !hasBias { fields = [] }
        fields.append((MemoryLayout.offset(of: \PackArguments.second), inputs[hasBias ? 1 : 0]))
      }
    }
    fields.append((MemoryLayout.offset(of: \PackArguments.packed), outputs[0]))
    return make(kernel, arguments, memory, fields)
  }
}

/// What the packing kernels read.
private struct PackArguments: BitwiseCopyable {
  var rows = 0
  var columns = 0
  var rowStride = 0
  var columnStride = 0
  var cell = KN_CELL_RNN_TANH
  var weightType = KN_WEIGHTS_FLOAT32
  var first: UnsafePointer<Float>?
  var second: UnsafePointer<Float>?
  var packed: UnsafeMutablePointer<Float>?

  mutating func shape(_ matrix: View) {
    (rows, columns) = (matrix.shape[0], matrix.shape[1])
    (rowStride, columnStride) = (matrix.stride(0), matrix.stride(1))
  }
}

private let packGemm: kn_kernel = { pointer, team in
  guard let call = pointer?.load(as: PackArguments.self) else { return }
  kn_gemm_pack_share(
    call.first, call.rows, call.columns, call.rowStride, call.columnStride, call.packed, team)
}

private let packBfloat16Gemm: kn_kernel = { pointer, team in
  guard let call = pointer?.load(as: PackArguments.self) else { return }
  kn_gemm_pack_bfloat16_share(
    call.first, call.rows, call.columns, call.rowStride, call.columnStride, call.packed, team)
}

private let packShortlist: kn_kernel = { pointer, team in
  guard let call = pointer?.load(as: PackArguments.self) else { return }
  kn_shortlist_pack_share(
    call.first, call.rows, call.columns, call.rowStride, call.columnStride, call.weightType,
    call.packed, team)
}

private let roundTable: kn_kernel = { pointer, team in
  guard let call = pointer?.load(as: PackArguments.self), let packed = call.packed else { return }
  let table = UnsafeMutableRawPointer(packed).assumingMemoryBound(to: UInt16.self)
  kn_round_table_share(call.first, call.columns, table, team)
}

private let packRecurrentWeights: kn_kernel = { pointer, team in
  guard let call = pointer?.load(as: PackArguments.self), let first = call.first else { return }
  let gates = kn_cell_gates(call.cell)
  let hidden = call.columns / gates
  withUnsafeTemporaryAllocation(of: kn_recurrent_matrix.self, capacity: gates) { matrices in
    for gate in 0..<gates {
      matrices[gate] = kn_recurrent_matrix(
        data: first + gate * hidden * call.columnStride, row_stride: call.rowStride,
        column_stride: call.columnStride)
    }
    kn_recurrent_pack_weights_share(
      call.cell, call.rows, hidden, matrices.baseAddress, call.packed, team)
  }
}

/// The bias of every gate, and the hidden bias of the last, which is the candidate.
private let packRecurrentBias: kn_kernel = { pointer, team in
  guard team?.pointee.index == 0, let call = pointer?.load(as: PackArguments.self) else { return }
  let gates = kn_cell_gates(call.cell)
  withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: 2 * gates) { biases in
    for gate in 0..<gates {
      biases[gate] = call.first.map { $0 + gate * call.columns }
      biases[gates + gate] = gate == gates - 1 ? call.second : nil
    }
    guard let start = biases.baseAddress else { return }
    kn_recurrent_pack_bias(call.cell, call.columns, start, start + gates, call.packed)
  }
}

extension Target {
  /// What the kernels of this build say of themselves, for teams of a size.
  static func kernels(threads: Int) -> Target {
    Target(
      threads: threads, maximumRank: Int(KN_MAX_RANK),
      hasShortlist: Shortlist.pays,
      workspace: { instruction in
        switch instruction.kernel {
        case .gemm(let gemm):
          var arguments = instruction.gemmArguments(constantsAreFar: false)
          // Only whether it is NULL is read.
          if gemm.isPacked { arguments.packed = UnsafePointer(bitPattern: 64) }
          return kn_gemm_workspace_size(&arguments, threads)
        case .shortlistArgMax(let columns, _):
          let x = instruction.inputs[0].shape
          return kn_shortlist_workspace_size(x[0], columns, x[1], threads)
        case .recurrentSequence:
          var arguments = instruction.recurrentArguments
          return kn_recurrent_workspace_size(&arguments, threads)
        case .recurrentSequenceGradient(let gradient):
          var arguments = instruction.recurrentGradientArguments(gradient)
          return kn_recurrent_gradient_workspace_size(&arguments, threads)
        case .normalizationGradient:
          return kn_normalization_gradient_workspace_size(instruction.inputs[0].rowsAndWidth.0)
        case .attention(let attention):
          var problem = attentionProblem(attention, instruction).problem
          return kn_attention_workspace_size(&problem, threads)
        case .attentionGradient(let attention):
          var problem = attentionProblem(attention, instruction).problem
          return kn_attention_gradient_workspace_size(&problem, threads)
        default: return 0
        }
      },
      packedCount: { packing, views in
        switch packing {
        case .gemm(let isBfloat16):
          (isBfloat16 ? kn_gemm_packed_bfloat16_size : kn_gemm_packed_size)(
            views[0].shape[0], views[0].shape[1])
        case .shortlist: kn_shortlist_size(views[0].shape[0], views[0].shape[1])
        case .bfloat16Table: (views[0].count + 1) / 2
        case .recurrentWeights(let cell):
          kn_recurrent_weights_size(
            cell.code, views[0].shape[0], views[0].shape[1] / cell.gates.count)
        case .recurrentBias(let cell, let hidden, _, _):
          kn_recurrent_bias_size(cell.code, hidden)
        }
      })
  }
}
