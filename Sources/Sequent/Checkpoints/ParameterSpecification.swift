import SequentIR

/// A parameter that a model needs values for.
public struct ParameterSpecification: Hashable, Sendable {
  /// The layer path and the weight's own name.
  public let name: String

  /// The length of each axis.
  public let shape: [Int]

  /// What it is for, which decides how other libraries store it.
  public let role: ParameterRole

  /// The type of its elements.
  public let elementType: ElementType

  /// A parameter of this name, shape and role.
  public init(
    name: String, shape: [Int], role: ParameterRole, elementType: ElementType = .float32
  ) {
    self.name = name
    self.shape = shape
    self.role = role
    self.elementType = elementType
  }

  /// What a module's parameter needs; nil when a dimension is not a constant.
  public init?(_ parameter: Parameter) {
    guard let shape = parameter.type.staticShape else { return nil }
    self.init(
      name: parameter.name, shape: shape, role: parameter.role,
      elementType: parameter.type.elementType)
  }
}
