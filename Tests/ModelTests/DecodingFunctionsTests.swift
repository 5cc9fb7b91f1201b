import SequentIR
import SequentRuntime
import Testing

@testable import Sequent

/// What is wrong with the functions of a model is said before it decodes.
@Suite struct DecodingFunctionsTests {
  private static let source = "%source: i32[sources, source_time], %source_lengths: i32[sources]"

  /// A module whose step looks tokens up and takes and gives what is said.
  private static func module(
    encode inputs: String = source, step: String, _ outputs: String = "logits: f32[rows, 4]",
    _ results: String = "%y"
  ) throws -> Module {
    try Module(
      parsing: """
        module @m {
          parameter @table : f32[9, 4] {role = other, init = zeros}
          function @encode(\(inputs)) -> (memory: f32[sources, 4], h: f32[sources, 4]) {
            %m = gather @table, %source_lengths : f32[sources, 4]
            return %m, %m
          }
          function @step(\(step)) -> (\(outputs)) {
            %y = gather @table, %tokens : f32[rows, 4]
            return \(results)
          }
        }
        """)
  }

  @Test func `functions are read`() throws {
    let state = try DecodingFunctions(
      Self.module(
        step: "%tokens: i32[rows], state %h: f32[rows, 4] = next",
        "logits: f32[rows, 4], next: f32[rows, 4]", "%y, %h"))
    #expect(state.memory.isEmpty && state.firstStates.map(\.name) == ["h"])
    #expect(state.rows == "rows" && state.vocabularySize == 4 && !state.hasAttention)
    let memory = try DecodingFunctions(
      Self.module(
        step: "%tokens: i32[rows], %row_sources: i32[rows], %memory: f32[sources, 4], "
          + "%source_lengths: i32[sources], state %own: f32[rows, 4] = next",
        "logits: f32[rows, 4], attention: f32[rows, 4], next: f32[rows, 4]", "%y, %y, %own"))
    #expect(memory.memory.map(\.name) == ["memory"] && memory.firstStates.isEmpty)
    #expect(memory.hasAttention && memory.takesRowSources && memory.lengths != nil)
  }

  @Test(arguments: [
    ("%tokens: i32[rows, 1]", "step has no input 'tokens' i32 with 1 axis"),
    ("%tokens: i32[5]", "step takes tokens i32[5], expected i32[rows]"),
    ("%tokens: i32[rows], %row_sources: i32[sources]", "step takes row_sources i32[sources]"),
    ("%tokens: i32[rows], %other: f32[sources, 4]", "step takes 'other' f32[sources, 4], which"),
    (
      "%tokens: i32[rows], %row_sources: i32[rows], %memory: f32[sources, 5]",
      "step takes 'memory' f32[sources, 5], encode gives f32[sources, 4]"
    ),
    (
      "%tokens: i32[rows], %row_sources: i32[rows], %memory: f32[rows, 4]",
      "step takes 'memory' f32[rows, 4], expected memory with an axis of sources"
    ),
    ("%tokens: i32[rows], %memory: f32[sources, 4]", "step takes 'memory' by source, but no"),
  ])
  func `a step that does not fit is named`(_ inputs: String, _ message: String) throws {
    let rows = inputs.contains("rows, 1") ? "rows, 1" : inputs.contains("[5]") ? "5" : "rows"
    let module = try Module(
      parsing: Self.module(step: "%tokens: i32[rows]").text
        .replacing("%tokens: i32[rows]", with: inputs)
        .replacing("f32[rows, 4] {", with: "f32[\(rows), 4] {")
        .replacing("logits: f32[rows, 4]", with: "logits: f32[\(rows), 4]")
        .replacing("%tokens : f32[rows, 4]", with: "%tokens : f32[\(rows), 4]"))
    expect(message, module)
  }

  @Test func `other functions that do not fit are named`() throws {
    let step = "%tokens: i32[rows]"
    expect(
      "encode takes source", try Self.module(encode: Self.source + ", %x: f32[sources]", step: step)
    )
    expect(
      "encode has no input 'source'",
      try Self.module(encode: "%source_lengths: i32[sources]", step: step))
    expect("step has no output 'logits'", try Self.module(step: step, "other: f32[rows, 4]"))
    expect(
      "step takes 'h' f32[sources, 4], expected a state [rows, …]",
      try Self.module(
        step: "%tokens: i32[rows], state %h: f32[sources, 4] = next",
        "logits: f32[rows, 4], next: f32[sources, 4]", "%y, %h"))
    expect(
      "step gives attention f32[9, 4]",
      try Module(
        parsing: Self.module(
          step: step, "logits: f32[rows, 4], attention: f32[rows, 4]", "%y, %y"
        ).text.replacing("attention: f32[rows, 4]", with: "attention: f32[9, 4]")
          .replacing("return %y, %y", with: "return %y, @table")))
    var without = try Self.module(step: step)
    without.functions.removeLast()
    expect("has the functions encode and step; 'm' has encode", without)
  }

  @Test func `the encoding has to fit`() throws {
    let module = try Self.module(step: "%tokens: i32[rows]")
    let executable = try Executable(module, weights: module.initialWeights(seed: 0).parameters)
    let vocabulary = ["<pad>", "<unk>", "<s>", "</s>"]
    let fits = TextEncoding(unit: .word, vocabulary: vocabulary, unknown: 1, begin: 2, end: 3)
    let decoder = try SequenceDecoder(executable, target: fits)
    #expect(throws: PredictionError.self) {
      var options = DecodingOptions()
      options.recordsAttention = true
      _ = try decoder.decode([[1]], options)
    }
    for encoding in [
      TextEncoding(unit: .word, vocabulary: vocabulary, unknown: 1),
      TextEncoding(unit: .word, vocabulary: vocabulary + ["a"], unknown: 1, begin: 2, end: 3),
    ] {
      #expect(throws: PredictionError.self) { try SequenceDecoder(executable, target: encoding) }
    }
    #expect(throws: (any Error).self) { try SequenceScorer(executable, target: fits) }
  }

  private func expect(
    _ message: String, _ module: Module, _ location: Testing.SourceLocation = #_sourceLocation
  ) {
    do throws(PredictionError) {
      _ = try DecodingFunctions(module)
      Issue.record("no error, expected: \(message)", sourceLocation: location)
    } catch {
      #expect(error.message.contains(message), sourceLocation: location)
    }
  }
}

extension TensorCollection {
  /// The tensors as the runtime takes them.
  fileprivate var parameters: [String: TensorData] {
    get throws {
      try Dictionary(uniqueKeysWithValues: tensorNames.map { ($0, try tensor(named: $0)) })
    }
  }
}
