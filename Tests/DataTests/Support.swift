import Foundation
import SequentIR
import Testing

/// A folder with files of these contents, which is removed when the value is.
final class TemporaryFiles {
  let folder: String

  init(_ files: [String: [UInt8]] = [:]) throws {
    folder =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("sequent-data-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (name, bytes) in files { try write(bytes, to: name) }
  }

  convenience init(_ files: [String: String]) throws {
    try self.init(files.mapValues { Array($0.utf8) })
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
  }

  func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// What an error says when `body` throws one, without the folder; a failure when it does not.
  func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      Issue.record("no error was thrown")
      return ""
    } catch {
      return "\(error)".replacingOccurrences(of: folder + "/", with: "")
    }
  }
}

extension TensorData {
  var integers: [Int32] { if case .int32(let values) = elements { values } else { [] } }
  var floats: [Float] { if case .float32(let values) = elements { values } else { [] } }
}
