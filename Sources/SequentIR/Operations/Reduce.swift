/// One number for all elements along some axes: `%m = reduce.sum %x {axes = [1], keep = true}`.
///
/// Of nothing: 0, 1, the ends of the type's range; NaN for the mean. NaN gives NaN; a sum of integers
/// wraps around.
public struct Reduce: OperationRule {
  /// What is done with the elements.
  public enum Function: String, Hashable, Sendable, CaseIterable {
    case sum, mean, maximum, minimum, product
  }

  public static let mnemonics = Function.allCases.map { "reduce.\($0.rawValue)" }

  /// What is done with the elements.
  public let function: Function
  /// The axes that go, counted from the front, ascending.
  public let axes: [Int]
  /// Whether the axes stay with a size of 1.
  public let keepsAxes: Bool

  /// Creates a reduction.
  public init(_ function: Function, axes: [Int], keepsAxes: Bool = false) {
    self.function = function
    self.axes = axes.sorted()
    self.keepsAxes = keepsAxes
  }

  /// The word in the text form.
  public var mnemonic: String { "reduce.\(function.rawValue)" }

  public var attributes: [Attribute] {
    [Attribute("axes", .integers(axes))] + (keepsAxes ? [Attribute("keep", .flag(true))] : [])
  }

  public static func parse(
    _ mnemonic: String, _ attributes: AttributeReader
  ) throws(TypeError) -> Operation {
    guard let function = Function(rawValue: String(mnemonic.dropFirst("reduce.".count))) else {
      throw TypeError("no reduction is called '\(mnemonic)'")
    }
    return .reduce(
      Reduce(
        function, axes: try attributes.integers("axes"), keepsAxes: try attributes.flag("keep")))
  }

  public func resultTypes(_ operands: [TensorType]) throws(TypeError) -> [TensorType] {
    try expect(1, operands, of: mnemonic)
    let operand = operands[0]
    guard
      operand.elementType == .float32
        || (operand.elementType == .int32 && function != .mean && function != .product)
    else { throw TypeError("\(mnemonic) does not take \(operand)") }
    guard axes.allSatisfy({ operand.shape.indices.contains($0) }), Set(axes).count == axes.count
    else { throw TypeError("\(mnemonic): axes \(axes) are not axes of \(operand)") }
    return [TensorType(operand.elementType, reduced(operand.shape, one: 1))]
  }

  private func reduced<Size>(_ shape: [Size], one: Size) -> [Size] {
    shape.indices.compactMap { axes.contains($0) ? (keepsAxes ? one : nil) : shape[$0] }
  }

  public func evaluate(_ operands: [HostTensor], _ bindings: Bindings) throws -> [HostTensor] {
    let operand = operands[0]
    let isInteger = operand.elementType == .int32
    let start: Double =
      switch function {
      case .sum, .mean: 0
      case .product: 1
      case .maximum: isInteger ? Double(Int32.min) : -.infinity
      case .minimum: isInteger ? Double(Int32.max) : .infinity
      }
    let kept = operand.shape.indices.map { axes.contains($0) ? 1 : operand.shape[$0] }
    var result = HostTensor(operand.elementType, kept, repeating: start)
    forEachIndex(operand.shape) { index in
      let place = index.indices.map { axes.contains($0) ? 0 : index[$0] }
      let value = operand[index]
      switch function {
      case .sum, .mean: result[place] += value
      case .product: result[place] *= value
      case .maximum: result[place] = Binary.maximum.value(result[place], value)
      case .minimum: result[place] = Binary.minimum.value(result[place], value)
      }
    }
    if function == .mean {
      let count = Double(axes.reduce(1) { $0 * operand.shape[$1] })
      result.values = result.values.map { $0 / count }
    }
    if isInteger, function == .sum {
      result.values = result.values.map { Double(Int32(truncatingIfNeeded: Int64($0))) }
    }
    return [
      HostTensor(operand.elementType, reduced(operand.shape, one: 1), result.values)
    ]
  }
}

extension Reduce {
  /// Each element has the gradient of its sum; of a maximum, the elements that equal it share it.
  public func gradient(
    of node: Node, upstream: [Value?], _ b: inout GradientBuilder
  ) throws(TypeError) -> [Value?] {
    let x = node.operands[0]
    let type = b.type(of: x)
    guard let dy = upstream[0], type.elementType == .float32 else { return [nil] }
    let kept = type.shape.indices.map { axes.contains($0) ? 1 : type.shape[$0] }
    let gradient = try b.reshape(dy, to: kept)
    let result = try b.reshape(node.results[0], to: kept)
    switch function {
    case .sum: return [try b.emit(.broadcast(Broadcast(type.shape)), gradient)]
    case .mean:
      let count = try b.emit(.size(Size(axes.map { type.shape[$0] })))
      let share = try b.emit(.binary(.divide), gradient, count)
      return [try b.emit(.broadcast(Broadcast(type.shape)), share)]
    case .maximum, .minimum:
      let isBest = try b.emit(.cast(Cast(.float32)), b.emit(.compare(.equal), x, result))
      let count = try b.emit(.reduce(Reduce(.sum, axes: axes, keepsAxes: true)), isBest)
      return [try b.multiply(isBest, b.emit(.binary(.divide), gradient, count))]
    case .product:
      return [try b.emit(.binary(.divide), b.multiply(gradient, result), x)]
    }
  }
}
