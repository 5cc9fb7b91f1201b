#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file without a name, for what is too large for memory: it is gone when the process is.
final class TemporaryFile: @unchecked Sendable {
  // Unchecked: reads are at given places; only one owner writes, and before anyone reads.
  let descriptor: Int32
  private let file: OutputFile
  private let folder: String
  /// How many bytes there are.
  private(set) var count = 0

  /// Creates an empty file in `TMPDIR`, or in /var/tmp: /tmp is often in memory itself.
  init() throws {
    folder =
      getenv("TMPDIR").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
      ?? "/var/tmp"
    var path = Array("\(folder)/sequent-XXXXXX".utf8CString)
    descriptor = mkstemp(&path)
    guard descriptor >= 0 else { throw FormatError(file: folder, systemError: errno) }
    unlink(path)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    file = OutputFile(descriptor: descriptor, path: "a temporary file in \(folder)")
  }

  deinit { close(descriptor) }

  /// Adds bytes at the end.
  func append(_ bytes: UnsafeRawBufferPointer) throws {
    try file.write(bytes)
    count += bytes.count
  }

  /// Fills `buffer` with the bytes from `offset` on.
  func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    guard try readBytes(descriptor, buffer, at: offset, name: folder) == buffer.count else {
      throw FormatError(file: folder, reason: "a temporary file ends too early")
    }
  }
}

/// Reads bytes from a place in a file until the buffer is full or the file ends; how many.
func readBytes(
  _ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer, at offset: Int, name: String
) throws -> Int {
  var filled = 0
  while filled < buffer.count {
    let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
    let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + filled))
    if count == 0 { break }
    if count > 0 {
      filled += count
    } else if errno != EINTR {
      throw FormatError(file: name, systemError: errno)
    }
  }
  return filled
}
