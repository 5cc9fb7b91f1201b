import Foundation
import Testing

/// What the README shows in a terminal is what a terminal shows.
@Suite struct ReadmeTests {
  static let blocks =
    (try? ConsoleBlock.all(in: Sequent.package.appending(path: "README.md"))) ?? []

  @Test(arguments: blocks) func terminal(_ block: ConsoleBlock) throws {
    let failure = try block.failure()
    #expect(failure == nil, "\(failure ?? "")")
  }

  @Test func ellipsesStandForAnything() {
    #expect(ConsoleBlock.matches("a 1.5 ms\n", "a … ms\n"))
    #expect(ConsoleBlock.matches("a\nb\nc\n", "a\n…\n"))
    #expect(!ConsoleBlock.matches("a\nb\n", "a\n"))
    #expect(!ConsoleBlock.matches("a.\n", "ab\n"))
  }
}
