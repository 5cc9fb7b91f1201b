#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Data for whoever called the command, on standard output.
///
/// Text is written at once and in whole; a reader that has gone ends the command without a word, as
/// SIGPIPE does by itself.
///
/// - Throws: `CommandError` when it can't be written: a full disk, a closed descriptor.
func output(_ text: String) throws(CommandError) {
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let count = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    if count >= 0 {
      bytes = bytes.dropFirst(count)
    } else if errno == EPIPE {
      exit(ExitStatus.failure.rawValue)
    } else if errno != EINTR {
      throw CommandError("standard output: \(systemMessage())")
    }
  }
}

/// Something about what is being done, on standard error; it ends with its line.
func note(_ text: String) {
  var bytes = Array((text.hasSuffix("\n") ? text : text + "\n").utf8)[...]
  while !bytes.isEmpty {
    let count = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    guard count >= 0 || errno == EINTR else { return }
    bytes = bytes.dropFirst(max(count, 0))
  }
}

/// What the operating system says about the last call that failed.
func systemMessage() -> String { String(cString: strerror(errno)).lowercased() }

/// Keeps files that are opened from becoming a standard stream that the caller has closed: data
/// meant for standard output would end up in them.
///
/// Each missing one becomes `/dev/null`, opened the other way round, so that using it fails.
func reserveStandardDescriptors() {
  for (descriptor, mode) in [
    (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_WRONLY),
  ] where fcntl(descriptor, F_GETFD) < 0 {
    // Descriptors are given out in order: the lowest that is free is this one.
    _ = open("/dev/null", mode)
  }
}

/// Lines of standard input.
///
/// Every read takes what there is, so that lines are answered together when they come together and
/// at once when they come one by one. Bytes that are no UTF-8 are read as U+FFFD.
struct LineReader {
  /// A line that is longer is refused rather than kept.
  private static let longestLine = 1 << 26
  /// A text that is longer is no model.
  private static let longestText = 1 << 26
  private var pending: [UInt8] = []
  private var isAtEnd = false

  /// The next lines, at least one; nil at the end.
  mutating func nextLines() throws(CommandError) -> [String]? {
    while !isAtEnd {
      let chunk = try Self.readChunk()
      isAtEnd = chunk.isEmpty
      let searched = pending.count
      pending += chunk
      if let lines = takeLines(searched) { return lines }
      guard pending.count <= Self.longestLine else {
        throw CommandError("standard input: a line is longer than \(Self.longestLine) bytes")
      }
    }
    return nil
  }

  /// The whole lines that were read; at the end also one without its newline.
  private mutating func takeLines(_ searched: Int) -> [String]? {
    let newline = UInt8(ascii: "\n")
    let end: Int
    if isAtEnd {
      end = pending.count
    } else if let last = pending[searched...].lastIndex(of: newline) {
      end = last + 1
    } else {
      return nil
    }
    guard end > 0 else { return nil }
    var lines = pending[..<end].split(separator: newline, omittingEmptySubsequences: false)
    if pending[end - 1] == newline { lines.removeLast() }
    pending.removeFirst(end)
    return lines.map { line in
      String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
    }
  }

  /// What is left of standard input, as one text.
  static func readAll() throws(CommandError) -> String {
    var bytes: [UInt8] = []
    while true {
      let chunk = try readChunk()
      if chunk.isEmpty { return String(decoding: bytes, as: UTF8.self) }
      bytes += chunk
      guard bytes.count <= longestText else {
        throw CommandError("standard input: longer than \(longestText) bytes")
      }
    }
  }

  /// What there is to read; nothing at the end.
  private static func readChunk() throws(CommandError) -> ArraySlice<UInt8> {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(STDIN_FILENO, &chunk, chunk.count)
      if count >= 0 { return chunk[..<count] }
      if errno != EINTR { throw CommandError("standard input: \(systemMessage())") }
    }
  }
}
