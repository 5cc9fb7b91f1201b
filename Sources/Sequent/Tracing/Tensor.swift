import SequentIR

/// A value of a model while it is traced: it has a type, and no numbers yet.
public struct Tensor {
  let trace: Trace
  let value: Value?
  let type: TensorType

  /// The size of every axis: constants, named dimensions, and their sums.
  public var shape: [Dimension] { type.shape }

  /// What an element is.
  public var elementType: ElementType { type.elementType }

  /// The number of axes.
  public var rank: Int { type.rank }

  func emit(
    _ operation: Operation, _ others: [Tensor] = [], name: String? = nil,
    at location: SourceLocation? = nil
  ) -> Tensor {
    // A step of a scan may combine a tensor from outside with one from inside: the innermost wins.
    let trace = others.reduce(trace) { $1.trace.isInside($0) ? $1.trace : $0 }
    return trace.emit(operation, [self] + others, names: name.map { [$0] } ?? [], at: location)[0]
  }

  /// A number of this tensor's element type, of rank 0.
  func scalar(_ value: Double) -> Tensor {
    trace.emit(
      .constant(Constant(value, elementType)), [], names: ["constant"], at: nil)[0]
  }

  /// An axis counted from the front, for one that may be counted from the back.
  func resolve(axis: Int, _ location: SourceLocation) -> Int? {
    guard value != nil else { return nil }
    do throws(TypeError) { return try type.axis(axis) } catch {
      trace.context.fail(error.message, location)
      return nil
    }
  }

  /// This tensor without a value, where a mistake was found.
  var withoutValue: Tensor { Tensor(trace: trace, value: nil, type: type) }
}

extension Trace {
  /// Whether this graph lies inside another one, at any depth.
  func isInside(_ other: Trace) -> Bool {
    var ancestor = enclosing
    while let trace = ancestor {
      if trace === other { return true }
      ancestor = trace.enclosing
    }
    return false
  }
}
