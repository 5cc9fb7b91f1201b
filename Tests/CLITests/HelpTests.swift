import Testing

/// What the command says of itself is what files beside this one hold.
@Suite struct HelpTests {
  static let verbs = [
    "compile", "run", "predict", "train", "evaluate", "bench", "inspect", "list", "opt", "verify",
  ]

  @Test(arguments: verbs) func help(of verb: String) throws {
    let result = try Sequent.run(verb, "--help")
    #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
    #expect(try difference(result.output, fromFile: "Help/\(verb).txt") == nil)
  }

  @Test func overviewNamesEveryVerb() throws {
    let result = try Sequent.run("--help")
    #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
    #expect(try difference(result.output, fromFile: "Help/overview.txt") == nil)
    for verb in Self.verbs { #expect(result.output.contains("\n  \(verb) ")) }
  }

  @Test func helpIsAnOptionOnlyBeforeTwoDashes() throws {
    let result = try Sequent.run("opt", "--", "--help")
    #expect(result.status == 1)
    #expect(result.errors == "error: --help: no such file or directory\n")
  }
}
