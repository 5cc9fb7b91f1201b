import Testing

/// Wrong use ends with status 2 and one line that says what is wrong.
@Suite struct UsageTests {
  struct Mistake: CustomTestStringConvertible {
    let arguments: String
    let message: String
    var testDescription: String { "sequent \(arguments)" }
  }

  static let mistakes: [Mistake] = [
    Mistake(arguments: "", message: "a command is missing"),
    Mistake(arguments: "frobnicate", message: "unknown command 'frobnicate'"),
    Mistake(arguments: "compil x", message: "unknown command 'compil'; did you mean compile?"),
    Mistake(arguments: "compile", message: "MODEL is missing"),
    Mistake(arguments: "compile a b", message: "unexpected argument 'b'"),
    Mistake(
      arguments: "compile a --sett x=1", message: "unknown option --sett; did you mean --set?"),
    Mistake(arguments: "compile a -z", message: "unknown option -z"),
    Mistake(arguments: "compile a --set", message: "option --set KEY=VALUE: the value is missing"),
    Mistake(
      arguments: "compile a --set x", message: "option --set: 'x' is not of the form NAME=VALUE"),
    Mistake(
      arguments: "compile a --set =x", message: "option --set: '=x' is not of the form NAME=VALUE"),
    Mistake(arguments: "opt --explain=yes", message: "option --explain takes no value"),
    Mistake(arguments: "opt --explain --explain", message: "option --explain is given twice"),
    Mistake(
      arguments: "opt --passes --explain", message: "option --passes NAME,...: the value is missing"
    ),
  ]

  @Test(arguments: mistakes) func isSaid(_ mistake: Mistake) throws {
    let result = try Sequent.shell("sequent \(mistake.arguments) < /dev/null")
    #expect(result.status == 2, "\(result)")
    #expect(result.output.isEmpty)
    #expect(result.errors.hasPrefix("error: \(mistake.message)\n"), "\(result)")
  }

  @Test func unknownPassIsNamedWithThoseThereAre() throws {
    let result = try Sequent.run("opt", "--passes", "canonicalise")
    #expect(result.status == 2)
    #expect(result.errors.contains("'canonicalise' is none of canonicalize"))
    #expect(result.errors.contains("; did you mean canonicalize?\n"))
  }
}
