import SequentCompiler
import SequentIR
import Testing

@testable import SequentRuntime

/// Attention that finds keys and values through a table.
@Suite struct AttentionTableTests {
  /// A step of a decoder: every row's new query sees what its table names in two pools.
  private static func cached(_ heads: Int, keyHeads: Int) -> String {
    """
    module @m {
      function @main(
        %q: f32[rows, 1, \(heads), 16], %pk: f32[slots, \(keyHeads * 16)], %pv: f32[slots, \(keyHeads * 16)],
        %table: i32[rows, keys], %lengths: i32[rows]
      ) -> (y: f32[rows, 1, \(heads), 16], n: f32[rows, \(heads), 1, 2], w: f32[rows, \(heads), 1, keys]) {
        %k3 = gather %pk, %table
        %v3 = gather %pv, %table
        %k4 = reshape %k3 {shape = [rows, keys, \(keyHeads), 16]}
        %v4 = reshape %v3 {shape = [rows, keys, \(keyHeads), 16]}
        %k = transpose %k4 {axes = [0, 2, 1, 3]}
        %v = transpose %v4 {axes = [0, 2, 1, 3]}
        %h = transpose %q {axes = [0, 2, 1, 3]}
        %a, %n, %w = attention %h, %k, %v, %lengths {scale = 0.25, lengths = true, weights = true}
        %y = transpose %a {axes = [0, 2, 1, 3]}
        return %y, %n, %w
      }
    }
    """
  }

  /// A step of a decoder over the memory of its source, with additive scores.
  private static let additive = """
    module @m {
      function @main(
        %q: f32[rows, 1, 1, 16], %pk: f32[sources, time, 16], %pv: f32[sources, time, 24],
        %table: i32[rows], %lengths: i32[rows], %u: f32[16]
      ) -> (y: f32[rows, 1, 1, 24], w: f32[rows, 1, 1, time]) {
        %k3 = gather %pk, %table
        %v3 = gather %pv, %table
        %k = reshape %k3 {shape = [rows, 1, time, 16]}
        %v = reshape %v3 {shape = [rows, 1, time, 24]}
        %y, %n, %w = additive_attention %q, %k, %v, %u, %lengths {lengths = true, weights = true}
        return %y, %w
      }
    }
    """

  /// The textbook graph and the one that reads through the table.
  private func models(_ text: String) throws -> (own: Model, shared: Model) {
    let module = try Module(parsing: text)
    let passes = try Pipelines.passes(named: ["fuse-attention-gather", "canonicalize"])
    let folded = try compile(module, options: CompilerOptions(pipeline: passes)).module
    let nodes = folded.functions[0].graph.nodes.map(\.operation.rule.mnemonic)
    #expect(!nodes.contains("gather") && !nodes.contains("broadcast"), "\(nodes)")
    return (Model(module, [:]), Model(folded, [:]))
  }

  private func check(_ text: String, _ inputs: [HostTensor]) throws {
    let (own, shared) = try models(text)
    let inputs = inputs.map(\.rounded)
    try withEachInstructionSet { isa in
      try shared.check(inputs, isa)
      let expected = try own.run(inputs, threads: 1).mapValues(\.bits)
      #expect(try shared.run(inputs, threads: 2).mapValues(\.bits) == expected, "\(isa)")
    }
  }

  @Test(arguments: [(1, 5), (16, 7), (33, 259)])
  func `slots of a pool`(rows: Int, keys: Int) throws {
    let slots = keys + 40
    let table = HostTensor(.int32, [rows, keys]) { place in
      let (row, key) = (place[0], place[1])
      return Double(key < keys / 2 || row % 3 == 0 ? key + 3 : (key * 7 + row) % slots)
    }
    let lengths = HostTensor(.int32, [rows]) { Double(keys - $0[0] % 4) }
    try check(
      Self.cached(4, keyHeads: 4),
      [
        .random([rows, 1, 4, 16], seed: 1), .random([slots, 64], seed: 2),
        .random([slots, 64], seed: 3), table, lengths,
      ])
  }

  @Test(arguments: [(1, 1), (15, 4), (40, 3)])
  func `the memory of sources`(rows: Int, sources: Int) throws {
    try check(
      Self.additive,
      [
        .random([rows, 1, 1, 16], seed: 1), .random([sources, 19, 16], seed: 2),
        .random([sources, 19, 24], seed: 3),
        HostTensor(.int32, [rows]) { Double($0[0] * sources / rows) },
        HostTensor(.int32, [rows]) { Double(19 - $0[0] % 20) }, .random([16], seed: 4),
      ])
  }

  @Test func `what a pool does not have is an error`() throws {
    let (_, shared) = try models(Self.cached(2, keyHeads: 2))
    let inputs: [HostTensor] = [
      .random([2, 1, 2, 16], seed: 1), .random([6, 32], seed: 2), .random([6, 32], seed: 3),
      HostTensor(.int32, [2, 3], [0, 1, 2, 3, 6, 5]), HostTensor(.int32, [2], [3, 3]),
    ]
    #expect {
      _ = try shared.run(inputs, threads: 1)
    } throws: { error in
      "\(error)".hasPrefix("table[1, 1] is 6, not a row of a table of 6 rows (attention %a")
    }
    #expect {
      _ = try Evaluator(parameters: [:]).evaluate(shared.function, inputs)
    } throws: { "\($0)".contains("index 6 at position 4 is not one of 6 slots") }
  }

  @Test func `there is no gradient through a table`() throws {
    let (_, shared) = try models(Self.cached(2, keyHeads: 2))
    #expect {
      _ = try shared.function.differentiated("y", withRespectTo: ["q"])
    } throws: { "\($0)".contains("has no gradient: disable fuse-attention-gather") }
    #expect(CompilerOptions().differentiable.disabledPasses == ["fuse-attention-gather"])
  }
}
