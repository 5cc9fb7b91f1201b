import Foundation
import Testing

/// `sequent predict` on a model that forecasts series.
@Suite struct ForecastTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let scaling = #"{"columns":["a","b"],"means":[10,5],"deviations":[2,1]}"#
    let result = try Sequent.shell(
      "sequent compile forecaster --set inputLength=3 --set horizon=2 --set hidden=4"
        + " --set scaling='\(scaling)' -o two.sequent"
        + " && sequent compile forecaster --set inputLength=2 --set horizon=1 -o one.sequent",
      in: folder.url)
    try #require(result.status == 0, "\(result)")
  }

  private func predict(_ arguments: String, input: String) throws -> Sequent.Result {
    try Sequent.shell("sequent predict \(arguments)", input: input, in: folder.url)
  }

  @Test func linesOfRowsAreAnsweredByTheRowsThatFollow() throws {
    let window = "[9,5],[10,6],[11,4]"
    let result = try predict("two.sequent", input: "[\(window)]\n[[1,1],\(window)]\n")
    let lines = result.output.split(separator: "\n")
    try #require(result.status == 0 && lines.count == 2, "\(result)")
    #expect(lines[0] == lines[1], "only the last rows count")
    #expect(lines[0].wholeMatch(of: /\[\[[\d.]+,[\d.]+\],\[[\d.]+,[\d.]+\]\]/) != nil, "\(result)")
    let json = try predict("two.sequent --format json", input: "[\(window)]")
    #expect(
      json.output == "{\"line\":\"[\(window)]\",\"answers\":[{\"answer\":\(lines[0])}]}\n",
      "\(json)")
    let one = try predict("one.sequent", input: "[1, 2.5]\n[[1], [2.5]]\n")
    let answers = one.output.split(separator: "\n")
    #expect(answers.count == 2 && answers[0] == answers[1], "\(one)")
  }

  @Test func inspectNamesTheColumns() throws {
    let result = try Sequent.shell("sequent inspect two.sequent", in: folder.url)
    #expect(
      result.output.contains("task        forecast, the 2 rows after 3 rows of 2 columns: a, b\n"),
      "\(result)")
  }

  @Test(arguments: [
    ("[[9,5]]", "1 of at least 3 rows"), ("[[9,5],[1],[2,3]]", "row 2 is 1 long, expected 2: a, b"),
    ("{", "not valid JSON: "), ("[1,\"a\"]", "expected an array of rows, each an array of numbers"),
    ("[[1e99,2]]", "expected an array of rows, each an array of numbers"), ("", "not valid JSON: "),
  ])
  func linesThatAreNoWindowsAreErrors(_ line: String, _ message: String) throws {
    let result = try predict("two.sequent", input: "[[1,2],[1,2],[1,2]]\n\(line)\n")
    #expect(result.status == 1 && result.output.isEmpty, "\(result)")
    #expect(result.errors.hasPrefix("error: standard input:2: \(message)"), "\(result)")
  }

  @Test func trainsOnASeriesAndForecastsIt() throws {
    let level = { (step: Int) in 50 + 20 * sin(Double(step) / 3) }
    let rows = (0..<300).map { "2026-01-01T\($0),\(level($0)),\($0 % 7)" }
    try folder.write("time,level,day\n" + rows.joined(separator: "\n"), to: "tide.csv")
    let trained = try Sequent.shell(
      "sequent train forecaster --data tide.csv --set 'targets=[\"level\"]' --set inputLength=12"
        + " --set horizon=3 --set hidden=16 --epochs 20 --learning-rate 0.02 -o tide.sequent",
      in: folder.url)
    try #require(trained.status == 0, "\(trained)")
    #expect(trained.errors.contains("validation loss "), "\(trained)")
    #expect(trained.errors.contains(" mean_absolute_error.level "), "\(trained)")
    let window = (301..<313).map { "[\(level($0)),\($0 % 7)]" }.joined(separator: ",")
    let result = try predict("tide.sequent", input: "[\(window)]")
    let forecast = try JSONDecoder().decode([[Double]].self, from: Data(result.output.utf8))
    #expect(forecast.count == 3)
    for (index, row) in forecast.enumerated() {
      #expect(row.count == 1 && abs(row[0] - level(313 + index)) < 4, "\(result)")
    }
  }

  @Test func optionsOfOtherModelsAreRefused() throws {
    for option in ["--length 3", "--n-best 2"] {
      #expect(try predict("two.sequent \(option)", input: "").status == 2)
    }
  }
}
