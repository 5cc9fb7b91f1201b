import Kernels
import SequentCompiler
import SequentIR

extension Instruction {
  /// A loss, or its gradient, which has one input more.
  func crossEntropy(
    _ kernel: @escaping kn_kernel, _ loss: FusedCrossEntropy, _ memory: ArgumentMemory
  ) -> KernelCall {
    var arguments = kn_cross_entropy_arguments()
    let (logits, labels) = (inputs[0], inputs[1])
    let classes = logits.shape[logits.rank - 1]
    arguments.count = labels.count
    arguments.classes = classes
    arguments.smoothing = Float(loss.smoothing)
    let ignored = loss.ignored.flatMap { Int32(exactly: $0) }
    if let ignored {
      (arguments.has_ignored, arguments.ignored) = (true, ignored)
    }
    let status = memory.place(kn_index_status(first: KN_NO_BAD_INDEX))
    arguments.status = status
    var fields = [
      (MemoryLayout.offset(of: \kn_cross_entropy_arguments.logits), logits),
      (MemoryLayout.offset(of: \kn_cross_entropy_arguments.labels), labels),
      (MemoryLayout.offset(of: \kn_cross_entropy_arguments.output), outputs[0]),
    ]
    if inputs.count > 2 {
      fields.append((MemoryLayout.offset(of: \kn_cross_entropy_arguments.upstream), inputs[2]))
    }
    var call = make(kernel, arguments, memory, fields)
    call.reports = [
      KernelCall.Report(
        kind: .label(classes: classes, ignored: ignored), status: status, shape: labels.shape)
    ]
    return call
  }

  func randomUniform(_ stream: Int, _ memory: ArgumentMemory) -> KernelCall {
    var arguments = kn_random_uniform_arguments()
    arguments.count = outputs[0].count
    arguments.stream = UInt32(truncatingIfNeeded: stream)
    return make(
      kn_random_uniform, arguments, memory,
      [
        (MemoryLayout.offset(of: \kn_random_uniform_arguments.seed), inputs[0]),
        (MemoryLayout.offset(of: \kn_random_uniform_arguments.output), outputs[0]),
      ])
  }

  func optimizerUpdate(_ update: OptimizerUpdate, _ memory: ArgumentMemory) -> KernelCall {
    var arguments = kn_optimizer_arguments()
    let gradient = inputs[1]
    arguments.set(update.rule)
    arguments.weight_decay = update.weightDecay
    arguments.is_decoupled = update.isDecoupled
    (arguments.rows, arguments.width) = (gradient.shape[0], gradient.shape[1])
    arguments.gradient_row_stride = gradient.stride(0)
    var fields = [
      (MemoryLayout.offset(of: \kn_optimizer_arguments.parameter), inputs[0]),
      (MemoryLayout.offset(of: \kn_optimizer_arguments.gradient), gradient),
      (MemoryLayout.offset(of: \kn_optimizer_arguments.rate), inputs[2]),
      (MemoryLayout.offset(of: \kn_optimizer_arguments.factor), inputs[3]),
      (MemoryLayout.offset(of: \kn_optimizer_arguments.step), inputs[4]),
      (MemoryLayout.offset(of: \kn_optimizer_arguments.new_parameter), outputs[0]),
    ]
    let states = [
      MemoryLayout.offset(of: \kn_optimizer_arguments.state.0),
      MemoryLayout.offset(of: \kn_optimizer_arguments.state.1),
    ]
    let newStates = [
      MemoryLayout.offset(of: \kn_optimizer_arguments.new_state.0),
      MemoryLayout.offset(of: \kn_optimizer_arguments.new_state.1),
    ]
    for index in 0..<update.rule.stateCount {
      fields.append((states[index], inputs[5 + index]))
      fields.append((newStates[index], outputs[1 + index]))
    }
    return make(kn_optimizer_update, arguments, memory, fields)
  }
}

extension kn_optimizer_arguments {
  fileprivate mutating func set(_ rule: OptimizerRule) {
    switch rule {
    case .sgd(let momentum, let nesterov):
      self.rule =
        momentum == 0
        ? KN_OPTIMIZER_SGD : nesterov ? KN_OPTIMIZER_NESTEROV : KN_OPTIMIZER_MOMENTUM
      decay.0 = momentum
    case .rmsProp(let decay, let epsilon):
      self.rule = KN_OPTIMIZER_RMS_PROP
      (self.decay.0, self.epsilon) = (decay, epsilon)
    case .adagrad(let epsilon):
      self.rule = KN_OPTIMIZER_ADAGRAD
      self.epsilon = epsilon
    case .adam(let beta1, let beta2, let epsilon):
      self.rule = KN_OPTIMIZER_ADAM
      (decay.0, decay.1, self.epsilon) = (beta1, beta2, epsilon)
    }
  }
}
