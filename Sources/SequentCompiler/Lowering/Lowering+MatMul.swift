import SequentIR

extension Lowerer {
  /// `activation(scale · a·b + bias + residual)` and its slope, or that times a factor, the batch axes
  /// brought down to two.
  mutating func product(
    _ linear: FusedLinear, _ operands: [View], _ shapes: [[Int]]
  ) throws -> [View] {
    var (a, b) = (operands[0], operands[1])
    let shape = shapes[0]
    let results = try shapes.map { try allocate(.float32, $0) }
    guard results[0].count > 0 else { return results }
    let bias = linear.hasBias ? operands[2] : nil
    var residual = linear.hasResidual || linear.hasFactor ? operands[operands.count - 1] : nil
    let rows: [Int]
    let isShared = b.shape.dropLast(2).allSatisfy { $0 == 1 }
    let inner = a.shape[a.rank - 1]
    if isShared, inner > 0, let merged = a.reshaped(to: [a.count / inner, inner]) {
      // One weight matrix for all rows: the batch is more rows.
      a = merged
      b = matrix(b)
      rows = [1, 1]
    } else {
      let batch = Array(shape.dropLast(2))
      a = a.broadcast(to: batch + a.shape.suffix(2))
      b = b.broadcast(to: batch + b.shape.suffix(2))
      rows = try twoAxes(batch, &a, &b)
    }
    var gemm = Kernel.Gemm(
      columns: shape[shape.count - 1], isPacked: false, hasBias: bias != nil,
      hasResidual: residual != nil, accumulates: false, scale: linear.scale,
      activation: linear.activation)
    gemm.multipliesResidual = linear.hasFactor
    let wide = rows + [results[0].count / (rows[0] * rows[1] * gemm.columns), gemm.columns]
    let outputs = try results.map { try reshaped($0, to: wide) }
    if let tensor = residual { residual = try reshaped(rowsInOnePiece(tensor), to: wide) }
    // The kernel adds a residual behind the activation; ours goes before it, as what c starts with:
    // scale · (residual / scale + a·b).
    if let tensor = residual, linear.activation != .none, !linear.hasFactor {
      (residual, gemm.hasResidual, gemm.accumulates) = (nil, false, true)
      if linear.scale == 1 {
        copy(tensor, into: outputs[0])
      } else {
        let factor = literal(.float32, [Float(1 / linear.scale).bitPattern], wide)
        emit(.binary(.multiply), [tensor, factor], into: outputs[0])
      }
    }
    b = try weights(b, &gemm)
    var inputs = [a.padded(to: 4), b.padded(to: 4)]
    if let bias { inputs.append(try dense(bias)) }
    if let residual { inputs.append(residual) }
    emit(.gemm(gemm), inputs, into: outputs)
    return results
  }

  /// The last two axes of a tensor whose others are of size 1.
  private func matrix(_ view: View) -> View {
    var view = view
    while view.rank > 2 { view = view.dropping(0) }
    return view
  }

  /// b packed, if it is a matrix that stays the same from run to run.
  private mutating func weights(_ b: View, _ gemm: inout Kernel.Gemm) throws -> View {
    guard b.rank == 2 || b.shape.dropLast(2).allSatisfy({ $0 == 1 }), b.count > 0,
      constantPosition(of: b) != nil
    else { return b }
    gemm.isPacked = true
    gemm.isBfloat16 = isBfloat16(b)
    return try packed(.gemm(isBfloat16: gemm.isBfloat16), [matrix(b)])
  }

  /// Batch axes as two, of both operands alike; what does not merge is copied.
  private mutating func twoAxes(_ batch: [Int], _ a: inout View, _ b: inout View) throws -> [Int] {
    let count = batch.reduce(1, *)
    for split in [max(batch.count - 1, 0)] + Array(batch.indices) {
      let outer = batch.prefix(split).reduce(1, *)
      let two = [outer, outer == 0 ? 0 : count / outer]
      if let left = a.reshaped(to: two + a.shape.suffix(2)),
        let right = b.reshaped(to: two + b.shape.suffix(2))
      {
        (a, b) = (left, right)
        return two
      }
    }
    let two = [1, count]
    a = try reshaped(a, to: two + a.shape.suffix(2))
    b = try reshaped(b, to: two + b.shape.suffix(2))
    return two
  }

  private mutating func rowsInOnePiece(_ view: View) throws -> View {
    view.hasUnitColumns ? view : try dense(view)
  }

  /// Weights in a kernel's own order: once for all runs when they are constant, in this run if not.
  mutating func packed(_ packing: Kernel.Packing, _ views: [View]) throws -> View {
    let count = target.packedCount(packing, views)
    let positions = views.compactMap { constantPosition(of: $0) }
    if positions.count == views.count {
      let definitions = zip(views, positions).map { view, position in
        var view = view
        view.buffer = position
        return view
      }
      return view(
        ofConstant: constants.intern(.packed(packing, definitions), .float32, [count]))
    }
    let output = try allocate(.float32, [count])
    emit(.pack(packing), views, into: output)
    return output
  }
}

extension View {
  /// Axes of size 1 put in front.
  func padded(to rank: Int) -> View {
    var view = self
    while view.rank < rank { view = view.inserting(axis: 0) }
    return view
  }
}
