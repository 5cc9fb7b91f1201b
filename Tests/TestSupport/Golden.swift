import Foundation
import SequentIR

/// A test in a file `NAME.sqir`: passes, a module, and the module they make of it.
///
///     // RUN: opt PASS[,PASS]
///     // What the test is about, in a line or two.
///     module @before { … }
///     // -----
///     module @after { … }
///
/// Run with UPDATE_GOLDEN=1, a test writes what it got as what is expected.
public struct Golden: Sendable, CustomStringConvertible {
  private static let run = "// RUN: opt"
  private static let separator = "// -----\n"

  /// The file.
  public let file: URL
  /// The names of the passes, in order; empty for a test of the text form.
  public let passes: [String]

  private let input: String
  private let expected: String

  /// The tests in a folder beside the file that asks, in the order of their names.
  public static func all(in folder: String, of source: String = #filePath) throws -> [Golden] {
    let directory = URL(filePath: source).deletingLastPathComponent().appending(path: folder)
    let files = try FileManager.default.contentsOfDirectory(
      at: directory, includingPropertiesForKeys: nil)
    return try files.filter { $0.pathExtension == "sqir" }
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
      .map { try Golden(file: $0) }
  }

  /// Reads a test.
  public init(file: URL) throws {
    self.file = file
    let text = try String(contentsOf: file, encoding: .utf8)
    let first = text.prefix { $0 != "\n" }
    guard first.hasPrefix(Self.run) else {
      throw GoldenError("\(file.path): the first line is not '\(Self.run) PASS[,PASS]'")
    }
    passes = first.dropFirst(Self.run.count).split(separator: ",").map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    let halves = text.components(separatedBy: Self.separator)
    input = halves[0]
    expected = halves.dropFirst().joined(separator: Self.separator)
  }

  /// Runs the passes and compares.
  ///
  /// - Parameter run: applies passes, by name, to a module.
  /// - Throws: `GoldenError` with the difference, and whatever fails before.
  public func check(_ run: (Module, [String]) throws -> Module) throws {
    let module: Module
    do {
      module = try Module(parsing: input)
    } catch {
      throw GoldenError("\(file.path):\(error)")
    }
    try verify(module)
    let result = try run(module, passes)
    try verify(result)
    guard result.text != expected else { return }
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      try Data((input + Self.separator + result.text).utf8).write(to: file, options: .atomic)
      return
    }
    throw GoldenError(
      """
      \(file.path): the result is not what is expected
      \(unifiedDiff(from: expected, to: result.text))
      UPDATE_GOLDEN=1 writes the result into the file; look at the difference before you commit it
      """)
  }

  /// The file's name.
  public var description: String { file.deletingPathExtension().lastPathComponent }
}

/// A golden test that failed.
public struct GoldenError: Error, CustomStringConvertible {
  /// Which, and how.
  public let description: String

  init(_ description: String) { self.description = description }
}
