import SequentIR
import Testing

@testable import Sequent

@Suite struct SafetensorsTests {
  /// A file with this header and as many zero bytes as data.
  private func file(_ header: String, data: Int = 0) -> FileContents {
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    let bytes = length + Array(header.utf8) + [UInt8](repeating: 0, count: data)
    return FileContents(bytes: bytes, name: "bad.safetensors")
  }

  private func refusal(_ header: String, data: Int = 0) -> String {
    message { _ = try SafetensorsFile(file(header, data: data)) }
  }

  @Test func readsEveryType() throws {
    let file = try SafetensorsFile(path: fixture("types.safetensors"))
    #expect(file.metadata == ["format": "pt"])
    #expect(file.tensorNames.count == 13)
    for name in file.tensorNames {
      let tensor = try file.tensor(named: name)
      #expect(tensor.shape == [2, 3])
      switch tensor.elements {
      case .float32(let values): #expect(values == [0, 1, 2, 3, 100, 127], "\(name)")
      case .int32(let values): #expect(values == [0, 1, 2, 3, 100, 127], "\(name)")
      case .bool(let values): #expect(values == [false, true, true, true, true, true])
      }
      #expect(file.description(of: name)?.elementType == tensor.elementType)
    }
    #expect(file.storedType(of: "bfloat16") == "BF16")
    try file.withUnsafeBytes(of: "int16") { #expect($0.count == 12) }
    #expect(message { _ = try file.tensor(named: "x") }.hasSuffix("there is none of this name"))
  }

  @Test func writesWhatItReads() throws {
    let tensors = try [
      "weight": TensorData.float32([1.5, -.infinity, .leastNonzeroMagnitude, -0], shape: [2, 2]),
      "mask": TensorData.bool([true, false, true], shape: [3]),
      "empty": TensorData.float32([], shape: [0, 4]),
      "scalar \"é\"\n": TensorData.int32([.min], shape: []),
    ]
    try withTemporaryFolder { folder in
      let path = "\(folder)/all.safetensors"
      try SafetensorsFile.write(
        TensorCollection(tensors), metadata: ["key \\": "line 1\nline 2\u{1}"], to: path)
      let file = try SafetensorsFile(path: path)
      #expect(file.metadata == ["key \\": "line 1\nline 2\u{1}"])
      #expect(file.tensorNames.sorted() == tensors.keys.sorted())
      for (name, tensor) in tensors { #expect(try file.tensor(named: name) == tensor) }
      let header = try bytes(of: path).prefix(8)
      #expect(header[0] % 8 == 0)
      #expect(try files(in: folder) == ["all.safetensors"])
    }
  }

  @Test func refusesDamagedFiles() throws {
    let whole = try bytes(of: fixture("types.safetensors"))
    for count in 0..<whole.count {
      let cut = FileContents(bytes: Array(whole[..<count]), name: "cut.safetensors")
      #expect(throws: FormatError.self) { try SafetensorsFile(cut) }
    }
    let longer = FileContents(bytes: whole + [0], name: "long.safetensors")
    #expect(message { _ = try SafetensorsFile(longer) }.contains("1 unused bytes after"))
  }

  @Test func refusesHostileHeaders() {
    let huge = FileContents(bytes: [255, 255, 255, 255, 255, 255, 255, 127], name: "bad")
    #expect(message { _ = try SafetensorsFile(huge) }.contains("not a safetensors file"))
    #expect(refusal("[]").contains("not a JSON object"))
    #expect(refusal("{").contains("not valid JSON"))
    #expect(refusal("{} x").contains("more text"))
    #expect(refusal(#"{"a":1}"#).contains("tensor a: not described by an object"))
    #expect(refusal(#"{"__metadata__":{"a":1}}"#).contains("a is not a string"))
    let nested = String(repeating: "[", count: 1_000_000)
    #expect(refusal(#"{"__metadata__":"# + nested).contains("not an object"))
    #expect(refusal(#"{"a":{"dtype":"F32","shape":"# + nested).contains("nesting deeper"))
    #expect(refusal(#"{"a":{"dtype":"#).contains("tensor a: dtype is not a string"))
  }

  /// Members of a tensor, the bytes of data in the file, and what the refusal says.
  @Test(arguments: [
    (#""dtype":"F4","shape":[1],"data_offsets":[0,1]"#, 1, #"dtype "F4" is none of BOOL"#),
    (#""shape":[1],"data_offsets":[0,1]"#, 1, "no dtype"),
    (#""dtype":"U8","data_offsets":[0,1]"#, 1, "no shape"),
    (#""dtype":"U8","shape":[1]"#, 1, "no pair of data_offsets"),
    (#""dtype":"U8","shape":[1],"data_offsets":[0]"#, 1, "no pair of data_offsets"),
    (#""dtype":"U8","shape":[1],"data_offsets":[0,1,2]"#, 1, "more than 2 values"),
    (#""dtype":"U8","shape":[1],"x":0,"data_offsets":[0,1]"#, 1, #"unknown member "x""#),
    (#""dtype":"U8","dtype":"U8""#, 1, #"the name "dtype" is there twice"#),
    (#""dtype":"U8","shape":[-1],"data_offsets":[0,1]"#, 1, "shape holds -1, not a length"),
    (#""dtype":"U8","shape":[1.0],"data_offsets":[0,1]"#, 1, "shape holds 1.0, not a length"),
    (
      #""dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,1]"#, 1,
      "shape holds 9.223372036854776e+18, not a length"
    ),
    (
      #""dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,1]"#, 1,
      "more elements than a file can hold"
    ),
    (
      #""dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]"#, 0,
      "more elements than a file can hold"
    ),
    (#""dtype":"U8","shape":[1],"data_offsets":[1,0]"#, 1, "run backwards"),
    (#""dtype":"F32","shape":[2],"data_offsets":[0,4]"#, 4, "takes 8"),
    (#""dtype":"U8","shape":[2],"data_offsets":[0,2]"#, 1, "truncated"),
    (#""dtype":"U8","shape":[1],"data_offsets":[1,2]"#, 2, "1 unused bytes between the header"),
    (#""dtype":"U8","shape":[1],"data_offsets":[0,1]"#, 2, "1 unused bytes after a"),
  ])
  func refusesWrongTensors(members: String, data: Int, reason: String) {
    let refusal = refusal("{\"a\":{\(members)}}", data: data)
    #expect(refusal.hasPrefix("bad.safetensors: "))
    #expect(refusal.contains(reason))
  }

  @Test func refusesTensorsThatShareNamesOrBytes() {
    let a = #"{"dtype":"U8","shape":[2],"data_offsets":[0,2]}"#
    let b = #"{"dtype":"U8","shape":[2],"data_offsets":[1,3]}"#
    #expect(refusal(#"{"a":\#(a),"b":\#(b)}"#, data: 3).contains("tensor b: its bytes overlap"))
    #expect(refusal(#"{"a":\#(a),"\u0061":\#(a)}"#, data: 2).contains("twice"))
    // é composed and decomposed: different bytes, one name to Swift.
    #expect(refusal(#"{"\u00e9":\#(a),"e\u0301":\#(a)}"#, data: 2).contains("two of this name"))
  }

  @Test func refusesValuesThatHaveNoPlace() throws {
    let header = #"{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    let value = withUnsafeBytes(of: Int64(1) << 40) { Array($0) }
    let file = try SafetensorsFile(
      FileContents(bytes: length + Array(header.utf8) + value, name: "wide.safetensors"))
    #expect(
      message { _ = try file.tensor(named: "a") }
        == "wide.safetensors: tensor a: it holds 1099511627776, which has no place in i32")
  }
}
