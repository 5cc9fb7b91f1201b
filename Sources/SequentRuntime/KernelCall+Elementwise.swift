import Kernels
import SequentCompiler
import SequentIR

extension Instruction {
  func elementwise(
    _ kernel: @escaping kn_kernel, _ function: Int32, _ memory: ArgumentMemory
  ) -> KernelCall {
    var arguments = kn_elementwise_arguments()
    arguments.function = function
    arguments.rank = outputs[0].rank
    set(&arguments.shape, outputs[0].shape)
    if inputs.count > 0 { set(&arguments.strides.0, inputs[0].kernelStrides) }
    if inputs.count > 1 { set(&arguments.strides.1, inputs[1].kernelStrides) }
    if inputs.count > 2 { set(&arguments.strides.2, inputs[2].kernelStrides) }
    let offsets = [
      MemoryLayout.offset(of: \kn_elementwise_arguments.inputs.0),
      MemoryLayout.offset(of: \kn_elementwise_arguments.inputs.1),
      MemoryLayout.offset(of: \kn_elementwise_arguments.inputs.2),
    ]
    return make(
      kernel, arguments, memory,
      Array(zip(offsets, inputs))
        + [(MemoryLayout.offset(of: \kn_elementwise_arguments.output), outputs[0])])
  }

  func iota(_ axis: Int, _ memory: ArgumentMemory) -> KernelCall {
    var arguments = kn_iota_arguments()
    let shape = outputs[0].shape
    arguments.outer = shape[..<axis].reduce(1, *)
    arguments.length = shape[axis]
    arguments.inner = shape[(axis + 1)...].reduce(1, *)
    return make(
      kn_iota, arguments, memory,
      [(MemoryLayout.offset(of: \kn_iota_arguments.output), outputs[0])])
  }

  func copy(_ memory: ArgumentMemory) -> KernelCall {
    var arguments = kn_copy_arguments()
    arguments.rank = outputs[0].rank
    set(&arguments.shape, outputs[0].shape)
    set(&arguments.source_strides, inputs[0].kernelStrides)
    set(&arguments.destination_strides, outputs[0].kernelStrides)
    return make(
      kn_copy, arguments, memory,
      [
        (MemoryLayout.offset(of: \kn_copy_arguments.source), inputs[0]),
        (MemoryLayout.offset(of: \kn_copy_arguments.destination), outputs[0]),
      ])
  }

  func castCode(_ from: ElementType, _ to: ElementType) -> Int32 {
    let code =
      switch (from, to) {
      case (.float32, .int32): KN_CAST_F32_TO_I32
      case (.float32, _): KN_CAST_F32_TO_BOOL
      case (.int32, .float32): KN_CAST_I32_TO_F32
      case (.int32, _): KN_CAST_I32_TO_BOOL
      case (.bool, .float32): KN_CAST_BOOL_TO_F32
      case (.bool, _): KN_CAST_BOOL_TO_I32
      }
    return Int32(code.rawValue)
  }
}

extension View {
  /// Strides as kernels take them: those of axes of size 1 don't matter.
  var kernelStrides: [Int] { shape.indices.map { stride($0) } }
}

extension Unary {
  var code: Int32 {
    let code =
      switch self {
      case .negate: KN_UNARY_NEGATE
      case .absolute: KN_UNARY_ABS
      case .exponential: KN_UNARY_EXP
      case .logarithm: KN_UNARY_LOG
      case .squareRoot: KN_UNARY_SQRT
      case .reciprocal: KN_UNARY_RECIPROCAL
      case .sine: KN_UNARY_SIN
      case .cosine: KN_UNARY_COS
      case .floor: KN_UNARY_FLOOR
      case .sign: KN_UNARY_SIGN
      case .tanh: KN_UNARY_TANH
      case .sigmoid: KN_UNARY_SIGMOID
      case .relu: KN_UNARY_RELU
      case .erf: KN_UNARY_ERF
      case .not: KN_UNARY_NOT
      }
    return Int32(code.rawValue)
  }
}

extension Binary {
  func code(_ elementType: ElementType) -> Int32 {
    let isFloat = elementType == .float32
    let code =
      switch self {
      case .add: isFloat ? KN_BINARY_ADD : KN_BINARY_ADD_I32
      case .subtract: isFloat ? KN_BINARY_SUBTRACT : KN_BINARY_SUBTRACT_I32
      case .multiply: isFloat ? KN_BINARY_MULTIPLY : KN_BINARY_MULTIPLY_I32
      case .divide: isFloat ? KN_BINARY_DIVIDE : KN_BINARY_DIVIDE_I32
      case .maximum: isFloat ? KN_BINARY_MAXIMUM : KN_BINARY_MAXIMUM_I32
      case .minimum: isFloat ? KN_BINARY_MINIMUM : KN_BINARY_MINIMUM_I32
      case .power: KN_BINARY_POWER
      case .and: KN_BINARY_AND
      case .or: KN_BINARY_OR
      }
    return Int32(code.rawValue)
  }
}

extension Compare {
  func code(_ elementType: ElementType) -> Int32 {
    let isFloat = elementType == .float32
    let code =
      switch self {
      case .equal: isFloat ? KN_COMPARE_EQUAL : KN_COMPARE_EQUAL_I32
      case .notEqual: isFloat ? KN_COMPARE_NOT_EQUAL : KN_COMPARE_NOT_EQUAL_I32
      case .less: isFloat ? KN_COMPARE_LESS : KN_COMPARE_LESS_I32
      case .lessOrEqual: isFloat ? KN_COMPARE_LESS_OR_EQUAL : KN_COMPARE_LESS_OR_EQUAL_I32
      case .greater: isFloat ? KN_COMPARE_GREATER : KN_COMPARE_GREATER_I32
      case .greaterOrEqual:
        isFloat ? KN_COMPARE_GREATER_OR_EQUAL : KN_COMPARE_GREATER_OR_EQUAL_I32
      }
    return Int32(code.rawValue)
  }
}
