#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file of training data, read in pieces and as often as needed.
///
/// `-` is standard input; that and pipes are first copied to a temporary file.
public final class DataFile: @unchecked Sendable {
  // Unchecked: the descriptor is only read from, at given places.
  private let descriptor: Int32
  private let copy: TemporaryFile?

  /// The file's name, for messages.
  public let name: String

  /// Opens the file at a path.
  public init(path: String) throws {
    name = path == "-" ? "standard input" : path
    let source = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
    guard source >= 0 else { throw FormatError(file: name, systemError: errno) }
    do {
      var status = stat()
      guard fstat(source, &status) == 0 else { throw FormatError(file: name, systemError: errno) }
      switch status.st_mode & S_IFMT {
      case S_IFREG where path != "-": copy = nil
      case S_IFDIR: throw FormatError(file: name, reason: "a folder, expected a file")
      default: copy = try Self.copied(source, name: name)
      }
    } catch {
      close(source)
      throw error
    }
    if let copy {
      close(source)
      descriptor = copy.descriptor
    } else {
      descriptor = source
    }
  }

  deinit {
    if copy == nil { close(descriptor) }
  }

  /// Reads bytes from a place until the buffer is full or the file ends; how many.
  func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
    try readBytes(descriptor, buffer, at: offset, name: name)
  }

  private static func copied(_ source: Int32, name: String) throws -> TemporaryFile {
    let copy = try TemporaryFile()
    var block = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = Self.readOnce(source, &block)
      if count == 0 { return copy }
      if count > 0 {
        try block.withUnsafeBytes {
          try copy.append(UnsafeRawBufferPointer(rebasing: $0[..<count]))
        }
      } else if errno != EINTR {
        throw FormatError(file: name, systemError: errno)
      }
    }
  }

  private static func readOnce(_ source: Int32, _ block: inout [UInt8]) -> Int {
    #if canImport(Glibc)
      Glibc.read(source, &block, block.count)
    #else
      Darwin.read(source, &block, block.count)
    #endif
  }
}
