import Kernels
import SequentCompiler
import SequentIR

extension Instruction {
  func reduce(
    _ function: Reduce.Function, _ axes: [Int], _ memory: ArgumentMemory
  ) -> KernelCall {
    var arguments = kn_reduce_arguments()
    let input = inputs[0]
    let strides = input.kernelStrides
    let kept = input.shape.indices.filter { !axes.contains($0) }
    arguments.function = function.code(input.elementType)
    arguments.kept_rank = kept.count
    arguments.reduced_rank = axes.count
    set(&arguments.kept_shape, kept.map { input.shape[$0] })
    set(&arguments.kept_strides, kept.map { strides[$0] })
    set(&arguments.reduced_shape, axes.map { input.shape[$0] })
    set(&arguments.reduced_strides, axes.map { strides[$0] })
    return make(
      kn_reduce, arguments, memory,
      [
        (MemoryLayout.offset(of: \kn_reduce_arguments.input), input),
        (MemoryLayout.offset(of: \kn_reduce_arguments.output), outputs[0]),
      ])
  }

  func argmax(_ axis: Int, _ memory: ArgumentMemory) -> KernelCall {
    var arguments = kn_argmax_arguments()
    let shape = inputs[0].shape
    arguments.outer = shape[..<axis].reduce(1, *)
    arguments.length = shape[axis]
    arguments.inner = shape[(axis + 1)...].reduce(1, *)
    return make(
      kn_argmax, arguments, memory,
      [
        (MemoryLayout.offset(of: \kn_argmax_arguments.input), inputs[0]),
        (MemoryLayout.offset(of: \kn_argmax_arguments.output), outputs[0]),
      ])
  }

  func shortlistArgMax(
    _ columns: Int, isBfloat16: Bool, _ memory: ArgumentMemory
  ) -> KernelCall {
    var arguments = kn_shortlist_arguments()
    (arguments.m, arguments.n, arguments.k) = (inputs[0].shape[0], columns, inputs[0].shape[1])
    arguments.a_row_stride = inputs[0].shape[1]
    arguments.packed_type = isBfloat16 ? KN_WEIGHTS_BFLOAT16 : KN_WEIGHTS_FLOAT32
    var fields = [
      (MemoryLayout.offset(of: \kn_shortlist_arguments.a), inputs[0]),
      (MemoryLayout.offset(of: \kn_shortlist_arguments.packed), inputs[1]),
      (MemoryLayout.offset(of: \kn_shortlist_arguments.shortlist), inputs[2]),
      (MemoryLayout.offset(of: \kn_shortlist_arguments.output), outputs[0]),
    ]
    if let workspace {
      fields.append((MemoryLayout.offset(of: \kn_shortlist_arguments.workspace), workspace))
    }
    return make(kn_shortlist_argmax, arguments, memory, fields)
  }

  func softmax(_ softmax: FusedSoftmax, _ memory: ArgumentMemory) -> KernelCall {
    var arguments = kn_softmax_arguments()
    arguments.rank = inputs[0].rank
    set(&arguments.shape, inputs[0].shape)
    arguments.scale = Float(softmax.scale)
    var fields = [
      (MemoryLayout.offset(of: \kn_softmax_arguments.x), inputs[0]),
      (MemoryLayout.offset(of: \kn_softmax_arguments.y), outputs[0]),
    ]
    switch softmax.mask {
    case .none: arguments.mask_kind = KN_MASK_NONE
    case .additive: arguments.mask_kind = KN_MASK_ADDITIVE
    case .select: arguments.mask_kind = KN_MASK_SELECT
    }
    if softmax.mask != .none {
      set(&arguments.mask_strides, inputs[1].kernelStrides)
      fields.append((MemoryLayout.offset(of: \kn_softmax_arguments.mask), inputs[1]))
    }
    return make(kn_softmax, arguments, memory, fields)
  }
}

extension Reduce.Function {
  fileprivate func code(_ elementType: ElementType) -> Int32 {
    let isFloat = elementType == .float32
    let code =
      switch self {
      case .sum: isFloat ? KN_REDUCE_SUM : KN_REDUCE_SUM_I32
      case .mean: KN_REDUCE_MEAN
      case .maximum: isFloat ? KN_REDUCE_MAXIMUM : KN_REDUCE_MAXIMUM_I32
      case .minimum: isFloat ? KN_REDUCE_MINIMUM : KN_REDUCE_MINIMUM_I32
      case .product: KN_REDUCE_PRODUCT
      }
    return Int32(code.rawValue)
  }
}
