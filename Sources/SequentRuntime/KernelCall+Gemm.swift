import Kernels
import SequentCompiler
import SequentIR

extension Instruction {
  /// The arguments of a product without its pointers.
  func gemmArguments(constantsAreFar: Bool) -> kn_gemm_arguments {
    var arguments = kn_gemm_arguments()
    guard case .gemm(let gemm) = kernel else { return arguments }
    let (a, b, c) = (inputs[0], inputs[1], outputs[0])
    (arguments.m, arguments.n, arguments.k) = (a.shape[2], gemm.columns, a.shape[3])
    arguments.outer_count = c.shape[0]
    arguments.inner_count = c.shape[1]
    arguments.a_row_stride = a.stride(2)
    arguments.a_column_stride = a.shape[3] == 1 ? 1 : a.strides[3]
    arguments.a_batch = a.batchStride
    if gemm.isPacked {
      arguments.packed_type = gemm.isBfloat16 ? KN_WEIGHTS_BFLOAT16 : KN_WEIGHTS_FLOAT32
      arguments.packed_is_far = constantsAreFar
    } else {
      arguments.b_row_stride = b.stride(2)
      arguments.b_column_stride = b.shape[3] == 1 ? 1 : b.strides[3]
      arguments.b_batch = b.batchStride
    }
    arguments.c_row_stride = c.shape[2] == 1 ? gemm.columns : c.strides[2]
    arguments.c_batch = c.batchStride
    if gemm.hasResidual {
      let residual = inputs[inputs.count - 1]
      arguments.residual_row_stride = residual.stride(2)
      arguments.residual_batch = residual.batchStride
      arguments.residual_is_factor = gemm.multipliesResidual
    }
    if outputs.count > 1, !gemm.sumsColumns {
      arguments.slope_row_stride = c.shape[2] == 1 ? gemm.columns : outputs[1].strides[2]
      arguments.slope_batch = outputs[1].batchStride
    }
    arguments.activation = gemm.activation.code
    arguments.scale = Float(gemm.scale)
    arguments.accumulate = gemm.accumulates
    return arguments
  }

  /// The pointer that `inputs[1]` goes to.
  var gemmOffsetOfB: Int? {
    if case .gemm(let gemm) = kernel, gemm.isPacked {
      return MemoryLayout.offset(of: \kn_gemm_arguments.packed)
    }
    return MemoryLayout.offset(of: \kn_gemm_arguments.b)
  }

  var gemmOptionalFields: [(offset: Int?, view: View)] {
    guard case .gemm(let gemm) = kernel else { return [] }
    var fields: [(offset: Int?, view: View)] = []
    if gemm.hasBias {
      fields.append((MemoryLayout.offset(of: \kn_gemm_arguments.bias), inputs[2]))
    }
    if gemm.hasResidual {
      fields.append(
        (MemoryLayout.offset(of: \kn_gemm_arguments.residual), inputs[inputs.count - 1]))
    }
    if outputs.count > 1 {
      let offset =
        gemm.sumsColumns
        ? MemoryLayout.offset(of: \kn_gemm_arguments.b_sums)
        : MemoryLayout.offset(of: \kn_gemm_arguments.slope)
      fields.append((offset, outputs[1]))
    }
    if let workspace {
      fields.append((MemoryLayout.offset(of: \kn_gemm_arguments.workspace), workspace))
    }
    return fields
  }
}

extension View {
  /// Where the matrices of `[outer, inner, rows, columns]` begin.
  fileprivate var batchStride: kn_gemm_batch_stride {
    kn_gemm_batch_stride(outer: stride(0), inner: stride(1))
  }
}

extension Activation {
  fileprivate var code: kn_activation {
    switch self {
    case .none: KN_ACTIVATION_NONE
    case .relu: KN_ACTIVATION_RELU
    case .sigmoid: KN_ACTIVATION_SIGMOID
    case .tanh: KN_ACTIVATION_TANH
    case .gelu: KN_ACTIVATION_GELU
    case .geluTanh: KN_ACTIVATION_GELU_TANH
    }
  }
}
