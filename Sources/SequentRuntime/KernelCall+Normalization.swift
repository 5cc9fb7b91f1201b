import Kernels
import SequentCompiler
import SequentIR

extension Instruction {
  func normalization(_ norm: FusedNormalization, _ memory: ArgumentMemory) -> KernelCall {
    var arguments = kn_normalization_arguments()
    (arguments.rows, arguments.width) = inputs[0].rowsAndWidth
    arguments.epsilon = Float(norm.epsilon)
    var fields = [
      (MemoryLayout.offset(of: \kn_normalization_arguments.x), inputs[0]),
      (MemoryLayout.offset(of: \kn_normalization_arguments.y), outputs[0]),
    ]
    if norm.hasWeight {
      fields.append((MemoryLayout.offset(of: \kn_normalization_arguments.weight), inputs[1]))
    }
    if norm.hasBias {
      fields.append(
        (MemoryLayout.offset(of: \kn_normalization_arguments.bias), inputs[inputs.count - 1]))
    }
    return make(norm.isCentered ? kn_layer_norm : kn_rms_norm, arguments, memory, fields)
  }

  func normalizationGradient(_ norm: FusedNormalization, _ memory: ArgumentMemory) -> KernelCall {
    typealias Arguments = kn_normalization_gradient_arguments
    var arguments = Arguments()
    (arguments.rows, arguments.width) = inputs[0].rowsAndWidth
    arguments.epsilon = Float(norm.epsilon)
    arguments.is_centered = norm.isCentered
    var fields = [
      (MemoryLayout.offset(of: \Arguments.x), inputs[0]),
      (MemoryLayout.offset(of: \Arguments.dy), inputs[inputs.count - 1]),
      (MemoryLayout.offset(of: \Arguments.dx), outputs[0]),
    ]
    if norm.hasWeight {
      fields.append((MemoryLayout.offset(of: \Arguments.weight), inputs[1]))
      fields.append((MemoryLayout.offset(of: \Arguments.weight_gradient), outputs[1]))
    }
    if norm.hasBias {
      fields.append(
        (MemoryLayout.offset(of: \Arguments.bias_gradient), outputs[outputs.count - 1]))
    }
    if let workspace {
      fields.append((MemoryLayout.offset(of: \Arguments.statistics), workspace))
    }
    return make(kn_normalization_gradient, arguments, memory, fields)
  }
}

extension View {
  /// How many rows of the last axis there are, and how long they are.
  var rowsAndWidth: (Int, Int) {
    let width = shape[rank - 1]
    return (width > 0 ? count / width : 0, width)
  }
}
