import SequentIR

/// Runs passes over every function of a module, checks each one's work and keeps the record.
public struct PassManager: Sendable {
  /// Called with a pass's name and the module after every pass that changed it.
  public typealias Observer = (_ pass: String, _ module: Module) throws -> Void

  /// The passes, in the order in which they run.
  public let pipeline: [Pass]

  /// Creates a manager.
  ///
  /// - Throws: `CompilationError` for a disabled name that is no pass.
  public init(
    _ pipeline: [Pass] = Pipelines.optimize, disabling disabled: Set<String> = []
  ) throws(CompilationError) {
    let known = Pipelines.all.map(\.name) + pipeline.map(\.name)
    for name in disabled.sorted() where !known.contains(name) {
      throw .unknownPass(name, known: Pipelines.all.map(\.name))
    }
    self.pipeline = pipeline.filter { !disabled.contains($0.name) }
  }

  /// The module after all passes, and what they did.
  ///
  /// - Throws: `CompilationError` for a pass whose result does not verify: a fault of the pass.
  public func run(
    _ module: Module, afterEach observer: Observer? = nil
  ) throws -> (module: Module, report: CompilationReport) {
    var module = module
    var report = CompilationReport()
    for pass in pipeline {
      var entry = CompilationReport.Entry(pass: pass.name)
      let before = module
      let duration = try ContinuousClock().measure {
        for index in module.functions.indices {
          var context = PassContext(pass: pass.name, function: module.functions[index].name)
          do {
            module.functions[index].graph = try pass.run(module.functions[index].graph, &context)
          } catch {
            throw CompilationError.invalid(pass: pass.name, reason: "\(error)")
          }
          entry.counts.merge(context.counts, uniquingKeysWith: +)
          report.explanations += context.explanations
        }
      }
      entry.milliseconds = duration / .milliseconds(1)
      do {
        try verify(module)
      } catch {
        throw CompilationError.invalid(pass: pass.name, reason: "\(error)")
      }
      entry.didChange = module != before
      report.entries.append(entry)
      if entry.didChange { try observer?(pass.name, module) }
    }
    return (module, report)
  }
}

/// What the passes did to a module, and how long they took.
public struct CompilationReport: Sendable {
  /// One run of one pass.
  public struct Entry: Sendable {
    /// The pass's name.
    public let pass: String
    /// How long it took, over all functions.
    public internal(set) var milliseconds = 0.0
    /// Whether the module is another one after it.
    public internal(set) var didChange = false
    /// How often each kind of change was made: `matched`, `missed`, or a word of the pass's own.
    public internal(set) var counts: [String: Int] = [:]
  }

  /// The runs, in order.
  public internal(set) var entries: [Entry] = []
  /// What every pass says of every candidate.
  public internal(set) var explanations: [Explanation] = []

  /// How long all passes took.
  public var milliseconds: Double { entries.reduce(0) { $0 + $1.milliseconds } }
}

/// A module that could not be compiled.
public enum CompilationError: Error, Hashable, CustomStringConvertible {
  /// A pass was named that does not exist.
  case unknownPass(String, known: [String])
  /// A pass gave a module that does not verify.
  case invalid(pass: String, reason: String)

  /// What is wrong.
  public var description: String {
    switch self {
    case .unknownPass(let name, let known):
      "no pass is called '\(name)'; the passes are \(known.joined(separator: ", "))"
    case .invalid(let pass, let reason):
      "pass \(pass) gave an invalid graph: \(reason)"
    }
  }
}
