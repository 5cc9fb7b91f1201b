import Foundation
import Testing

/// Models in Swift files: what swiftc and the trace find wrong reaches the user.
@Suite struct SwiftModelTests {
  static let tiny = """
    import Sequent

    struct Tiny: Model {
      struct Configuration: ModelConfiguration { var width = 3 }
      let head: Linear
      init(_ configuration: Configuration) { head = Linear(4, configuration.width) }
      func main(_ inputs: Inputs) -> Outputs {
        ["y": head(inputs.tensor("x", .float32, ["batch", 4]))]
      }
    }

    """

  /// A model with a recurrent cell that no kernel is for.
  static let leaky = """
    import Sequent

    struct LeakyCell: RecurrentCell {
      let input = Linear(3, 4)
      var inputSize: Int { 3 }
      var stateSizes: [Int] { [4] }
      func step(_ x: Tensor, _ state: [Tensor]) -> [Tensor] {
        [state[0] * 0.9 + tanh(input(x)) * 0.1]
      }
    }

    struct Leaky: Model {
      let layer = RecurrentLayer(inputSize: 3) { _ in LeakyCell() }
      func main(_ inputs: Inputs) -> Outputs {
        let x = inputs.tensor("x", .float32, ["batch", "time", 3])
        return ["y": layer(x, lengths: inputs.lengths()).final]
      }
    }

    """

  private func compile(_ text: String, _ name: String = "Tiny", _ options: String = "") throws
    -> Sequent.Result
  {
    let folder = try TemporaryFolder()
    try folder.write(text, to: "\(name).swift")
    return try Sequent.shell("sequent compile \(name).swift --emit ir \(options)", in: folder.url)
  }

  @Test func aModelIsTraced() throws {
    let result = try compile(Self.tiny, "Tiny", "--set width=5")
    #expect(result.status == 0, "\(result)")
    #expect(result.output.contains("parameter @head.weight : f32[4, 5]"), "\(result)")
    #expect(result.output.contains("// Tiny.swift:8 head"), "\(result)")
  }

  @Test func aCellOfOnesOwnIsExplainedAndRuns() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.leaky, to: "Leaky.swift")
    let result = try Sequent.shell(
      "sequent compile Leaky.swift --explain && sequent verify Leaky.sequent --bitwise"
        + " && sequent verify Leaky.sequent --dim batch=2 --dim time=5",
      in: folder.url)
    #expect(result.status == 0, "\(result)")
    let missed = "- fuse-recurrent-sequence: layer.layer0.forward.input (Leaky.swift:"
    #expect(result.errors.hasPrefix(missed), "\(result)")
  }

  @Test func compilerErrorsAreAsSwiftcWroteThem() throws {
    let result = try compile(Self.tiny.replacing("Linear(4,", with: "Linnear(4,"))
    #expect(result.status == 1 && result.output.isEmpty, "\(result)")
    #expect(result.errors.contains("Tiny.swift:6:49: error: cannot find 'Linnear' in scope"))
    let last = "error: Tiny.swift: swiftc could not compile it as the model 'Tiny'\n"
    #expect(result.errors.hasSuffix(last))
  }

  @Test func aWrongShapeNamesFileLineAndDimensions() throws {
    let result = try compile(Self.tiny.replacing("\"batch\", 4", with: "\"batch\", 7"))
    #expect(result.status == 1, "\(result)")
    #expect(result.errors.hasPrefix("error: Tiny.swift:8: head: matmul"), "\(result)")
    #expect(result.errors.contains("f32[batch, 7]"), "\(result)")
    #expect(result.errors.contains("f32[4, 3]"), "\(result)")
  }

  @Test func whatTheModelPrintsIsNotData() throws {
    let result = try compile(Self.tiny.replacing("{ head =", with: "{ print(\"hello\"); head ="))
    #expect(result.status == 0 && result.output.hasPrefix("module @Tiny"), "\(result)")
    #expect(result.errors.contains("hello"), "\(result)")
  }

  @Test func aCrashIsSaid() throws {
    let result = try compile(Self.tiny.replacing("{ head =", with: "{ fatalError(); head ="))
    #expect(result.status == 1, "\(result)")
    #expect(result.errors.contains("error: Tiny.swift: tracing it crashed: "), "\(result)")
  }

  @Test func theNameMustBeATypes() throws {
    let result = try compile(Self.tiny, "tiny-model")
    #expect(result.status == 1)
    #expect(result.errors.contains("no type can be called 'tiny-model'"), "\(result)")
  }

  @Test func anyPathIsTakenForAPath() throws {
    let folder = try TemporaryFolder()
    let result = try Sequent.shell(
      "mkdir -p @a/-b && cat > @a/-b/Tiny.swift && sequent compile --emit ir -- @a/-b/Tiny.swift"
        + " && cd @a && sequent compile --emit ir -- -b/Tiny.swift | head -n 1",
      input: Self.tiny, in: folder.url)
    #expect(result.status == 0, "\(result)")
    #expect(result.output.hasSuffix("module @Tiny {\n"), "\(result)")
  }

  @Test func aMissingToolchainIsSaid() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.tiny, to: "Tiny.swift")
    let result = try Sequent.shell(
      "PATH=/nowhere \(Sequent.executable.path) compile Tiny.swift", in: folder.url)
    #expect(result.status == 1)
    #expect(
      result.errors
        == "error: swiftc, the Swift toolchain's compiler, is in no folder of PATH\n", "\(result)")
  }
}
