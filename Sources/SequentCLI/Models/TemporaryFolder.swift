import Foundation

/// A folder of this process's own for files that nobody needs afterwards.
struct TemporaryFolder {
  private let url: URL

  /// Creates an empty folder.
  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "sequent-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  /// The path of a file in it.
  func path(_ name: String) -> String { url.appending(path: name).path }

  /// Deletes it with all that it holds; what can't be deleted stays for the system to clear.
  func remove() { try? FileManager.default.removeItem(at: url) }
}
