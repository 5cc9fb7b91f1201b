import SequentIR
import Testing

@testable import Sequent

@Suite struct NPYTests {
  private func array(_ header: String, version: UInt8 = 1, data: Int = 0) -> FileContents {
    let length = [UInt8(header.utf8.count & 0xff), UInt8(header.utf8.count >> 8)]
    let bytes =
      NPYHeader.magic + [version, 0] + length + Array(header.utf8)
      + [UInt8](repeating: 0, count: data)
    return FileContents(bytes: bytes, name: "bad.npy")
  }

  @Test(arguments: ["v1.npy", "v2.npy", "v3.npy"])
  func readsEveryVersion(name: String) throws {
    let tensor = try TensorData(npy: FileContents(path: fixture(name)))
    #expect(tensor.shape == [3, 4])
    #expect(tensor.floats == (0..<12).map { Float($0) })
  }

  @Test func writesWhatNumpyWrites() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/array.npy"
      try TensorData.float32((0..<12).map { Float($0) }, shape: [3, 4]).writeNPY(to: path)
      #expect(try bytes(of: path) == bytes(of: fixture("v1.npy")))
      for tensor in [
        try TensorData.int32([-7], shape: []), try .bool([true, false], shape: [2]),
        try .float32([], shape: [3, 0]),
      ] {
        try tensor.writeNPY(to: path)
        #expect(try TensorData(npy: FileContents(path: path)) == tensor)
      }
    }
  }

  @Test(arguments: [
    ("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", 4, "big-endian"),
    ("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", 4, "'|O' are not supported"),
    ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4, "structured"),
    ("{'descr': '<f4', 'fortran_order': 1, 'shape': (1,), }", 4, "not a dictionary"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", 4, "not a length"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': 1, }", 4, "not a dictionary"),
    ("{'descr': '<f4', 'fortran_order': False, }", 4, "just descr, fortran_order and shape"),
    ("{'descr': '<f4', 'descr': '<f4', 'shape': (1,), }", 4, "descr twice"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } x", 4, "not a dictionary"),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", 4,
      "more elements"
    ),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 4, "truncated: 4 bytes"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 9, "too long: 9 bytes"),
  ])
  func refusesWrongHeaders(header: String, data: Int, reason: String) {
    let refusal = message { _ = try TensorData(npy: array(header, data: data)) }
    #expect(refusal.hasPrefix("bad.npy: "))
    #expect(refusal.contains(reason))
  }

  @Test func refusesOtherVersionsAndFiles() {
    #expect(message { _ = try TensorData(npy: array("", version: 4)) }.contains("version 4"))
    let text = FileContents(bytes: Array("text".utf8), name: "bad.npy")
    #expect(message { _ = try TensorData(npy: text) } == "bad.npy: not a .npy array")
    let axes = String(repeating: "1, ", count: 65)
    let deep = array("{'descr': '<f4', 'fortran_order': False, 'shape': (\(axes)), }", data: 4)
    #expect(message { _ = try TensorData(npy: deep) }.contains("65 axes"))
  }
}
