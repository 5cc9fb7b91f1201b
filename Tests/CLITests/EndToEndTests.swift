import Foundation
import Testing

/// A small model from its source to its answers, by the commands a user types.
@Suite struct EndToEndTests {
  let folder: TemporaryFolder

  /// Compiles the example small, with weights drawn at random.
  init() throws {
    folder = try TemporaryFolder()
    let result = try Sequent.shell(
      "sequent compile language-of-word --set hidden=4 --set embedding=3 --set layers=1"
        + " -o small.sequent",
      in: folder.url)
    try #require(result.status == 0, "\(result)")
    try #require(result.output.isEmpty)
    #expect(
      result.errors.hasPrefix("LanguageOfWord: 27 parameters of 505 values, "), "\(result)")
    #expect(result.errors.hasSuffix(" ms; wrote small.sequent\n"), "\(result)")
  }

  private func sequent(_ arguments: String) throws -> Sequent.Result {
    try Sequent.shell("sequent \(arguments)", in: folder.url)
  }

  @Test func inspectSaysWhatItIs() throws {
    let result = try sequent("inspect small.sequent --dim batch=2 --dim time=5")
    #expect(result.status == 0, "\(result)")
    for line in [
      "model       LanguageOfWord\n",
      "task        classify, 8 labels, text by character, vocabulary of 59\n",
      "parameters  27, 505 values, 2020 bytes\n", "\nencoder.layer0.backward  lstm ",
      "  input       tokens: i32[batch, time]\n",
      "  output      logits: f32[batch, 8]\n", " recurrent_sequence\n", "  run         ",
    ] { #expect(result.output.contains(line), "\(line)\(result)") }
  }

  @Test func runTakesAndGivesEveryForm() throws {
    let inputs = "-i tokens='[[2, 3, 4], [5, 6, 0]]' -i lengths='[3, 2]'"
    let text = try sequent("run small.sequent \(inputs)")
    #expect(text.status == 0 && text.output.hasPrefix("{\"logits\":[["), "\(text)")

    let files = try sequent(
      "run small.sequent \(inputs) -o out.npy && "
        + "sequent run small.sequent \(inputs) -o out.npz && "
        + "sequent run small.sequent \(inputs) -o out.safetensors && "
        + "sequent run small.sequent \(inputs) -o out.json && cat out.json")
    #expect(files.status == 0 && files.output == text.output, "\(files)")
    for name in ["out.npy", "out.npz", "out.safetensors"] {
      #expect(FileManager.default.fileExists(atPath: folder[name].path))
    }
    let wrong = try sequent("run small.sequent -i tokens=@out.npy -i lengths='[3, 2]'")
    #expect(
      wrong.status == 1
        && wrong.errors.hasPrefix("error: input 'tokens' is f32, expected i32[batch, time]"),
      "\(wrong)")
  }

  @Test func arraysInFilesAreInputs() throws {
    try folder.write(
      """
      module @double {
        function @main(%x: f32[batch, 8]) -> (y: f32[batch, 8]) {
          %y = add %x, %x : f32[batch, 8]
          return %y
        }
      }

      """, to: "double.sqir")
    let result = try sequent(
      "run small.sequent -i tokens=random:7 -i lengths='[2, 1]' --dim time=3 -o out.npy"
        + " && sequent run small.sequent -i tokens=random:7 -i lengths='[2, 1]' --dim time=3"
        + " && sequent compile double.sqir"
        + " && sequent run double.sequent -i x=@out.npy")
    #expect(result.status == 0, "\(result)")
    let lines = result.output.split(separator: "\n")
    try #require(lines.count == 2, "\(result)")
    let single = try numbers(String(lines[0]), "logits")
    let double = try numbers(String(lines[1]), "y")
    #expect(single.count == 16 && single.map { 2 * $0 } == double)
  }

  private func numbers(_ line: String, _ name: String) throws -> [Float] {
    let object = try JSONDecoder().decode([String: [[Float]]].self, from: Data(line.utf8))
    return object[name]?.flatMap { $0 } ?? []
  }

  @Test func aProfileNamesOperationsAndLines() throws {
    let result = try sequent(
      "run small.sequent -i tokens=random:1 -i lengths='[3]' --dim time=3 --profile trace.json")
    #expect(result.status == 0 && result.output.hasPrefix("{\"logits\":"), "\(result)")
    #expect(result.errors.contains("recurrent_sequence.lstm"), "\(result)")
    #expect(result.errors.contains("LanguageOfWord.swift:"), "\(result)")
    let trace = try JSONSerialization.jsonObject(with: Data(contentsOf: folder["trace.json"]))
    #expect((trace as? [String: Any])?["traceEvents"] is [[String: Any]])
  }

  @Test func predictAnswersEveryLine() throws {
    let result = try sequent("predict small.sequent < <(printf 'word\\n\\nWörd\\r\\nlast')")
    #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
    let lines = result.output.split(separator: "\n").map { $0.split(separator: "\t") }
    #expect(lines.count == 4 && lines.allSatisfy { $0.count == 2 }, "\(result)")

    let two = try sequent("predict small.sequent --n-best 2 --format json <<< word")
    #expect(two.output.hasPrefix("{\"line\":\"word\",\"answers\":[{\"answer\":\""), "\(two)")
    #expect(two.output.split(separator: "score").count == 3)
  }

  @Test func anAnswerDoesNotDependOnItsNeighbours() throws {
    let words = "'a\\nzwischen\\nthrough\\n\\nquelque\\n'"
    let together = try sequent("predict small.sequent < <(printf \(words))")
    let alone = try sequent(
      "predict small.sequent --threads 1 < <(printf \(words) | sort -r) > /dev/null; "
        + "printf \(words) | while read -r w; do sequent predict small.sequent <<< \"$w\"; done")
    #expect(together.status == 0 && together.output == alone.output, "\(together)\(alone)")
  }

  @Test func verifyComparesTheWaysToRunIt() throws {
    let result = try sequent("verify small.sequent --dim batch=3 --dim time=6 --seed 4")
    #expect(result.status == 0 && result.output.contains("fused against reference"), "\(result)")
    #expect(!result.output.contains("BEYOND"))
    let strict = try sequent("verify small.sequent --tolerance 0")
    #expect(strict.status == 1 && strict.output.contains("BEYOND"), "\(strict)")
    #expect(strict.errors == "error: small.sequent: results differ\n")
    let bits = try sequent("verify small.sequent --bitwise --dim batch=3 --dim time=6")
    #expect(bits.status == 0, "\(bits)")
    #expect(bits.output.split(separator: "\n").count == 7)
    #expect(bits.output.hasSuffix("same bits  padded from 6 to 11 steps\n"), "\(bits)")
  }

  @Test func disabledPassesStayDisabled() throws {
    let result = try sequent(
      "compile language-of-word --set hidden=4 --disable fuse-recurrent-sequence,fuse-recurrent-cell"
        + " -o plain.sequent && sequent inspect plain.sequent")
    #expect(result.status == 0, "\(result)")
    #expect(
      result.output.contains(" scan") && !result.output.contains("recurrent"), "\(result)")
  }

  @Test func emissionsAreData() throws {
    let model = "compile language-of-word --set hidden=4 --set layers=1 --emit"
    let ir = try sequent("\(model) ir | sequent opt --passes canonicalize | head -n 1")
    #expect(ir.output == "module @LanguageOfWord {\n", "\(ir)")
    let each = try sequent("\(model) ir-after-each")
    #expect(each.output.hasPrefix("// traced\nmodule @LanguageOfWord {\n"), "\(each.errors)")
    #expect(each.output.contains("\n// after fuse-recurrent-sequence\nmodule"), "\(each.errors)")
    let plan = try sequent("\(model) plan --dim batch=2 --dim time=3")
    #expect(plan.output.contains("recurrent_sequence.lstm"), "\(plan)")
    #expect(plan.output.hasSuffix(" kernels\n"), "\(plan)")
    let dot = try sequent("\(model) dot")
    #expect(dot.output.hasPrefix("digraph"), "\(dot)")
    #expect(!FileManager.default.fileExists(atPath: folder["language-of-word.sequent"].path))
  }

  @Test func mistakesNameWhatTheyAreAbout() throws {
    for (arguments, message) in [
      ("run small.sequent -i token=[1]", "main has no input 'token'; it has tokens, lengths; did "),
      ("run small.sequent -i tokens=[[1]]", "input 'lengths' is missing: --input lengths=VALUE"),
      ("run small.sequent -i tokens=[[1],[2,3]] -i lengths=[1]", "input 'tokens': at [1]: "),
      ("run small.sequent -i tokens=[[1]] -i lengths=[1,2]", "input axis 0 ('batch') of 'length"),
      ("run small.sequent -i tokens=[[99]] -i lengths=[1]", "tokens[0, 0] is 99, not a row of a "),
      ("run small.sequent -i tokens=[[1]] -i lengths=[2]", "lengths[0] is 2, expected 0 to 1"),
      ("run small.sequent -i tokens=@no.npy -i lengths=[2]", "no.npy: no such file or directory"),
      ("run small.sequent --function step", "there is no function 'step'; there are: 'main'"),
      ("run no.sequent", "no.sequent: no such file or directory"),
      ("run small.sqir", "small.sqir: a model that is not compiled yet: sequent compile small"),
      ("predict /dev/null", "/dev/null: "),
      ("compile language-of-word -o /nowhere/x.sequent", "/nowhere/x.sequent: no such file"),
      ("compile language-of-word --weights small.sequent", "small.sequent: does not fit the model"),
    ] {
      let result = try sequent("\(arguments) < /dev/null")
      #expect(result.status == 1, "\(arguments)\n\(result)")
      #expect(result.errors.hasPrefix("error: \(message)"), "\(arguments)\n\(result)")
    }
    let sizes = try sequent("run small.sequent -i tokens=random:1 -i lengths=[1]")
    #expect(sizes.status == 2, "\(sizes)")
    #expect(sizes.errors.hasPrefix("error: input 'tokens' is random: say --dim time=SIZE\n"))
  }
}
