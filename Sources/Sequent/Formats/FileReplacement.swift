#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file being written.
struct OutputFile {
  let descriptor: Int32
  let path: String

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while !rest.isEmpty {
      #if canImport(Glibc)
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
      #else
        let count = Darwin.write(descriptor, rest.baseAddress, rest.count)
      #endif
      if count >= 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      } else if errno != EINTR {
        throw FormatError(file: path, systemError: errno)
      }
    }
  }

  func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try write($0) }
  }
}

/// Writes a file so that its path holds either the old contents or all of the new ones.
///
/// The new contents go to a temporary file in the same folder, reach the disk, and take the path
/// over in one step. When `body` or the system fails, the temporary file is removed and the old
/// file is as it was. A path that is a device or a pipe is written to directly: there is nothing to
/// keep, and it must not be replaced.
func replaceFile(at path: String, _ body: (OutputFile) throws -> Void) throws {
  var status = stat()
  let exists = stat(path, &status) == 0
  if exists, status.st_mode & S_IFMT != S_IFREG {
    return try writeDirectly(to: path, body)
  }

  let target = exists ? resolvingLinks(path) : path
  let temporary = temporaryPath(beside: target)
  let mode: mode_t = exists ? status.st_mode & 0o7777 : 0o666
  let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
  guard descriptor >= 0 else { throw FormatError(file: path, systemError: errno) }
  do {
    do {
      defer { close(descriptor) }
      if exists { fchmod(descriptor, mode) }  // what the umask took away
      try body(OutputFile(descriptor: descriptor, path: path))
      try check(fsync(descriptor), path)
    }
    try check(rename(temporary, target), path)
  } catch {
    unlink(temporary)
    throw error
  }
  try syncFolder(of: target, named: path)
}

/// Writes a text in a file's place, as `replaceFile` does.
package func replaceFile(at path: String, with text: String) throws {
  try replaceFile(at: path) { try $0.write(Array(text.utf8)) }
}

private func writeDirectly(to path: String, _ body: (OutputFile) throws -> Void) throws {
  let descriptor = open(path, O_WRONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw FormatError(file: path, systemError: errno) }
  defer { close(descriptor) }
  try body(OutputFile(descriptor: descriptor, path: path))
}

/// The file that a path's symbolic links lead to: it is the one to replace, not the link.
private func resolvingLinks(_ path: String) -> String {
  guard let resolved = realpath(path, nil) else { return path }
  defer { free(resolved) }
  return String(cString: resolved)
}

/// The path up to and with the last slash.
private func folder(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "./" }
  return String(path[...slash])
}

private func temporaryPath(beside path: String) -> String {
  let unique = String(UInt64.random(in: 0 ... .max), radix: 36)
  return "\(folder(of: path)).sequent-\(unique).partial"
}

/// Makes the rename itself last: it is a change of the folder.
private func syncFolder(of path: String, named name: String) throws {
  let descriptor = open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  guard descriptor >= 0 else { throw FormatError(file: name, systemError: errno) }
  defer { close(descriptor) }
  // Some file systems can't sync a folder and say EINVAL; the rename is then as safe as it gets.
  if fsync(descriptor) != 0, errno != EINVAL {
    throw FormatError(file: name, systemError: errno)
  }
}

private func check(_ result: Int32, _ path: String) throws {
  guard result == 0 else { throw FormatError(file: path, systemError: errno) }
}
