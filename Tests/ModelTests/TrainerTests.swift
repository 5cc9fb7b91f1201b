import Foundation
import SequentIR
import SequentRuntime
import Synchronization
import Testing

@testable import Sequent

/// Running text with a state that is carried, dropout, and a loss that jumps if asked to.
private struct Speaker: Model {
  let text = TextEncoding(
    unit: .character, vocabulary: ["<pad>", "<unk>"] + "abcdefgh ".map { String($0) }, unknown: 1)
  let embedding = Embedding(11, 6)
  let encoder = LSTM(6, 12)
  let dropout = Dropout(0.2)
  let head = Linear(12, 11)

  func main(_ inputs: Inputs) -> Outputs {
    let memory = inputs.state("memory", of: encoder)
    let read = encoder(
      embedding(inputs.tokens()), lengths: inputs.lengths(), initialState: memory)
    inputs.update(memory, to: read.state)
    return ["logits": head(dropout(read.output))]
  }

  var task: ModelTask? { .languageModel(text: text) }

  var recipe: TrainingRecipe {
    TrainingRecipe(
      epochs: 3, batch: 4, window: 8, optimizer: .adam().clipping(norm: 1),
      schedule: Schedule(.plateau(factor: 0.5, patience: 0), peak: 0.01))
  }
}

@Suite struct TrainerTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "trainer-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func path(_ name: String) -> String { folder.appending(path: name).path }

  private func data(_ recipe: TrainingRecipe) throws -> TrainingData {
    var generator = CounterGenerator(seed: 3, stream: "text")
    let text = (0..<900).map { _ in "abcdefgh ".randomElement(using: &generator) ?? "a" }
    try (String(text) + "\n").write(toFile: path("text.txt"), atomically: true, encoding: .utf8)
    try "abc abc abc abc fgh\n".write(toFile: path("held.txt"), atomically: true, encoding: .utf8)
    return try TrainingData(
      TrainingFiles([path("text.txt")], validation: [path("held.txt")]),
      task: .languageModel(text: Speaker().text), recipe: recipe, seed: 0)
  }

  private func trainer(
    _ name: String, resuming: Bool = false, threads: Int = 1,
    _ change: (inout TrainingRecipe) -> Void = { _ in }
  ) throws -> Trainer {
    var training = try TracedTraining(Speaker())
    change(&training.recipe)
    return try Trainer(
      training, data(training.recipe), files: TrainingFolder(model: path("\(name).sequent")),
      resuming: resuming, seed: 4, threads: threads)
  }

  private func contents(_ name: String) throws -> Data {
    try Data(contentsOf: folder.appending(path: name))
  }

  /// The lines of the metrics, without what depends on the clock.
  private func metrics(_ name: String) throws -> String {
    String(decoding: try contents("\(name).training/metrics.jsonl"), as: UTF8.self)
      .replacing(/"seconds":[0-9.e-]+/, with: "")
  }

  @Test func interruptedAndResumedEqualsUninterrupted() throws {
    let whole = try trainer("whole").run()
    #expect(whole.ending == .finished && whole.history.count == 3)
    // Stopped in the middle of an epoch, at its end, and before the first step; other threads.
    for (stop, threads) in [(0, 2), (1, 1), (40, 5), (29, 2)] {
      var steps = 0
      let summary = try trainer("parts", resuming: stop != 0, threads: threads).run { event in
        if case .step = event { steps += 1 }
        return steps >= stop ? .stop : .goOn
      }
      #expect(summary.ending == .stopped)
    }
    #expect(try trainer("parts", resuming: true, threads: 2).run().ending == .finished)
    for file in ["last.safetensors", "loss.svg"] {
      let (first, second) = (
        try contents("whole.training/\(file)"), try contents("parts.training/\(file)")
      )
      // The checkpoint keeps how long it took, in its header; the tensors are behind it.
      #expect(first.suffix(4096) == second.suffix(4096), "\(file)")
    }
    #expect(try contents("whole.sequent") == contents("parts.sequent"))
    #expect(try metrics("whole") == metrics("parts"))
  }

  @Test func watchersSeeEveryStepAndEpoch() throws {
    var (starts, steps, epochs) = (0, [Int](), [Int]())
    let summary = try trainer("watched").run { event in
      switch event {
      case .started(let overview): starts += overview.parameterCount
      case .step(let step): steps.append(step.step)
      case .epoch(let epoch): epochs.append(epoch.epoch)
      }
      return .goOn
    }
    let batches = steps.count / 3
    #expect(steps == Array(1...3 * batches) && epochs == [1, 2, 3])
    #expect(starts == 11 * 6 + 48 * (6 + 12 + 1) + 11 * 12 + 11)
    #expect(summary.arenaBytes > 0 && summary.best != nil)
    let names = summary.history[0].validation.map(\.name)
    #expect(names == ["loss", "perplexity", "bits_per_character"])
  }

  @Test func aLossThatIsNotFiniteStopsAndLeavesTheCheckpoint() throws {
    _ = try trainer("burst").run { event in
      if case .epoch = event { .stop } else { .goOn }
    }
    let (model, checkpoint) = (
      try contents("burst.sequent"), try contents("burst.training/last.safetensors")
    )
    // From here on with the same recipe but weights that are not numbers.
    let files = TrainingFolder(model: path("burst.sequent"))
    let (state, progress) = try files.load()
    var tensors = state.tensors
    tensors["head.bias"] = try .float32(Array(repeating: .nan, count: 11), shape: [11])
    try files.save(TrainingState(count: state.count, tensors: tensors), progress)
    let broken = try contents("burst.training/last.safetensors")
    let error = #expect(throws: TrainingError.self) {
      try trainer("burst", resuming: true).run()
    }
    #expect(
      error?.description.contains("epoch 2, batch 1 of") == true, "\(String(describing: error))")
    #expect(try contents("burst.training/last.safetensors") == broken)
    #expect(try contents("burst.sequent") == model && checkpoint.count == broken.count)
  }

  @Test func endsWhenNothingBetterComes() throws {
    let summary = try trainer("patient") { recipe in
      recipe.patience = 2
      recipe.epochs = 50
      recipe.schedule = Schedule(.constant, peak: 0)
    }.run()
    #expect(summary.ending == .noImprovement && summary.history.count == 3)
    #expect(summary.best?.epoch == 1)
    #expect(try Trainer.unfinishedRun(in: TrainingFolder(model: path("patient.sequent"))) == nil)
  }

  @Test func goesOnOnlyAsItWasStarted() throws {
    _ = try trainer("first").run { event in
      if case .started = event { .goOn } else { .stop }
    }
    let error = #expect(throws: FormatError.self) {
      try trainer("first", resuming: true) { recipe in
        recipe.batch = 5
        recipe.schedule.peak = 1
      }
    }
    #expect(
      error?.reason.hasPrefix("a run that differs in the data, batch, schedule;") == true,
      "\(String(describing: error))")
    let more = try trainer("first", resuming: true) { $0.epochs = 4 }.run()
    #expect(more.history.count == 4)
  }

  @Test func withoutFilesNothingIsWritten() throws {
    let training = try TracedTraining(Speaker())
    let trainer = try Trainer(training, data(training.recipe), seed: 1)
    try trainer.run()
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(files.sorted() == ["held.txt", "text.txt"])
    #expect(try trainer.best().traced.task?.kind == .languageModel)
  }
}
