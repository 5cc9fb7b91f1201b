import Kernels
import SequentCompiler
import SequentIR

extension Instruction {
  func embedding(_ embedding: Kernel.Embedding, _ memory: ArgumentMemory) -> KernelCall {
    typealias Arguments = kn_embedding_arguments
    var arguments = Arguments()
    (arguments.rows, arguments.width) = outputs[0].rowsAndWidth
    arguments.term_count = embedding.sum.terms.count
    var fields: [(offset: Int?, view: View)] = []
    var (terms, reports): ([kn_embedding_term], [KernelCall.Report]) = ([], [])
    var operand = 0
    for (term, bfloat16Rows) in zip(embedding.sum.terms, embedding.bfloat16Rows) {
      let start = MemoryLayout.offset(of: \Arguments.terms).map {
        $0 + terms.count * MemoryLayout<kn_embedding_term>.stride
      }
      func add(_ field: PartialKeyPath<kn_embedding_term>, _ view: View) {
        fields.append((start.flatMap { MemoryLayout.offset(of: field).map($0.advanced) }, view))
      }
      let source = inputs[operand]
      var result = kn_embedding_term()
      result.scale = Float(term.scale)
      result.is_bfloat16 = bfloat16Rows != nil
      add(\.source, source)
      if term.isLookup {
        let indices = inputs[operand + 1]
        let status = memory.place(kn_index_status(first: KN_NO_BAD_INDEX))
        result.source_rows = bfloat16Rows ?? source.shape[0]
        result.period = indices.count
        result.status = status
        add(\.indices, indices)
        reports.append(
          KernelCall.Report(
            kind: .index(rows: result.source_rows, operand: operand + 1), status: status,
            shape: indices.shape))
      } else {
        result.period = source.rowsAndWidth.0
      }
      terms.append(result)
      operand += term.isLookup ? 2 : 1
    }
    set(&arguments.terms, terms)
    func add(_ field: PartialKeyPath<Arguments>, _ view: View) {
      fields.append((MemoryLayout.offset(of: field), view))
    }
    arguments.norm = KN_EMBEDDING_SUM
    if let norm = embedding.sum.norm {
      arguments.norm = norm.isCentered ? KN_EMBEDDING_LAYER_NORM : KN_EMBEDDING_RMS_NORM
      arguments.epsilon = Float(norm.epsilon)
      if norm.hasWeight { add(\.weight, inputs[operand]) }
      if norm.hasBias { add(\.bias, inputs[inputs.count - 1]) }
      add(\.y, outputs[0])
    }
    if embedding.sum.norm == nil || embedding.sum.keepsSum {
      add(\.sum, outputs[outputs.count - 1])
    }
    var call = make(kn_embedding, arguments, memory, fields)
    call.reports = reports
    return call
  }
}
