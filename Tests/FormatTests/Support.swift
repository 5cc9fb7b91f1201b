import Foundation
import SequentIR
import Testing

@testable import Sequent

/// The path of a file in the folder of fixtures.
func fixture(_ name: String) throws -> String {
  let folder = try #require(Bundle.module.resourceURL)
  return folder.appendingPathComponent("Fixtures/\(name)").path
}

/// Calls `body` with the path of an empty folder, which is removed after.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("sequent-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}

/// The files in a folder, hidden ones too.
func files(in folder: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}

/// The bytes of a file.
func bytes(of path: String) throws -> [UInt8] {
  try FileContents(path: path).withUnsafeBytes { Array($0) }
}

/// What an error says when `body` throws one, and a recorded failure when it does not.
func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    Issue.record("no error was thrown")
    return ""
  } catch {
    return "\(error)"
  }
}

/// Numbers that are the same in every run (SplitMix64).
struct RepeatableGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

extension TensorData {
  /// The float32 values; empty for other types.
  var floats: [Float] {
    if case .float32(let values) = elements { values } else { [] }
  }

  /// The int32 values; empty for other types.
  var integers: [Int32] {
    if case .int32(let values) = elements { values } else { [] }
  }
}
