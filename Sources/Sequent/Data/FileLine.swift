/// A line of a file, as errors name it.
public struct FileLine: Hashable, Sendable {
  /// The file's name.
  public let file: String
  /// The line's number, from 1.
  public let number: Int

  /// What is wrong with the line.
  func problem(_ reason: String) -> FormatError {
    FormatError(file: file, subject: "line \(number)", reason: reason)
  }
}
