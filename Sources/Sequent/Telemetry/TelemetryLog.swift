import Foundation

/// What was measured during a training, in a folder: `telemetry.jsonl`, a record a line, and plots.
///
/// Every file is written beside and renamed: a full disk or a crash leaves the one before.
public struct TelemetryLog: Sendable {
  /// The folder.
  public let folder: String
  /// The records, in the order of their steps.
  public private(set) var records: [TelemetryRecord] = []
  private var lines: [String] = []

  private var path: String { "\(folder)/telemetry.jsonl" }

  /// Begins a log in a folder that is there.
  ///
  /// - Parameter step: the step at which a resumed training goes on: a log that is there keeps its
  ///   records of earlier steps. Without it the first record replaces the file.
  /// - Throws: `FormatError` for a line that is no record.
  public init(folder: String, resumingAt step: Int? = nil) throws {
    self.folder = folder
    guard let step, FileManager.default.fileExists(atPath: path) else { return }
    records = try Self.records(in: path).filter { $0.step < step }
    lines = try records.map { try $0.json() }
  }

  /// Adds a record to the file.
  public mutating func append(_ record: TelemetryRecord) throws {
    records.append(record)
    lines.append(try record.json())
    try replaceFile(at: path, with: lines.map { $0 + "\n" }.joined())
  }

  /// Draws what the records show: `TelemetryPlots` says what.
  public func writePlots() throws {
    for picture in TelemetryPlots(records).pictures {
      try replaceFile(at: "\(folder)/telemetry.\(picture.name).svg", with: picture.svg)
    }
  }

  /// The records of a file.
  ///
  /// - Throws: `FormatError` with the number of a line that is no record.
  public static func records(in path: String) throws -> [TelemetryRecord] {
    let file = try DataFile(path: path)
    var scanner = LineScanner(file)
    var records: [TelemetryRecord] = []
    while let line = try scanner.next() {
      do {
        records.append(try TelemetryRecord(json: line))
      } catch {
        throw scanner.line.problem("not a record of telemetry: \(error)")
      }
    }
    return records
  }
}

extension TelemetryRecord {
  /// Reads a record's line.
  public init(json: String) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.nonConformingFloatDecodingStrategy = .words
    self = try decoder.decode(TelemetryRecord.self, from: Data(json.utf8))
  }

  /// The record as a line of JSON, `{"layers": [{"name", "states", "gates"}, …], "loss", "step", …}`;
  /// what is not a number is a string, "nan", "inf" or "-inf".
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.nonConformingFloatEncodingStrategy = .words
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
