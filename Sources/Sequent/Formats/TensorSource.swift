import SequentIR

/// What is known about a stored tensor before its values are read.
public struct TensorDescription: Hashable, Sendable {
  /// The type that the elements are read as.
  public let elementType: ElementType

  /// The length of each axis.
  public let shape: [Int]

  /// Whether a file holds, or is to hold, the elements as bfloat16: two bytes each.
  public let isBfloat16: Bool

  /// A description of a tensor with elements of this type, in this shape.
  public init(elementType: ElementType, shape: [Int], isBfloat16: Bool = false) {
    self.elementType = elementType
    self.shape = shape
    self.isBfloat16 = isBfloat16
  }
}

/// Named tensors, read one at a time: a file, or tensors in memory.
public protocol TensorSource: Sendable {
  /// The file's name, for messages.
  var name: String { get }

  /// The names of the tensors, in the source's order.
  var tensorNames: [String] { get }

  /// Text stored with the tensors, by key.
  var metadata: [String: String] { get }

  /// The element type and shape of a tensor; nil when there is none of that name.
  func description(of tensor: String) -> TensorDescription?

  /// The values of a tensor, read and converted now.
  func tensor(named tensor: String) throws -> TensorData
}

extension TensorSource {
  /// The error that there is no tensor of this name.
  func missing(_ tensor: String) -> FormatError {
    FormatError(file: name, subject: "tensor \(tensor)", reason: "there is none of this name")
  }
}

/// Tensors in memory, in a given order.
public struct TensorCollection: TensorSource {
  /// The file's name, for messages.
  public let name: String

  /// Text stored with the tensors, by key.
  public let metadata: [String: String]

  /// The names of the tensors.
  public let tensorNames: [String]
  private let tensors: [String: TensorData]

  /// A source of these tensors, ordered by name.
  public init(
    _ tensors: [String: TensorData], metadata: [String: String] = [:], name: String = "memory"
  ) {
    self.name = name
    self.metadata = metadata
    self.tensors = tensors
    tensorNames = tensors.keys.sorted()
  }

  /// The element type and shape of a tensor; nil when there is none of that name.
  public func description(of tensor: String) -> TensorDescription? {
    tensors[tensor].map { TensorDescription(elementType: $0.elementType, shape: $0.shape) }
  }

  /// The values of a tensor.
  public func tensor(named tensor: String) throws -> TensorData {
    guard let data = tensors[tensor] else { throw missing(tensor) }
    return data
  }
}
