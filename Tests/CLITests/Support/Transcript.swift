import Foundation
import TestSupport

/// A text that must be what a file beside the tests holds.
///
/// With UPDATE_GOLDEN=1 the file is written instead.
///
/// - Returns: the difference, or nil.
func difference(_ text: String, fromFile name: String) throws -> String? {
  let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: name)
  let expected = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
  guard text != expected else { return nil }
  if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
    try text.write(to: file, atomically: true, encoding: .utf8)
    return nil
  }
  return "\(name) differs; UPDATE_GOLDEN=1 accepts it:\n" + unifiedDiff(from: expected, to: text)
}
