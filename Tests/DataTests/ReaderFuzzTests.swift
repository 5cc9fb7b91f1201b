import TestSupport
import Testing

@testable import Sequent

@Suite struct ReaderFuzzTests {
  private static let seeds = [
    "a b\tx\nc\ty\n", "text,label\n\"a, \"\"b\"\"\",x\n\"c\nd\",y\n",
    "EU B-ORG\nrejects O\n\nit O\n",
    "x,y\r\n1,2.5\r\n-3e2,4\r\n", "\u{feff}é 漢字 \u{1f600}\n\nend",
  ]

  /// Whatever a file holds, it is read or refused with its name.
  @Test func anyBytesAreReadOrRefused() throws {
    var random = SplitMix(seed: 11)
    let files = try TemporaryFiles(["unused": ""])
    var refused = 0
    for round in 0..<600 {
      var bytes = Array(Self.seeds[round % Self.seeds.count].utf8)
      for _ in 0..<random.integer(0...6) {
        let place = random.integer(0...max(bytes.count - 1, 0))
        let sign = random.pick(Array("\t\n\r,\" \0".utf8)) ?? 0
        switch random.integer(0...3) {
        case 0 where !bytes.isEmpty: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.insert(sign, at: min(place, bytes.count))
        case 2 where !bytes.isEmpty: bytes.remove(at: place)
        default: bytes += bytes.suffix(place)
        }
      }
      let name = round % 2 == 0 ? "a.csv" : "a.tsv"
      try files.write(bytes, to: name)
      let path = files.path(name)
      do {
        try read(path, kind: round / Self.seeds.count % 5)
      } catch let error as FormatError {
        refused += 1
        #expect(error.file == path && !error.reason.isEmpty)
      }
    }
    #expect((100...550).contains(refused))
  }

  private func read(_ path: String, kind: Int) throws {
    switch kind {
    case 0: try LabelledTextReader(paths: [path]).forEach { _, _ in }
    case 1: try LabelledTokensReader(paths: [path]).forEach { _, _ in }
    case 2: try TextPairReader(paths: [path]).forEach { _, _ in }
    case 3: try PlainTextReader(paths: [path]).forEach { _, _ in }
    default:
      _ = try ForecastData(
        SeriesReader(paths: [path]), windows: .init(inputLength: 1, horizon: 1))
    }
  }
}
