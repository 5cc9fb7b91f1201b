/// Text that is not a module.
public struct ParseError: Error, Hashable, CustomStringConvertible {
  /// The line, from 1.
  public let line: Int
  /// The character in the line, from 1.
  public let column: Int
  /// What is wrong there.
  public let message: String

  /// Creates an error.
  public init(line: Int, column: Int, message: String) {
    self.line = line
    self.column = column
    self.message = message
  }

  /// `12:7: '%x' is not defined`.
  public var description: String { "\(line):\(column): \(message)" }
}
