import SequentIR
import Testing

@testable import Sequent

@Suite struct NPZTests {
  @Test func readsEveryLayout() throws {
    let file = try NPZFile(path: fixture("arrays.npz"))
    #expect(
      file.tensorNames == [
        "c", "fortran", "scalar", "empty", "half", "double", "int32", "int64", "uint8", "bool",
      ])
    let values = (0..<24).map { Float($0) }
    for name in ["c", "fortran", "half", "double"] {
      #expect(try file.tensor(named: name) == .float32(values, shape: [2, 3, 4]), "\(name)")
    }
    for name in ["int32", "int64", "uint8"] {
      #expect(try file.tensor(named: name).integers == Array(0..<24), "\(name)")
    }
    #expect(try file.tensor(named: "scalar") == .float32([2.5], shape: []))
    #expect(try file.tensor(named: "empty") == .float32([], shape: [0, 3]))
    #expect(try file.tensor(named: "bool").elements == .bool((0..<24).map { $0 % 2 == 0 }))
    #expect(file.description(of: "bool")?.shape == [2, 3, 4])
  }

  @Test func readsDeflatedArrays() throws {
    let file = try NPZFile(path: fixture("keras-lstm.npz"))
    #expect(file.description(of: "weights/encoder/kernel")?.shape == [3, 20])
    for name in file.tensorNames {
      #expect(try file.tensor(named: name).shape == file.description(of: name)?.shape)
    }
  }

  @Test func writesWhatItReads() throws {
    let tensors = try TensorCollection([
      "encoder/kernel": .float32([1, 2, 3, 4, 5, 6], shape: [2, 3]), "é": .int32([7], shape: []),
      "mask": .bool([true, false], shape: [2]),
    ])
    try withTemporaryFolder { folder in
      try NPZFile.write(tensors, to: "\(folder)/a.npz")
      let file = try NPZFile(path: "\(folder)/a.npz")
      #expect(file.tensorNames == tensors.tensorNames)
      for name in file.tensorNames {
        #expect(try file.tensor(named: name) == tensors.tensor(named: name))
      }
    }
  }

  @Test func opensFilesByTheirContents() throws {
    #expect(try openTensors(path: fixture("arrays.npz")) is NPZFile)
    #expect(try openTensors(path: fixture("types.safetensors")) is SafetensorsFile)
    #expect(try openTensors(path: fixture("v1.npy")).description(of: "array")?.shape == [3, 4])
  }

  /// A wrong byte of data is found by the checksum; the message names the array.
  @Test func checksChecksums() throws {
    var bytes = try bytes(of: fixture("arrays.npz"))
    bytes[30 + "c.npy".count + 20 + 128 + 5] ^= 1
    let file = try NPZFile(FileContents(bytes: bytes, name: "bad.npz"))
    #expect(
      message { _ = try file.tensor(named: "c") }
        == "bad.npz: array c.npy: its checksum is wrong")
  }

  /// An archive whose entry claims to inflate to four gigabytes.
  @Test func refusesBombs() throws {
    var bytes = try bytes(of: fixture("keras-lstm.npz"))
    let directory = try #require(
      bytes.indices.first { bytes[$0...].starts(with: [0x50, 0x4b, 1, 2]) })
    bytes.replaceSubrange(directory + 24..<directory + 28, with: [0, 0, 0, 0xf0])
    let bomb = FileContents(bytes: bytes, name: "bomb.npz")
    #expect(
      message { _ = try NPZFile(bomb) }.contains("can't hold the 4026531840 that are declared"))
  }

  @Test func refusesDamagedArchives() throws {
    let whole = try bytes(of: fixture("arrays.npz"))
    for count in 0..<whole.count {
      let cut = FileContents(bytes: Array(whole[..<count]), name: "cut.npz")
      #expect(throws: FormatError.self) { try NPZFile(cut) }
    }
    // Both entries of the directory point at the first array.
    var shared = whole
    let entries = whole.indices.filter { whole[$0...].starts(with: [0x50, 0x4b, 1, 2]) }
    shared.replaceSubrange(entries[1] + 42..<entries[1] + 46, with: [0, 0, 0, 0])
    #expect(
      message { _ = try NPZFile(FileContents(bytes: shared, name: "shared.npz")) }
        .contains("overlap"))
  }
}
