import Foundation
import Testing

/// `--weights-type bf16`, from compiling to answers.
@Suite struct WeightsTypeTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let result = try sequent(
      "compile language-of-word --set hidden=4 --set embedding=3 --set layers=1 -o full.sequent"
        + " && sequent compile full.sequent --weights-type bf16 -o half.sequent")
    try #require(result.status == 0, "\(result)")
    let note = "matrices in bf16: "
    #expect(result.errors.contains(note), "\(result)")
    #expect(result.errors.contains("rounded by at most "), "\(result)")
  }

  private func sequent(_ arguments: String) throws -> Sequent.Result {
    try Sequent.shell("sequent \(arguments)", in: folder.url)
  }

  @Test func matricesTakeHalf() throws {
    let full = try sequent("inspect full.sequent"), half = try sequent("inspect half.sequent")
    #expect(full.output.contains(", 505 values, 2020 bytes\n"), "\(full)")
    #expect(half.output.contains(", 505 values, 1"), "\(half)")
    #expect(half.output.contains("\nmatrices    bf16, rounded by at most "), "\(half)")
    #expect(!full.output.contains("\nmatrices "), "\(full)")
  }

  @Test func resultsAreVerified() throws {
    let own = try sequent(
      "verify half.sequent --dim time=5 && sequent verify half.sequent --bitwise --dim time=5")
    #expect(own.status == 0 && !own.output.contains("DIFFERENT"), "\(own)")
    let list = try sequent("list")
    #expect(own.output.contains(", activations in bf16") == list.output.contains("bf16  in use"))
    let lower = try Sequent.shell("SEQUENT_ISA=avx512 sequent verify half.sequent", in: folder.url)
    #expect(lower.status == 0 && !lower.output.contains("activations in bf16"), "\(lower)")
    let against = try sequent("verify half.sequent --against full.sequent --dim batch=8")
    #expect(against.status == 0, "\(against)")
    let lines = against.output.split(separator: "\n")
    #expect(lines.count == 2 && lines[0].contains("max difference"), "\(against)")
    #expect(lines[1].hasPrefix("logits") && lines[1].hasSuffix("within"), "\(against)")
    let strict = try sequent("verify half.sequent --against full.sequent --tolerance 0")
    #expect(strict.status == 1 && strict.output.contains("BEYOND"), "\(strict)")
    let same = try sequent("verify full.sequent --against full.sequent --tolerance 0")
    #expect(same.status == 0 && same.output.contains("100.0 %"), "\(same)")
    let both = try sequent("verify half.sequent --against full.sequent --bitwise")
    #expect(both.status == 2, "\(both)")
  }

  @Test func casesAndModelsAreTimed() throws {
    let line = #"{"name": "g", "kind": "gemm", "m": 1, "n": 65, "k": 7, "weights": "bf16"}"#
    let bad = line.replacing("bf16", with: "bf17")
    let result = try Sequent.run(
      "bench", "--cases", "-", "--format", "jsonl", "--seconds", "0", input: "\(line)\n\(bad)\n")
    #expect(result.status == 0, "\(result)")
    #expect(result.output.contains(#""weights":"bf16""#), "\(result)")
    #expect(result.output.contains(#"\"weights\" is not f32 or bf16"#), "\(result)")
    let model = try sequent(
      "bench full.sequent --weights-type bf16 --dim batch=2 --dim time=3 --seconds 0")
    #expect(model.status == 0 && model.output.contains("bf16"), "\(model)")
  }

  @Test func wrongUseIsNamed() throws {
    let over = try sequent("compile full.sequent --weights-type bf16")
    #expect(over.status == 2 && over.errors.hasPrefix("error: option --output is missing"))
    try folder.write(
      """
      module @double {
        function @main(%x: f32[batch, 8]) -> (y: f32[batch, 8]) {
          %y = add %x, %x : f32[batch, 8]
          return %y
        }
      }

      """, to: "double.sqir")
    let none = try sequent("compile double.sqir --weights-type bf16")
    #expect(
      none.status == 2
        && none.errors.hasPrefix("error: option --weights-type: the model has no matrices"),
      "\(none)")
    let other = try sequent(
      "compile double.sqir -o d.sequent && sequent verify full.sequent --against d.sequent")
    #expect(other.status == 1 && other.errors.contains("in one model, "), "\(other)")
  }
}
