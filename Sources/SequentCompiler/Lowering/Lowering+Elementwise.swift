import SequentIR

extension Lowerer {
  /// A function of elements, sizes of 1 stretched.
  mutating func elementwise(
    _ kernel: Kernel, _ operands: [View], _ elementType: ElementType, _ shape: [Int]
  ) throws -> View {
    let output = try allocate(elementType, shape)
    emit(kernel, operands.map { $0.broadcast(to: shape) }, into: output)
    return output
  }

  /// The same elements under another shape: a view where strides can say so.
  mutating func reshaped(_ view: View, to shape: [Int]) throws -> View {
    if let reshaped = view.reshaped(to: shape) { return reshaped }
    let copy = try dense(view)
    return copy.reshaped(to: shape) ?? copy
  }

  /// Tensors one behind the other.
  mutating func concatenated(_ operands: [View], _ axis: Int, _ shape: [Int]) throws -> View {
    let output = try allocate(operands[0].elementType, shape)
    var start = 0
    for operand in operands {
      copy(operand, into: output.sliced(axis, from: start, count: operand.shape[axis]))
      start += operand.shape[axis]
    }
    return output
  }

  /// A tensor with a part replaced.
  mutating func updated(
    _ tensor: View, with part: View, _ update: UpdateSlice
  ) throws -> View {
    let start = try update.start.size(bindings)
    let (count, size) = (part.shape[update.axis], tensor.shape[update.axis])
    guard start + count <= size else {
      throw LoweringError(
        "update_slice %\(source?.name ?? ""): \(count) positions from \(start) do not lie in "
          + "axis \(update.axis) of size \(size)")
    }
    let output = try allocate(tensor.elementType, tensor.shape)
    copy(tensor, into: output)
    copy(part, into: output.sliced(update.axis, from: start, count: count))
    return output
  }
}
