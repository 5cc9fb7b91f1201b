import SequentIR

extension Plan: CustomStringConvertible {
  /// One line for every instruction, loops indented, then the memory.
  public var description: String {
    var lines: [String] = []
    for (position, instruction) in instructions.enumerated() {
      for loop in loops where loop.body.lowerBound == position {
        lines.append(indentation(loop.depth) + "loop \(loop.count) times")
      }
      let depth = loops.count { $0.body.contains(position) }
      lines.append(indentation(depth) + describe(instruction))
    }
    lines.append(
      "arena \(arenaBytes) bytes, lower bound \(lowerBoundBytes), \(kernelCount) kernels")
    return lines.joined(separator: "\n")
  }

  private func indentation(_ depth: Int) -> String { String(repeating: "  ", count: depth) }

  private func describe(_ instruction: Instruction) -> String {
    let outputs = instruction.outputs.map(describe).joined(separator: ", ")
    let inputs = instruction.inputs.map(describe).joined(separator: ", ")
    let scratch = instruction.workspace.map { " scratch \(describe($0))" } ?? ""
    return "\(outputs) = \(instruction.kernel.name) \(inputs)\(scratch)"
  }

  /// `arena+64 [2, 3]`, with strides when they say more, and `~5` for a view that moves.
  private func describe(_ view: View) -> String {
    let buffer = buffers[view.buffer]
    let (place, start) =
      switch buffer.storage {
      case .arena: ("arena", buffer.offset + view.offset * 4)
      case .constant(let constant): ("constant\(constant)", view.offset * 4)
      case .input(let name), .output(let name), .state(let name): (name, view.offset * 4)
      }
    var text = place
    if start != 0 || place == "arena" { text += "+\(start)" }
    text += " \(view.shape)"
    if !view.isDense { text += "/\(view.strides)" }
    if !view.isStill { text += "~\(view.motion.map(String.init).joined(separator: ","))" }
    return text
  }
}

extension Kernel {
  /// What profiles and listings call it.
  public var name: String {
    switch self {
    case .unary(let function): function.mnemonic
    case .binary(let function): function.mnemonic
    case .compare(let comparison): comparison.mnemonic
    case .select: "select"
    case .cast: "cast"
    case .iota: "iota"
    case .copy: "copy"
    case .gemm(let gemm): gemm.isBfloat16 ? "gemm.bf16" : gemm.isPacked ? "gemm.packed" : "gemm"
    case .reduce(let function, _): "reduce.\(function.rawValue)"
    case .argmax: "argmax"
    case .shortlistArgMax(_, let isBfloat16):
      isBfloat16 ? "shortlist_argmax.bf16" : "shortlist_argmax"
    case .softmax: "softmax"
    case .normalization(let norm): norm.mnemonic
    case .normalizationGradient(let norm): NormalizationGradient(of: norm).mnemonic
    case .embedding(let embedding):
      embedding.bfloat16Rows.contains { $0 != nil } ? "embedding.bf16" : "embedding"
    case .attention(let attention): attention.isAdditive ? "additive_attention" : "attention"
    case .attentionGradient(let attention):
      attention.isAdditive ? "additive_attention_gradient" : "attention_gradient"
    case .gather(let rows): rows == nil ? "gather" : "gather.bf16"
    case .updateRows: "update_rows"
    case .scatterAdd: "scatter_add"
    case .checkLengths: "check_lengths"
    case .maskedUpdate: "masked_update"
    case .recurrentCell(let cell): "recurrent_cell.\(cell.rawValue)"
    case .recurrentSequence(let layer): "recurrent_sequence.\(layer.cell.rawValue)"
    case .recurrentSequenceGradient(let gradient):
      "recurrent_sequence_gradient.\(gradient.layer.cell.rawValue)"
    case .crossEntropy: "cross_entropy"
    case .crossEntropyGradient: "cross_entropy_gradient"
    case .randomUniform: "random_uniform"
    case .optimizerUpdate(let update): update.mnemonic
    case .pack: "pack"
    }
  }
}
