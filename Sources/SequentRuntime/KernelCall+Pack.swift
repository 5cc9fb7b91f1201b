import Kernels
import SequentCompiler
import SequentIR

extension Instruction {
  func pack(_ packing: Kernel.Packing, _ memory: ArgumentMemory) -> KernelCall {
    var arguments = PackArguments()
    var kernel = packGemmKernel
    switch packing {
    case .gemm:
      kernel = packGemmKernel
      arguments.rows = inputs[0].shape[0]
      arguments.columns = inputs[0].shape[1]
      arguments.rowStride = inputs[0].stride(0)
      arguments.columnStride = inputs[0].stride(1)
    case .recurrentWeights, .recurrentBias: fatalError("interim")
    }
    return make(
      kernel, arguments, memory,
      [
        (MemoryLayout.offset(of: \PackArguments.first), inputs[0]),
        (MemoryLayout.offset(of: \PackArguments.packed), outputs[0]),
      ])
  }
}

/// What the packing kernels read.
struct PackArguments: BitwiseCopyable {
  var rows = 0
  var columns = 0
  var rowStride = 0
  var columnStride = 0
  var first: UnsafePointer<Float>?
  var second: UnsafePointer<Float>?
  var packed: UnsafeMutablePointer<Float>?
}

/// Packs on the first thread: it is done once per set of weights.
private let packGemmKernel: kn_kernel = { arguments, team in
  guard team?.pointee.index == 0, let call = arguments?.load(as: PackArguments.self) else { return }
  kn_gemm_pack(
    call.first, call.rows, call.columns, call.rowStride, call.columnStride, call.packed)
}

extension Target {
  /// What the kernels of this build say of themselves, for teams of a size.
  static func kernels(threads: Int) -> Target {
    Target(
      threads: threads, maximumRank: Int(KN_MAX_RANK),
      workspace: { instruction in
        switch instruction.kernel {
        case .gemm:
          var arguments = instruction.gemmArguments
          // Only whether it is NULL is read.
          if case .gemm(let gemm) = instruction.kernel, gemm.isPacked {
            arguments.packed = UnsafePointer(bitPattern: MemoryLayout<Float>.alignment)
          }
          return Int(kn_gemm_workspace_size(&arguments, threads))
        default: return 0
        }
      },
      packedCount: { packing, views in
        switch packing {
        case .gemm: Int(kn_gemm_packed_size(views[0].shape[0], views[0].shape[1]))
        case .recurrentWeights, .recurrentBias: fatalError("interim")
        }
      })
  }
}
