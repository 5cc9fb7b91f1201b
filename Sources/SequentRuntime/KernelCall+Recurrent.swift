import Kernels
import SequentCompiler
import SequentIR

extension Instruction {
  /// The arguments of a recurrent layer without its pointers.
  var recurrentArguments: kn_recurrent_arguments {
    var arguments = kn_recurrent_arguments()
    guard case .recurrentSequence(let layer) = kernel else { return arguments }
    let (x, y) = (inputs[0], outputs[0])
    arguments.cell = layer.cell.code
    arguments.batch = x.shape[0]
    arguments.time = x.shape[1]
    arguments.input = x.shape[2]
    arguments.hidden = layer.hidden
    arguments.x_batch_stride = x.stride(0)
    arguments.x_time_stride = x.stride(1)
    arguments.output_batch_stride = y.stride(0)
    arguments.output_time_stride = y.stride(1)
    arguments.directions = layer.isReversed.count
    arguments.direction.0.reverse = layer.isReversed[0]
    if layer.isReversed.count > 1 { arguments.direction.1.reverse = layer.isReversed[1] }
    return arguments
  }

  func recurrentSequence(
    _ layer: Kernel.RecurrentSequence, _ memory: ArgumentMemory
  ) -> KernelCall {
    var fields = [(MemoryLayout.offset(of: \kn_recurrent_arguments.x), inputs[0])]
    let directions = [
      MemoryLayout.offset(of: \kn_recurrent_arguments.direction.0),
      MemoryLayout.offset(of: \kn_recurrent_arguments.direction.1),
    ]
    let (states, hidden) = (layer.cell.stateCount, layer.hidden)
    for direction in layer.isReversed.indices {
      let base = directions[direction] ?? 0
      func add(_ field: PartialKeyPath<kn_recurrent_direction>, _ view: View) {
        fields.append((MemoryLayout.offset(of: field).map { base + $0 }, view))
      }
      let first = layer.firstInput(of: direction)
      add(\.input_weights, inputs[first])
      add(\.hidden_weights, inputs[first + 1])
      add(\.bias, inputs[first + 2])
      if !layer.startsAtZero[direction] {
        add(\.initial_hidden, inputs[first + 3])
        if states > 1 { add(\.initial_cell, inputs[first + 4]) }
      }
      let last = 1 + direction * states
      add(\.final_hidden, outputs[last])
      if states > 1 { add(\.final_cell, outputs[last + 1]) }
      add(\.output, outputs[0].sliced(2, from: direction * hidden, count: hidden))
      if layer.savesGates, let saved = outputs.last {
        let slots = layer.cell.savedSlots * hidden
        add(\.saved, saved.sliced(2, from: direction * slots, count: slots))
      }
    }
    if layer.hasLengths, let lengths = inputs.last {
      fields.append((MemoryLayout.offset(of: \kn_recurrent_arguments.lengths), lengths))
    }
    if let workspace {
      fields.append((MemoryLayout.offset(of: \kn_recurrent_arguments.workspace), workspace))
    }
    return make(kn_recurrent, recurrentArguments, memory, fields)
  }

  func recurrentCell(_ cell: RecurrentCellKind, _ memory: ArgumentMemory) -> KernelCall {
    var arguments = kn_recurrent_cell_arguments()
    arguments.cell = cell.code
    arguments.batch = outputs[0].shape[0]
    arguments.hidden = outputs[0].shape[1]
    arguments.gates_x_stride = inputs[0].stride(0)
    arguments.gates_h_stride = inputs[1].stride(0)
    var fields = [
      (MemoryLayout.offset(of: \kn_recurrent_cell_arguments.gates_x), inputs[0]),
      (MemoryLayout.offset(of: \kn_recurrent_cell_arguments.gates_h), inputs[1]),
      (MemoryLayout.offset(of: \kn_recurrent_cell_arguments.new_hidden), outputs[0]),
    ]
    if inputs.count > 2 {
      fields.append((MemoryLayout.offset(of: \kn_recurrent_cell_arguments.state), inputs[2]))
    }
    if outputs.count > 1 {
      fields.append((MemoryLayout.offset(of: \kn_recurrent_cell_arguments.new_cell), outputs[1]))
    }
    return make(kn_recurrent_cell, arguments, memory, fields)
  }
}

extension RecurrentCellKind {
  var code: kn_cell {
    switch self {
    case .rnnTanh: KN_CELL_RNN_TANH
    case .rnnRelu: KN_CELL_RNN_RELU
    case .lstm: KN_CELL_LSTM
    case .gruResetAfter: KN_CELL_GRU_RESET_AFTER
    case .gruResetBefore: KN_CELL_GRU_RESET_BEFORE
    }
  }
}
