import Kernels
import SequentCompiler
import SequentIR

/// A kernel with its arguments as C has them, the pointers not yet set.
struct KernelCall {
  let kernel: kn_kernel
  /// The argument structure; it lives as long as the `ArgumentMemory` it was placed in.
  let arguments: UnsafeMutableRawPointer
  /// Which pointer of the structure is for which view, by its offset in bytes.
  let fields: [(offset: Int?, view: View)]
  /// Where the kernel reports what it could not do.
  var reports: [Report] = []

  /// A kernel's report of bad input.
  struct Report {
    enum Kind {
      case index(rows: Int, operand: Int = 1)
      case length(limit: Int)
      case label(classes: Int, ignored: Int32?)
    }

    let kind: Kind
    let status: UnsafeMutablePointer<kn_index_status>
    let shape: [Int]

    /// Which input of the instruction is looked at.
    var operand: Int {
      switch kind {
      case .index(_, let operand): operand
      case .label: 1
      case .length: 0
      }
    }

    /// The largest value in range; the smallest is 0.
    var largest: Int {
      switch kind {
      case .index(let rows, _): rows - 1
      case .length(let limit): limit
      case .label(let classes, _): classes - 1
      }
    }

    /// The one value out of range that means something.
    var exception: Int32? {
      if case .label(_, let ignored) = kind { ignored } else { nil }
    }
  }
}

/// C structures that stay where they are as long as their program.
final class ArgumentMemory {
  private var blocks: [UnsafeMutableRawPointer] = []

  deinit { for block in blocks { block.deallocate() } }

  /// Keeps elements that need no deinitialisation.
  func place<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
    let pointer = UnsafeMutablePointer<Element>.allocate(capacity: max(elements.count, 1))
    pointer.initialize(from: elements, count: elements.count)
    blocks.append(UnsafeMutableRawPointer(pointer))
    return pointer
  }

  /// Keeps one element.
  func place<Element: BitwiseCopyable>(_ element: Element) -> UnsafeMutablePointer<Element> {
    place([element])
  }
}

extension Instruction {
  /// The kernel call that does this.
  ///
  /// - Parameter constantsAreFar: whether the program's constants don't fit the caches.
  func call(_ memory: ArgumentMemory, constantsAreFar: Bool) -> KernelCall {
    switch kernel {
    case .unary(let function): elementwise(kn_unary, function.code, memory)
    case .binary(let function):
      elementwise(kn_binary, function.code(inputs[0].elementType), memory)
    case .compare(let comparison):
      elementwise(kn_compare, comparison.code(inputs[0].elementType), memory)
    case .select: elementwise(kn_select, 0, memory)
    case .cast:
      elementwise(kn_cast, castCode(inputs[0].elementType, outputs[0].elementType), memory)
    case .iota(let axis): iota(axis, memory)
    case .copy: copy(memory)
    case .gemm:
      make(
        kn_gemm, gemmArguments(constantsAreFar: constantsAreFar), memory,
        [
          (MemoryLayout.offset(of: \kn_gemm_arguments.a), inputs[0]),
          (gemmOffsetOfB, inputs[1]),
          (MemoryLayout.offset(of: \kn_gemm_arguments.c), outputs[0]),
        ] + gemmOptionalFields)
    case .reduce(let function, let axes): reduce(function, axes, memory)
    case .argmax(let axis): argmax(axis, memory)
    case .shortlistArgMax(let columns, let isBfloat16):
      shortlistArgMax(columns, isBfloat16: isBfloat16, memory)
    case .softmax(let softmax): self.softmax(softmax, memory)
    case .normalization(let norm): normalization(norm, memory)
    case .normalizationGradient(let norm): normalizationGradient(norm, memory)
    case .embedding(let embedding): self.embedding(embedding, memory)
    case .attention(let attention): self.attention(attention, memory)
    case .attentionGradient(let attention): attentionGradient(attention, memory)
    case .gather(let rows): gather(bfloat16Rows: rows, memory)
    case .scatterAdd: scatterAdd(memory)
    case .updateRows: updateRows(memory)
    case .checkLengths(let limit): checkLengths(limit, memory)
    case .maskedUpdate(let holds): maskedUpdate(holds, memory)
    case .pack(let packing): pack(packing, memory)
    case .recurrentCell(let cell): recurrentCell(cell, memory)
    case .recurrentSequence(let layer): recurrentSequence(layer, memory)
    case .recurrentSequenceGradient(let gradient): recurrentSequenceGradient(gradient, memory)
    case .crossEntropy(let loss): crossEntropy(kn_cross_entropy, loss, memory)
    case .crossEntropyGradient(let loss): crossEntropy(kn_cross_entropy_gradient, loss, memory)
    case .randomUniform(let stream): randomUniform(stream, memory)
    case .optimizerUpdate(let update): optimizerUpdate(update, memory)
    }
  }

  /// Places arguments.
  func make<Arguments: BitwiseCopyable>(
    _ kernel: @escaping kn_kernel, _ arguments: Arguments, _ memory: ArgumentMemory,
    _ fields: [(offset: Int?, view: View)]
  ) -> KernelCall {
    KernelCall(
      kernel: kernel, arguments: UnsafeMutableRawPointer(memory.place(arguments)),
      fields: fields)
  }

  /// Places arguments of a kernel that says in `status` which element of an input it could not take.
  func make<Arguments: BitwiseCopyable>(
    _ kernel: @escaping kn_kernel, _ arguments: Arguments, _ memory: ArgumentMemory,
    _ fields: [(offset: Int?, view: View)], reporting kind: KernelCall.Report.Kind,
    of input: View, to status: UnsafeMutablePointer<kn_index_status>
  ) -> KernelCall {
    var call = make(kernel, arguments, memory, fields)
    call.reports = [KernelCall.Report(kind: kind, status: status, shape: input.shape)]
    return call
  }
}

/// Sets the first elements of a C array, which Swift sees as a tuple.
func set<Array, Element: BitwiseCopyable>(_ array: inout Array, _ values: [Element]) {
  withUnsafeMutableBytes(of: &array) { bytes in
    values.withUnsafeBytes { bytes.copyMemory(from: $0) }
  }
}
