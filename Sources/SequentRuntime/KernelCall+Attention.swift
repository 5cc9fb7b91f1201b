import Kernels
import SequentCompiler
import SequentIR

/// An attention's sizes and strides without pointers, and which pointer is for which view.
func attentionProblem(
  _ attention: Kernel.Attention, _ instruction: Instruction
) -> (problem: kn_attention_problem, fields: [(PartialKeyPath<kn_attention_problem>, View)]) {
  var inputs = instruction.inputs.prefix(attention.inputCount)
  let (q, k, v) = (inputs.removeFirst(), inputs.removeFirst(), inputs.removeFirst())
  var problem = kn_attention_problem()
  problem.batch = q.shape[0]
  problem.heads = q.shape[1]
  problem.key_heads = k.shape[1]
  problem.queries = q.shape[2]
  problem.keys = k.shape[2]
  problem.width = q.shape[3]
  problem.value_width = v.shape[3]
  problem.q_strides = q.attentionStrides
  problem.k_strides = k.attentionStrides
  problem.v_strides = v.attentionStrides
  problem.scale = Float(attention.scale)
  problem.is_causal = attention.offset != nil
  problem.offset = attention.offset ?? 0
  var fields: [(PartialKeyPath<kn_attention_problem>, View)] = [(\.q, q), (\.k, k), (\.v, v)]
  if attention.isAdditive {
    fields.append((\.vector, inputs.removeFirst()))
    // For the workspace's size, only whether it is NULL is read.
    problem.vector = UnsafePointer(bitPattern: 64)
  }
  if attention.mask != .none {
    let mask = inputs.removeFirst()
    problem.mask_kind = attention.mask == .additive ? KN_MASK_ADDITIVE : KN_MASK_SELECT
    set(&problem.mask_strides, (0..<4).map(mask.stride))
    fields.append((\.mask, mask))
  }
  if attention.hasLengths { fields.append((\.key_lengths, inputs.removeFirst())) }
  if attention.table != .none {
    let (table, byKey) = (inputs.removeFirst(), attention.table == .keys)
    problem.table_kind = byKey ? KN_TABLE_KEYS : KN_TABLE_ROWS
    problem.sources = k.shape[byKey ? 2 : 0]
    if byKey { problem.keys = table.shape[1] }
    fields.append((\.table, table))
  }
  return (problem, fields)
}

extension Instruction {
  func attention(_ attention: Kernel.Attention, _ memory: ArgumentMemory) -> KernelCall {
    var (problem, views) = attentionProblem(attention, self)
    let status = memory.place(kn_index_status(first: KN_NO_BAD_INDEX))
    problem.status = status
    var arguments = kn_attention_arguments()
    arguments.problem = problem
    arguments.output_strides = outputs[0].attentionStrides
    let base = MemoryLayout.offset(of: \kn_attention_arguments.problem) ?? 0
    var fields = views.map { (MemoryLayout.offset(of: $0.0).map { base + $0 }, $0.1) }
    fields.append((MemoryLayout.offset(of: \kn_attention_arguments.output), outputs[0]))
    fields.append((MemoryLayout.offset(of: \kn_attention_arguments.statistics), outputs[1]))
    if outputs.count > 2 {
      fields.append((MemoryLayout.offset(of: \kn_attention_arguments.weights), outputs[2]))
    }
    if let workspace {
      fields.append((MemoryLayout.offset(of: \kn_attention_arguments.workspace), workspace))
    }
    var call = make(kn_attention, arguments, memory, fields)
    if attention.table != .none {
      let operand = attention.inputCount - 1
      call.reports = [
        KernelCall.Report(
          kind: .index(rows: problem.sources, operand: operand), status: status,
          shape: inputs[operand].shape)
      ]
    }
    return call
  }

  func attentionGradient(_ attention: Kernel.Attention, _ memory: ArgumentMemory) -> KernelCall {
    let (problem, views) = attentionProblem(attention, self)
    let saved = inputs[attention.inputCount...]
    let (output, statistics, dy) = (
      saved[saved.startIndex], saved[saved.startIndex + 1], saved[saved.startIndex + 2]
    )
    var arguments = kn_attention_gradient_arguments()
    arguments.problem = problem
    arguments.output_strides = output.attentionStrides
    arguments.output_gradient_strides = dy.attentionStrides
    arguments.q_gradient_strides = outputs[0].attentionStrides
    arguments.k_gradient_strides = outputs[1].attentionStrides
    arguments.v_gradient_strides = outputs[2].attentionStrides
    let base = MemoryLayout.offset(of: \kn_attention_gradient_arguments.problem) ?? 0
    var fields = views.map { (MemoryLayout.offset(of: $0.0).map { base + $0 }, $0.1) }
    func add(_ field: PartialKeyPath<kn_attention_gradient_arguments>, _ view: View) {
      fields.append((MemoryLayout.offset(of: field), view))
    }
    add(\.output, output)
    add(\.statistics, statistics)
    add(\.output_gradient, dy)
    add(\.q_gradient, outputs[0])
    add(\.k_gradient, outputs[1])
    add(\.v_gradient, outputs[2])
    if attention.isAdditive { add(\.vector_gradient, outputs[3]) }
    if let workspace { add(\.workspace, workspace) }
    return make(kn_attention_gradient, arguments, memory, fields)
  }
}

extension View {
  /// Strides of `[batch, heads, time, width]`.
  fileprivate var attentionStrides: kn_attention_strides {
    kn_attention_strides(batch: stride(0), time: stride(2), head: stride(1))
  }
}
