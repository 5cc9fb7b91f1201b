import Kernels
import SequentCompiler
import SequentIR

extension Instruction {
  func gather(bfloat16Rows: Int?, _ memory: ArgumentMemory) -> KernelCall {
    var arguments = kn_gather_arguments()
    let (table, indices) = (inputs[0], inputs[1])
    let rows = bfloat16Rows ?? table.shape[0]
    arguments.count = indices.count
    arguments.rows = rows
    arguments.width = outputs[0].count / max(indices.count, 1)
    let status = memory.place(kn_index_status(first: KN_NO_BAD_INDEX))
    arguments.status = status
    return make(
      bfloat16Rows == nil ? kn_gather : kn_gather_bfloat16, arguments, memory,
      [
        (MemoryLayout.offset(of: \kn_gather_arguments.table), table),
        (MemoryLayout.offset(of: \kn_gather_arguments.indices), indices),
        (MemoryLayout.offset(of: \kn_gather_arguments.output), outputs[0]),
      ], reporting: .index(rows: rows), of: indices, to: status)
  }

  func scatterAdd(_ memory: ArgumentMemory) -> KernelCall {
    var arguments = kn_scatter_add_arguments()
    let (indices, table) = (inputs[1], outputs[0])
    arguments.count = indices.count
    arguments.rows = table.shape[0]
    arguments.width = table.shape[1]
    let status = memory.place(kn_index_status(first: KN_NO_BAD_INDEX))
    arguments.status = status
    return make(
      kn_scatter_add, arguments, memory,
      [
        (MemoryLayout.offset(of: \kn_scatter_add_arguments.source), inputs[0]),
        (MemoryLayout.offset(of: \kn_scatter_add_arguments.indices), indices),
        (MemoryLayout.offset(of: \kn_scatter_add_arguments.output), table),
      ], reporting: .index(rows: table.shape[0]), of: indices, to: status)
  }

  func updateRows(_ memory: ArgumentMemory) -> KernelCall {
    var arguments = kn_update_rows_arguments()
    let (indices, table) = (inputs[1], outputs[0])
    arguments.count = indices.count
    arguments.rows = table.shape[0]
    arguments.width = table.shape.dropFirst().reduce(1, *)
    arguments.source_stride = inputs[0].stride(0)
    let status = memory.place(kn_index_status(first: KN_NO_BAD_INDEX))
    arguments.status = status
    return make(
      kn_update_rows, arguments, memory,
      [
        (MemoryLayout.offset(of: \kn_update_rows_arguments.source), inputs[0]),
        (MemoryLayout.offset(of: \kn_update_rows_arguments.indices), indices),
        (MemoryLayout.offset(of: \kn_update_rows_arguments.table), table),
      ], reporting: .index(rows: table.shape[0]), of: indices, to: status)
  }

  func maskedUpdate(_ holds: Bool, _ memory: ArgumentMemory) -> KernelCall {
    var arguments = kn_masked_update_arguments()
    let (fresh, output) = (inputs[2], outputs[0])
    arguments.batch = output.shape[0]
    arguments.width = output.shape[1...].reduce(1, *)
    arguments.fresh_stride = fresh.stride(0)
    arguments.held_stride = output.stride(0)
    arguments.destination_stride = output.stride(0)
    let held =
      holds ? [(MemoryLayout.offset(of: \kn_masked_update_arguments.held), output)] : []
    return make(
      kn_masked_update, arguments, memory,
      [
        (MemoryLayout.offset(of: \kn_masked_update_arguments.lengths), inputs[0]),
        (MemoryLayout.offset(of: \kn_masked_update_arguments.time), inputs[1]),
        (MemoryLayout.offset(of: \kn_masked_update_arguments.fresh), fresh),
        (MemoryLayout.offset(of: \kn_masked_update_arguments.destination), output),
      ] + held)
  }

  func checkLengths(_ limit: Int, _ memory: ArgumentMemory) -> KernelCall {
    let status = memory.place(kn_index_status(first: KN_NO_BAD_INDEX))
    let arguments = LengthArguments(
      count: inputs[0].count, limit: Int32(clamping: limit), status: status)
    return make(
      checkLengthsKernel, arguments, memory,
      [
        (MemoryLayout.offset(of: \LengthArguments.lengths), inputs[0]),
        (MemoryLayout.offset(of: \LengthArguments.output), outputs[0]),
      ], reporting: .length(limit: limit), of: inputs[0], to: status)
  }
}

/// What `checkLengthsKernel` reads.
private struct LengthArguments: BitwiseCopyable {
  var count: Int
  var limit: Int32
  var lengths: UnsafePointer<Int32>?
  var output: UnsafeMutablePointer<Int32>?
  var status: UnsafeMutablePointer<kn_index_status>
}

/// output[row] = lengths[row] brought into 0...limit; the first that had to be is reported.
private let checkLengthsKernel: kn_kernel = { arguments, team in
  guard team?.pointee.index == 0,
    let call = arguments?.load(as: LengthArguments.self),
    let lengths = call.lengths, let output = call.output
  else { return }
  for row in 0..<call.count {
    let length = lengths[row]
    output[row] = max(0, min(length, call.limit))
    if output[row] != length, call.status.pointee.first == KN_NO_BAD_INDEX {
      call.status.pointee.first = UInt64(row) << 32 | UInt64(UInt32(bitPattern: length))
    }
  }
}
