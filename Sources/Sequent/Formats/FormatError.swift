/// What is wrong with a file, or why it could not be read or written.
public struct FormatError: Error, Hashable, CustomStringConvertible {
  /// The file's name, as it was given.
  public let file: String

  /// What in the file is meant, such as `tensor head.weight`; nil for the file itself.
  public let subject: String?

  /// What is wrong with it, with the sizes involved.
  public let reason: String

  /// An error about a file, or about something in it.
  public init(file: String, subject: String? = nil, reason: String) {
    self.file = file
    self.subject = subject
    self.reason = reason
  }

  /// The file, the subject and the reason, in one line.
  public var description: String {
    subject.map { "\(file): \($0): \(reason)" } ?? "\(file): \(reason)"
  }
}
