import Foundation
import Testing

/// A checkpoint's folder from compilation to answers, by the commands a user types.
@Suite struct PretrainedTests {
  private func shell(_ commands: String) throws -> Sequent.Result {
    let folder = try TemporaryFolder()
    let checkpoints = Sequent.package.appending(path: "Tests/FormatTests/Fixtures/checkpoints")
    return try Sequent.shell(
      commands.replacing("FOLDER", with: checkpoints.path), in: folder.url)
  }

  @Test func sentencesBecomeVectors() throws {
    let result = try shell(
      "sequent compile FOLDER/embedding --explain 2>&1 | grep -c '^+ fuse-attention' && "
        + "printf 'a quick brown fox\\n\\n' | sequent predict embedding.sequent")
    #expect(result.status == 0, "\(result)")
    let lines = result.output.split(separator: "\n")
    try #require(lines.count == 3 && lines[0] == "2", "\(result)")
    for line in lines.dropFirst() {
      let vector = try JSONDecoder().decode([Double].self, from: Data(line.utf8))
      #expect(vector.count == 16 && abs(vector.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
    }
  }

  @Test func textGoesOn() throws {
    let result = try shell(
      "sequent compile FOLDER/gpt2 -o g.sequent 2>/dev/null && "
        + "sequent predict g.sequent --length 5 --temperature 0 <<< 'The quick brown'")
    #expect(result.status == 0 && !result.output.isEmpty, "\(result)")
  }

  @Test func settingsAreTheCheckpoints() throws {
    let result = try shell("sequent compile FOLDER/gpt2 --set width=3")
    #expect(
      result.status == 2
        && result.errors.hasPrefix(
          "error: option --set: a checkpoint's settings are those of its config.json"),
      "\(result)")
    let training = try shell("sequent train FOLDER/gpt2 --data x")
    #expect(
      training.status == 1 && training.errors.contains("a checkpoint's folder has no objective"),
      "\(training)")
  }
}
