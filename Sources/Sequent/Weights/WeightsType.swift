import SequentIR

/// How an artifact stores matrices, and sessions keep them in memory.
public enum WeightsType: String, CaseIterable, Sendable {
  /// Four bytes an element.
  case float32 = "f32"
  /// Two bytes an element: the nearest bfloat16. Sums stay float32; whether products round what they
  /// multiply by them too, the instruction set says.
  case bfloat16 = "bf16"
}

/// How far matrices were rounded when they were stored in fewer bits.
public struct WeightRounding: Hashable, Sendable {
  /// The largest |rounded - w| / |w| of an element w.
  public let largest: Double
  /// The parameter that it is an element of.
  public let parameter: String

  /// As an artifact records it.
  var text: String { "\(largest) \(parameter)" }

  init(largest: Double, parameter: String) {
    (self.largest, self.parameter) = (largest, parameter)
  }

  init?(_ text: String) {
    let parts = text.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, let largest = Double(parts[0]) else { return nil }
    self.init(largest: largest, parameter: String(parts[1]))
  }
}

extension Module {
  /// The parameters that may be stored in bfloat16: matrices that are multiplied or looked up in.
  var matrixNames: [String] {
    parameters.filter { parameter in
      [.linear, .gate, .embedding].contains(parameter.role)
        && parameter.type.elementType == .float32 && parameter.type.shape.count == 2
    }.map(\.name)
  }
}

/// A source some of whose tensors are rounded to bfloat16.
struct RoundedTensors: TensorSource {
  let source: any TensorSource
  /// The tensors that are rounded.
  let rounded: Set<String>

  var name: String { source.name }
  var metadata: [String: String] { source.metadata }
  var tensorNames: [String] { source.tensorNames }

  func description(of tensor: String) -> TensorDescription? {
    source.description(of: tensor).map {
      TensorDescription(
        elementType: $0.elementType, shape: $0.shape,
        isBfloat16: $0.isBfloat16 || rounded.contains(tensor))
    }
  }

  /// A tensor, its elements rounded.
  ///
  /// - Throws: `FormatError` for a finite element that would become infinite.
  func tensor(named tensor: String) throws -> TensorData {
    let data = try source.tensor(named: tensor)
    guard rounded.contains(tensor), case .float32(let values) = data.elements else { return data }
    return try .float32(nearest(to: values, tensor), shape: data.shape)
  }

  /// The largest rounding of an element; kernels take denormals for zero, and they don't count.
  func rounding() throws -> WeightRounding? {
    var largest: WeightRounding?
    for name in tensorNames where rounded.contains(name) {
      guard case .float32(let values) = try source.tensor(named: name).elements else { continue }
      var most: Float = 0
      for (value, rounded) in zip(values, try nearest(to: values, name)) where value.isNormal {
        most = max(most, abs(rounded - value) / abs(value))
      }
      if most > Float(largest?.largest ?? -1) {
        largest = WeightRounding(largest: Double(most), parameter: name)
      }
    }
    return largest
  }

  private func nearest(to values: [Float], _ tensor: String) throws -> [Float] {
    let nearest = values.map(Bfloat16.rounded)
    if let place = nearest.indices.first(where: { nearest[$0].isInfinite && values[$0].isFinite }) {
      throw FormatError(
        file: name, subject: "tensor \(tensor)",
        reason: "it holds \(values[place]), which has no place in bf16")
    }
    return nearest
  }
}
