import Kernels
import SequentCompiler
import SequentIR

extension Instruction {
  /// The arguments of a recurrent layer's gradient without its pointers.
  func recurrentGradientArguments(
    _ gradient: Kernel.RecurrentSequenceGradient
  ) -> kn_recurrent_gradient_arguments {
    let (layer, x) = (gradient.layer, inputs[0])
    var arguments = kn_recurrent_gradient_arguments()
    arguments.cell = layer.cell.code
    (arguments.batch, arguments.time, arguments.input) = (x.shape[0], x.shape[1], x.shape[2])
    arguments.hidden = layer.hidden
    arguments.directions = layer.isReversed.count
    arguments.direction.0.reverse = layer.isReversed[0]
    if layer.isReversed.count > 1 { arguments.direction.1.reverse = layer.isReversed[1] }
    // For the workspace's size, only whether it is NULL is read.
    arguments.x_gradient = UnsafeMutablePointer(bitPattern: 64)
    return arguments
  }

  func recurrentSequenceGradient(
    _ gradient: Kernel.RecurrentSequenceGradient, _ memory: ArgumentMemory
  ) -> KernelCall {
    let layer = gradient.layer
    var fields: [(offset: Int?, view: View)] = []
    var rest = (inputs: inputs[...], outputs: outputs[...], upstream: gradient.hasUpstream[...])
    func add(_ field: PartialKeyPath<kn_recurrent_gradient_arguments>, _ view: View) {
      fields.append((MemoryLayout.offset(of: field), view))
    }
    let bases = [
      MemoryLayout.offset(of: \kn_recurrent_gradient_arguments.direction.0),
      MemoryLayout.offset(of: \kn_recurrent_gradient_arguments.direction.1),
    ]
    func add(
      _ direction: Int, _ field: PartialKeyPath<kn_recurrent_gradient_direction>, _ view: View
    ) {
      let base = bases[direction] ?? 0
      fields.append((MemoryLayout.offset(of: field).map { base + $0 }, view))
    }
    let isLSTM = layer.cell == .lstm
    add(\.x, rest.inputs.removeFirst())
    add(\.x_gradient, rest.outputs.removeFirst())
    for direction in layer.isReversed.indices {
      add(direction, \.input_weights, rest.inputs.removeFirst())
      add(direction, \.hidden_weights, rest.inputs.removeFirst())
      if !layer.startsAtZero[direction] {
        add(direction, \.initial_hidden, rest.inputs.removeFirst())
        if isLSTM { add(direction, \.initial_cell, rest.inputs.removeFirst()) }
      }
      add(direction, \.input_weights_gradient, rest.outputs.removeFirst())
      add(direction, \.hidden_weights_gradient, rest.outputs.removeFirst())
      if gradient.hasBias { add(direction, \.bias_gradient, rest.outputs.removeFirst()) }
      if gradient.hasHiddenBias {
        add(direction, \.hidden_bias_gradient, rest.outputs.removeFirst())
      }
      add(direction, \.initial_hidden_gradient, rest.outputs.removeFirst())
      if isLSTM { add(direction, \.initial_cell_gradient, rest.outputs.removeFirst()) }
    }
    if layer.hasLengths { add(\.lengths, rest.inputs.removeFirst()) }
    add(\.output, rest.inputs.removeFirst())
    add(\.saved, rest.inputs.removeFirst())
    if rest.upstream.removeFirst() { add(\.output_gradient, rest.inputs.removeFirst()) }
    for direction in layer.isReversed.indices {
      if rest.upstream.removeFirst() {
        add(direction, \.final_hidden_gradient, rest.inputs.removeFirst())
      }
      if isLSTM, rest.upstream.removeFirst() {
        add(direction, \.final_cell_gradient, rest.inputs.removeFirst())
      }
    }
    if let workspace { add(\.workspace, workspace) }
    return make(kn_recurrent_gradient, recurrentGradientArguments(gradient), memory, fields)
  }
}
