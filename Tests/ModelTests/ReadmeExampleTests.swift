import Foundation
import Sequent
import SequentExamples
import SequentIR
import SequentRuntime
import Testing

// What stands between the marks is what the README shows; a test holds them together.
// README begins
struct Tagger: Model {
  let embedding = Embedding(1000, 64)
  let encoder = LSTM(64, 128, layers: 2, bidirectional: true)
  let head = Linear(256, 12)

  func main(_ inputs: Inputs) -> Outputs {
    let tokens = inputs.tokens(), lengths = inputs.lengths()
    return ["logits": head(encoder(embedding(tokens), lengths: lengths).output)]
  }
}
// README ends

@Suite struct ReadmeExampleTests {
  @Test func modelRuns() throws {
    // README begins
    let session = try Tagger().compiled().session()
    let outputs = try session.run([
      "tokens": .int32([5, 9, 2, 7, 1, 0], shape: [2, 3]), "lengths": .int32([3, 2], shape: [2]),
    ])
    print(outputs["logits"]?.shape ?? [])  // [2, 3, 12]
    // README ends
    #expect(outputs["logits"]?.shape == [2, 3, 12])
  }

  @Test func modelTrains() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "readme-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (words, held, model) = (
      folder.appending(path: "words.tsv").path, folder.appending(path: "held.tsv").path,
      folder.appending(path: "language.sequent").path
    )
    try "zwischen\tde\nthrough\ten\n".write(toFile: words, atomically: true, encoding: .utf8)
    try "deutsch\tde\n".write(toFile: held, atomically: true, encoding: .utf8)
    // README begins
    let training = try TracedTraining(LanguageOfWord())
    let files = TrainingFiles([words], validation: [held])
    let trainer = try Trainer(
      training, TrainingData(files, for: training), files: TrainingFolder(model: model))
    try trainer.run { event in
      if case .epoch(let epoch) = event { print(epoch.epoch, epoch.metric("accuracy") ?? 0) }
      return .goOn
    }
    let trained = try trainer.best()
    // README ends
    #expect(trained.traced.task?.labels == LanguageOfWord.languages)
  }

  @Test func mistakeNamesLayerOperandsAndLine() throws {
    struct Wrong: Model {
      let embedding = Embedding(1000, 64)
      let encoder = LSTM(64, 128, layers: 2, bidirectional: true)
      let head = Linear(192, 12)

      func main(_ inputs: Inputs) -> Outputs {
        let tokens = inputs.tokens(), lengths = inputs.lengths()
        return ["logits": head(encoder(embedding(tokens), lengths: lengths).output)]
      }
    }
    let error = try #require(throws: ModelError.self) { try Wrong().traced() }
    let line = try Self.readme().split(separator: "\n").map(String.init)
      .first { $0.hasPrefix("    Tagger.swift:") }
    let expected = try #require(line).drop { $0 != "h" }
    #expect(error.description.hasSuffix(expected))
  }

  @Test func readmeShowsThisCode() throws {
    let source = try String(contentsOfFile: #filePath, encoding: .utf8)
    var shown: [String] = []
    var isShown = false
    for line in source.components(separatedBy: "\n") {
      let text = line.trimmingCharacters(in: .whitespaces)
      if text == "// README begins" || text == "// README ends" {
        isShown = text == "// README begins"
      } else if isShown {
        shown.append(line)
      }
    }
    let readme = try Self.readme()
    for line in shown where !line.isEmpty {
      let code = line.trimmingCharacters(in: .whitespaces)
      #expect(readme.contains(code), "the README lacks: \(code)")
    }
  }

  private static func readme() throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
  }
}
