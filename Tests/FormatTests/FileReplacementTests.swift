import Foundation
import SequentIR
import Testing

@testable import Sequent

@Suite struct FileReplacementTests {
  private struct Interrupted: Error {}

  @Test func keepsTheOldFileWhenWritingFails() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/model.sequent"
      try replaceFile(at: path) { try $0.write(Array("old".utf8)) }
      #expect(throws: Interrupted.self) {
        try replaceFile(at: path) { file in
          try file.write(Array("new".utf8))
          throw Interrupted()
        }
      }
      #expect(try bytes(of: path) == Array("old".utf8))
      #expect(try files(in: folder) == ["model.sequent"])
    }
  }

  @Test func keepsTheModeAndFollowsLinks() throws {
    try withTemporaryFolder { folder in
      let (path, link) = ("\(folder)/file", "\(folder)/link")
      try replaceFile(at: path) { try $0.write(Array("old".utf8)) }
      #expect(chmod(path, 0o604) == 0)
      #expect(symlink("file", link) == 0)
      try replaceFile(at: link) { try $0.write(Array("new".utf8)) }
      #expect(try bytes(of: path) == Array("new".utf8))
      var status = stat()
      #expect(lstat(link, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
      #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o604)
    }
  }

  @Test func saysWhyAFileCannotBeWritten() throws {
    #expect(
      message { try replaceFile(at: "/nowhere/file") { _ in } }
        == "/nowhere/file: no such file or directory")
    let tensor = TensorCollection(["a": try TensorData.float32([1], shape: [1])])
    // A device takes the bytes itself, and this one is always full.
    #expect(
      message { try SafetensorsFile.write(tensor, to: "/dev/full") }
        == "/dev/full: no space left on device")
    #expect(message { _ = try FileContents(path: "/") } == "/: is a directory")
    #expect(
      message { _ = try FileContents(path: "/nowhere/file") }
        == "/nowhere/file: no such file or directory")
  }
}
