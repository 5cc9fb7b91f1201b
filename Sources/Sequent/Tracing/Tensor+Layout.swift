import SequentIR

extension Tensor {
  /// The same elements in the same order under another shape.
  public func reshaped(
    to shape: [Dimension], file: String = #fileID, line: Int = #line
  ) -> Tensor {
    emit(.reshape(Reshape(shape)), at: SourceLocation(file: file, line: line))
  }

  /// The axes in another order: axis i of the result is this tensor's `axes[i]`.
  public func transposed(
    _ axes: [Int], file: String = #fileID, line: Int = #line
  ) -> Tensor {
    emit(.transpose(Transpose(axes)), at: SourceLocation(file: file, line: line))
  }

  /// Sizes of 1, or axes missing in front, stretched to a shape.
  public func broadcast(
    to shape: [Dimension], file: String = #fileID, line: Int = #line
  ) -> Tensor {
    emit(.broadcast(Broadcast(shape)), at: SourceLocation(file: file, line: line))
  }

  /// `size` positions of an axis, from `start`.
  public func slice(
    axis: Int, from start: Dimension, size: Dimension, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let location = SourceLocation(file: file, line: line)
    guard let axis = resolve(axis: axis, location) else { return withoutValue }
    return emit(.slice(Slice(axis: axis, start: start, size: size)), at: location)
  }

  /// The same numbers as another element type.
  public func cast(
    to elementType: ElementType, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    emit(.cast(Cast(elementType)), at: SourceLocation(file: file, line: line))
  }

  /// The sum over an axis.
  public func sum(
    over axis: Int, keepingAxis: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    reduced(.sum, axis, keepingAxis, SourceLocation(file: file, line: line))
  }

  /// The mean over an axis.
  public func mean(
    over axis: Int, keepingAxis: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    reduced(.mean, axis, keepingAxis, SourceLocation(file: file, line: line))
  }

  /// The largest element over an axis.
  public func maximum(
    over axis: Int, keepingAxis: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    reduced(.maximum, axis, keepingAxis, SourceLocation(file: file, line: line))
  }

  /// The position of the largest element over an axis: i32.
  public func argmax(over axis: Int, file: String = #fileID, line: Int = #line) -> Tensor {
    let location = SourceLocation(file: file, line: line)
    guard let axis = resolve(axis: axis, location) else { return withoutValue }
    return emit(.argmax(ArgMax(axis: axis)), at: location)
  }

  private func reduced(
    _ function: Reduce.Function, _ axis: Int, _ keepsAxis: Bool, _ location: SourceLocation
  ) -> Tensor {
    guard let axis = resolve(axis: axis, location) else { return withoutValue }
    return emit(.reduce(Reduce(function, axes: [axis], keepsAxes: keepsAxis)), at: location)
  }

  /// This tensor with an axis of size 1 put in.
  public func expanded(at axis: Int, file: String = #fileID, line: Int = #line) -> Tensor {
    guard (0...rank).contains(axis) else {
      trace.context.fail(
        "axis \(axis) is out of range for \(type)", SourceLocation(file: file, line: line))
      return withoutValue
    }
    var shape = shape
    shape.insert(1, at: axis)
    return reshaped(to: shape, file: file, line: line)
  }
}

extension Tensor {
  /// This tensor and others, one behind the other along an axis.
  public func concatenated(
    with others: [Tensor], axis: Int, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let location = SourceLocation(file: file, line: line)
    guard let axis = resolve(axis: axis, location) else { return withoutValue }
    return emit(.concatenate(Concatenate(axis: axis)), others, at: location)
  }
}

/// Rows of a table `[rows, …]` by number: indices `[i…]` give `[i…, …]`.
public func gather(
  _ table: Tensor, _ indices: Tensor, file: String = #fileID, line: Int = #line
) -> Tensor {
  table.emit(.gather(Gather()), [indices], at: SourceLocation(file: file, line: line))
}

extension Tensor {
  /// This table `[rows, …]` with some rows replaced: `indices` `[…]` says which, `rows` `[…, …]` by what.
  public func replacing(
    rows indices: Tensor, by rows: Tensor, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    emit(.updateRows(UpdateRows()), [indices, rows], at: SourceLocation(file: file, line: line))
  }
}

/// For every row of a batch, which of `time` positions lie before its length: booleans `[batch, time]`.
public func isLive(
  lengths: Tensor, time: Dimension, file: String = #fileID, line: Int = #line
) -> Tensor {
  lengths.trace.context.scope("", SourceLocation(file: file, line: line)) {
    let shape = [lengths.shape.first ?? 1, time]
    let positions = lengths.trace.emit(
      .iota(Iota(shape: shape, axis: 1)), [], names: ["position"], at: nil)[0]
    return positions .< lengths.expanded(at: 1)
  }
}
