import Testing

/// Streams that are closed, full, or hold anything at all.
@Suite struct StreamTests {
  struct Failure: CustomTestStringConvertible {
    let line: String
    let message: String
    var testDescription: String { line }
  }

  static let failures: [Failure] = [
    Failure(
      line: "sequent list > /dev/full", message: "error: standard output: no space left on device"),
    Failure(line: "sequent list >&-", message: "error: standard output: bad file descriptor"),
    Failure(line: "sequent opt <&-", message: "error: standard input: bad file descriptor"),
    Failure(
      line: "sequent opt < /dev/null",
      message: "error: standard input:1:1: expected 'module', got the end of the text"),
    Failure(
      line: "printf '\\377\\0\\376' | sequent opt", message: "error: standard input:1:1: "),
    Failure(
      line: "yes | sequent opt", message: "error: standard input: longer than 67108864 bytes"),
    Failure(line: "sequent opt /", message: "error: /: is a directory"),
    Failure(
      line: "sequent opt /nowhere.sqir", message: "error: /nowhere.sqir: no such file or directory"),
    Failure(line: "sequent compile nothing.sqir", message: "error: nothing.sqir: no such file"),
    Failure(line: "sequent compile nothing.swift", message: "error: nothing.swift: no such file"),
    Failure(
      line: "sequent compile language-of-wort",
      message: "error: language-of-wort: no such file, and no model of this name; did you mean "
        + "language-of-word?"),
    Failure(
      line: "sequent compile language-of-word --set hiden=3",
      message: "error: LanguageOfWord has no setting 'hiden'; it has embedding, hidden, layers"),
  ]

  @Test(arguments: failures) func isSaid(_ failure: Failure) throws {
    let result = try Sequent.shell(failure.line)
    #expect(result.status == 1, "\(result)")
    #expect(result.output.isEmpty, "\(result)")
    #expect(result.errors.hasPrefix(failure.message), "\(result)")
  }

  @Test func aReaderThatGoesEndsTheCommandQuietly() throws {
    let result = try Sequent.shell(
      "sequent compile language-of-word --emit ir | head -n 1")
    #expect(result.status == 0 && !result.errors.contains("error"), "\(result)")
    #expect(result.output == "module @LanguageOfWord {\n")
  }

  @Test func closedStandardErrorChangesNothing() throws {
    let result = try Sequent.shell("sequent list 2>&- | head -n 1")
    #expect(result.status == 0 && result.output == "models:\n", "\(result)")
  }
}
