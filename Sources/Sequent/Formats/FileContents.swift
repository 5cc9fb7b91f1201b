#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The bytes of a file, mapped rather than read where the file can be mapped.
///
/// The mapping is private and read-only: pages are loaded when they are touched, and shared with
/// other processes that map the same file. Files that Sequent writes are replaced, never changed in
/// place, so a mapping stays what it was; a file that someone else cuts short while it is mapped
/// can't be read safely by any program.
public final class FileContents: @unchecked Sendable {
  // Unchecked: the bytes are never written between init and deinit.
  private let bytes: UnsafeRawBufferPointer
  private let isMapped: Bool

  /// The file's name, for messages.
  public let name: String

  /// The contents of the file at a path; a pipe or a terminal is read to its end.
  public init(path: String) throws {
    name = path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FormatError(file: path, systemError: errno) }
    defer { close(descriptor) }

    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw FormatError(file: path, systemError: errno)
    }
    let size = Int(status.st_size)
    if status.st_mode & S_IFMT == S_IFREG, size > 0 {
      guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED
      else { throw FormatError(file: path, systemError: errno) }
      bytes = UnsafeRawBufferPointer(start: start, count: size)
      isMapped = true
    } else {
      bytes = Self.copy(try Self.readToEnd(descriptor, name: path))
      isMapped = false
    }
  }

  /// Bytes that are in memory already, under the name that messages give them.
  public init(bytes: [UInt8], name: String) {
    self.name = name
    self.bytes = Self.copy(bytes)
    isMapped = false
  }

  deinit {
    if isMapped {
      munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    } else {
      bytes.deallocate()
    }
  }

  /// How many bytes there are.
  public var count: Int { bytes.count }

  /// Calls `body` with the bytes, which are valid only during the call.
  public func withUnsafeBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    try withExtendedLifetime(self) { try body(bytes) }
  }

  private static func copy(_ source: [UInt8]) -> UnsafeRawBufferPointer {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 64)
    copy.copyBytes(from: source)
    return UnsafeRawBufferPointer(copy)
  }

  /// What is read into memory may have so many bytes: a device may have no end.
  private static let streamLimit = 1 << 30

  private static func readToEnd(_ descriptor: Int32, name: String) throws -> [UInt8] {
    var contents: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count == 0 { return contents }
      if count > 0 {
        contents += chunk[..<count]
        guard contents.count <= streamLimit else {
          throw FormatError(
            file: name,
            reason: "longer than \(streamLimit) bytes, which only a regular file may be")
        }
      } else if errno != EINTR {
        throw FormatError(file: name, systemError: errno)
      }
    }
  }
}

extension FormatError {
  /// What the operating system said about a file.
  init(file: String, systemError code: Int32) {
    self.init(file: file, reason: String(cString: strerror(code)).lowercased())
  }
}
