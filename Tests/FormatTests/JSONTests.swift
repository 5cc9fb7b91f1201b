import SequentIR
import Testing

@testable import Sequent

@Suite struct JSONTests {
  @Test func readsAndWritesEveryKindOfValue() throws {
    let text = #"{"a":[1,-2.5,1e-05,true,false,null],"é\n\"\\":{},"b":"\u0001x"}"#
    let json = try JSON(parsing: text)
    #expect(json.description == text)
    #expect(json["a"]?.array?.first?.integer == 1)
    #expect(try JSON(parsing: #""\ud83d\ude00\/""#).string == "😀/")
    #expect(try JSON(parsing: " 9007199254740993 ") == .integer(9_007_199_254_740_993))
    #expect(try JSON(parsing: "1e30").integer == nil)
    // Names that Unicode calls equivalent stay apart: vocabularies have both.
    let names = try JSON(parsing: #"{"\u00e9":1,"e\u0301":2}"#)
    #expect(names["e\u{301}"] == .integer(2))
  }

  @Test(arguments: [
    "", "[", "[1,]", "{\"a\"}", "{\"a\":1,}", "01", "1.", ".5", "+1", "1e", "-", "nul", "NaN",
    "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\u+123\"", "\"\t\"", "1 2", "1e999", "'a'",
    "{\"a\":1,\"a\":2}", "[1}",
  ])
  func refusesWhatIsNotJSON(text: String) {
    let refusal = message { _ = try JSON(parsing: text, name: "x.json") }
    #expect(refusal.hasPrefix("x.json: not valid JSON: "))
  }

  @Test func refusesInvalidTextAndDeepNesting() {
    let invalid = FileContents(bytes: [0x22, 0xff, 0x22], name: "x.json")
    #expect(message { _ = try JSON(parsing: invalid) }.contains("not UTF-8"))
    for opening in ["[", #"{"a":"#] {
      let text = String(repeating: opening, count: 1_000_000)
      #expect(message { _ = try JSON(parsing: text) }.contains("nesting deeper than 128"))
    }
  }

  @Test func arraysAreTensors() throws {
    func tensor(_ text: String, _ type: ElementType) throws -> TensorData {
      try TensorData(json: JSON(parsing: text), elementType: type)
    }
    #expect(try tensor("[[1,2,3],[4,5,6]]", .int32) == .int32([1, 2, 3, 4, 5, 6], shape: [2, 3]))
    #expect(try tensor("[[1,2.5]]", .float32) == .float32([1, 2.5], shape: [1, 2]))
    #expect(try tensor("[true]", .bool) == .bool([true], shape: [1]))
    #expect(try tensor("7", .float32) == .float32([7], shape: []))
    #expect(try tensor("[[],[]]", .float32) == .float32([], shape: [2, 0]))
    let floats: [Float] = [
      0.1, -0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 16_777_219e-3,
    ]
    let data = try TensorData.float32(floats, shape: [5, 1])
    let again = try tensor(data.json.description, .float32)
    #expect(again.floats.map(\.bitPattern) == floats.map(\.bitPattern))
    #expect(try TensorData.float32([.nan, 0.1], shape: [2]).json.description == "[null,0.1]")
  }

  @Test(arguments: [
    (
      "[[1,2],[3]]", SequentIR.ElementType.int32,
      "at [1]: an array of length 1 where 2 is expected"
    ),
    ("[[1,2],3]", .int32, "at [1]: 3 where an array of length 2"),
    ("[1,[2]]", .int32, "at [1]: an array is not an int32"),
    ("[[0],[1.5]]", .int32, "at [1][0]: 1.5 is not an int32"),
    ("[2147483648]", .int32, "at [0]: 2147483648 is not an int32"),
    ("[1e39]", .float32, "at [0]: 1e+39 is not a float32"),
    ("[\"1\"]", .float32, "at [0]: a string is not a float32"),
    ("[1]", .bool, "at [0]: 1 is not a boolean"),
    ("{}", .bool, "an object is not a boolean"),
  ])
  func refusesWhatIsNoTensor(text: String, type: SequentIR.ElementType, reason: String) {
    let refusal = message {
      _ = try TensorData(json: JSON(parsing: text), elementType: type, name: "input x")
    }
    #expect(refusal.hasPrefix("input x: \(reason)"), "\(refusal)")
  }
}
