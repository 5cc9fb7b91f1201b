/// A JSON value.
///
/// Members keep their order, and names are told apart by their bytes: vocabularies hold names that
/// Unicode calls equivalent. An integer is exact or it is not `.integer`.
public enum JSON: Hashable, Sendable {
  /// A name and its value in an object.
  public struct Member: Hashable, Sendable {
    /// The name, unique in its object.
    public let name: String

    /// The value.
    public let value: JSON

    /// A member of an object.
    public init(name: String, value: JSON) {
      self.name = name
      self.value = value
    }
  }

  case object([Member])
  case array([JSON])
  case string(String)
  /// A number written as an integer that an `Int` holds.
  case integer(Int)
  /// Any other number.
  case number(Double)
  case bool(Bool)
  case null

  /// Parses a text, whose name messages give as the file.
  public init(parsing text: String, name: String = "JSON") throws {
    self = try Array(text.utf8).withUnsafeBytes { try JSON(parsing: $0, name: name) }
  }

  /// Parses the contents of a file.
  public init(parsing contents: FileContents) throws {
    self = try contents.withUnsafeBytes { try JSON(parsing: $0, name: contents.name) }
  }

  private init(parsing bytes: UnsafeRawBufferPointer, name: String) throws {
    do {
      var reader = JSONReader(bytes)
      self = try reader.readValue()
      try reader.finish()
    } catch let error as JSONError {
      throw FormatError(file: name, reason: error.description)
    }
  }

  /// The value of the member of this name; nil when this is no object or has none.
  public subscript(name: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
  }

  /// The string, if this is one.
  public var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The integer, if this is one.
  public var integer: Int? {
    if case .integer(let value) = self { value } else { nil }
  }

  /// The number, if this is one: an integer is rounded to the nearest double.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The boolean, if this is one.
  public var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The values, if this is an array.
  public var array: [JSON]? {
    if case .array(let values) = self { values } else { nil }
  }

  /// The value if it is short, or its kind: for messages.
  var brief: String {
    switch self {
    case .object: "an object"
    case .array: "an array"
    case .string: "a string"
    case .integer, .number, .bool, .null: description
    }
  }
}
