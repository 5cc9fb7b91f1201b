import Foundation
import Testing

/// `sequent train` from outside: what it writes, and how it stops.
@Suite struct TrainTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    // Words of two made-up languages: one likes a, the other o.
    let words = (0..<240).map { number -> String in
      let vowel = number % 2 == 0 ? "a" : "o"
      let consonants = ["b", "d", "k", "l", "m", "n", "r", "s"]
      let letters = (0..<3).map { consonants[(number * 7 + $0 * 3) % 8] + vowel }
      return letters.joined() + "\t" + (number % 2 == 0 ? "it" : "es")
    }
    try (words.dropLast(40).joined(separator: "\n") + "\n").write(
      to: folder["words.tsv"], atomically: true, encoding: .utf8)
    try (words.suffix(40).joined(separator: "\n") + "\n").write(
      to: folder["held.tsv"], atomically: true, encoding: .utf8)
  }

  private let small = "--set hidden=8 --set embedding=8 --batch 16"

  private func train(_ rest: String) throws -> Sequent.Result {
    try Sequent.shell("sequent train \(rest)", in: folder.url)
  }

  @Test func trainsAModelThatPredicts() throws {
    let result = try train(
      "language-of-word --data words.tsv --validation held.tsv -o m.sequent --epochs 6 \(small)"
        + " --telemetry --telemetry-every 26 --save-steps 2")
    #expect(result.status == 0 && result.output.isEmpty, "\(result)")
    #expect(result.errors.contains("200 texts to learn from, 40 held out"))
    #expect(result.errors.contains("epoch 6/6: loss"))
    #expect(result.errors.contains("peak memory"))
    let answers = try Sequent.shell(
      "printf 'balama\\nkosomo\\n' | sequent predict m.sequent | cut -f 1", in: folder.url)
    #expect(answers.output == "it\nes\n")
    let metrics = try String(contentsOf: folder["m.training/metrics.jsonl"], encoding: .utf8)
    #expect(metrics.split(separator: "\n").count == 6)
    #expect(metrics.contains("\"f1.es\":"))
    let telemetry = try String(contentsOf: folder["m.training/telemetry.jsonl"], encoding: .utf8)
    #expect(telemetry.split(separator: "\n").count == 3)
    let curve = try String(contentsOf: folder["m.training/loss.svg"], encoding: .utf8)
    #expect(curve.contains("validation") && curve.hasSuffix("</svg>\n"))
  }

  @Test func aSwiftFileFindsItsLabelsInTheData() throws {
    let model = """
      import Sequent

      struct Finder: Model {
        struct Configuration: ModelConfiguration {
          var text = TextEncoding(unit: .character, vocabulary: ["<pad>", "<unk>"], unknown: 1)
          var labels = ["none"]
        }
        static let preparation: DataPreparation? = DataPreparation(.classify, unit: .character)
        let configuration: Configuration
        let embedding: Embedding
        let head: Linear
        init(_ configuration: Configuration) {
          self.configuration = configuration
          embedding = Embedding(configuration.text.vocabulary.count, 8)
          head = Linear(8, configuration.labels.count)
        }
        func main(_ inputs: Inputs) -> Outputs {
          ["logits": head(Pooling.mean(embedding(inputs.tokens()), lengths: inputs.lengths()))]
        }
        var task: ModelTask? { .classify(labels: configuration.labels, text: configuration.text) }
      }

      """
    try model.write(to: folder["Finder.swift"], atomically: true, encoding: .utf8)
    let result = try train(
      "Finder.swift --data words.tsv --held-out 0.2 --epochs 20 --learning-rate 0.1")
    #expect(result.status == 0, "\(result)")
    let answers = try Sequent.shell(
      "printf 'balama\\nkosomo\\n' | sequent predict Finder.sequent | cut -f 1", in: folder.url)
    #expect(answers.output == "it\nes\n")
  }

  @Test func aSignalSavesAndResumingGivesTheSameModel() throws {
    let run = "language-of-word --data words.tsv --validation held.tsv --epochs 80 \(small)"
    let whole = try train("\(run) -o whole.sequent")
    #expect(whole.status == 0, "\(whole)")
    let stopped = try Sequent.shell(
      """
      sequent train \(run) -o parts.sequent --threads 1 &
      while [ ! -e parts.training/metrics.jsonl ]; do sleep 0.01; done
      kill -TERM $!; wait $!
      """, in: folder.url)
    #expect(stopped.status == 1, "\(stopped)")
    #expect(stopped.errors.contains("stopped by SIGTERM; saved in"), "\(stopped)")
    let again = try train("\(run) -o parts.sequent")
    #expect(again.status == 1 && again.errors.contains("--resume goes on"), "\(again)")
    let resumed = try train("\(run) -o parts.sequent --resume")
    #expect(resumed.status == 0, "\(resumed)")
    #expect(
      try Data(contentsOf: folder["whole.sequent"]) == Data(contentsOf: folder["parts.sequent"]))
  }

  @Test func aDiskThatIsFullLeavesTheCheckpoint() throws {
    let run = "language-of-word --data words.tsv --validation held.tsv \(small) -o m.sequent"
    let first = try train("\(run) --epochs 1")
    #expect(first.status == 0, "\(first)")
    let before = try Data(contentsOf: folder["m.sequent"])
    // A limit on the size of files is how a test fills a disk.
    let result = try Sequent.shell("ulimit -f 1; sequent train \(run) --epochs 2", in: folder.url)
    #expect(result.status == 1 && result.errors.contains("file too large"), "\(result)")
    #expect(try Data(contentsOf: folder["m.sequent"]) == before)
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
    #expect(!left.contains { $0.hasSuffix(".partial") })
  }

  @Test(arguments: [
    ("language-of-word", 2, "option --data is missing"),
    ("language-of-word --data -", 2, "which '-' can't be"),
    ("language-of-word --data none.tsv", 1, "none.tsv: no such file or directory"),
    ("nothing --data words.tsv", 1, "nothing: no such file, and no model of this name"),
    ("language-of-word --data words.tsv --epochs 0", 2, "0 is not between 1 and"),
    ("language-of-word --data words.tsv --optimizer adm", 2, "did you mean adam"),
    ("language-of-word --data words.tsv --telemetry-every 5", 2, "without --telemetry"),
    ("language-of-word --data words.tsv --resume", 1, "last.safetensors: no such file"),
    ("language-of-word --data words.tsv --resume --restart", 2, "can't be given together"),
    (
      "language-of-word --data words.tsv --validation held.tsv --held-out 0.1", 2,
      "--validation says what only measures"
    ),
  ]) func mistakesAreNamed(_ command: String, _ status: Int, _ message: String) throws {
    let result = try train(command)
    #expect(result.status == Int32(status), "\(result)")
    #expect(result.errors.contains(message), "\(result)")
  }

  @Test func aBadLineIsNamed() throws {
    try "balama\tit\nkosomo\txx\n".write(
      to: folder["bad.tsv"], atomically: true, encoding: .utf8)
    let result = try train("language-of-word --data bad.tsv --held-out 0")
    #expect(result.status == 1)
    #expect(
      result.errors.hasPrefix("error: bad.tsv: line 2: the label 'xx', expected one of"),
      "\(result)")
  }
}
