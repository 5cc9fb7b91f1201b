import SequentIR

/// How a module is compiled.
public struct CompilerOptions: Sendable {
  /// The passes, in order.
  public var pipeline: [Pass]
  /// The names of passes that are left out.
  public var disabledPasses: Set<String>

  /// Creates options.
  public init(pipeline: [Pass] = Pipelines.optimize, disabledPasses: Set<String> = []) {
    self.pipeline = pipeline
    self.disabledPasses = disabledPasses
  }

  /// These options for what will be differentiated: without the pass whose operations have no gradient.
  public var differentiable: CompilerOptions {
    CompilerOptions(
      pipeline: pipeline, disabledPasses: disabledPasses.union([fuseAttentionGather.name]))
  }
}

/// The optimised module, and what the passes did.
///
/// Takes milliseconds, whatever the sizes: shapes are symbols and time is never unrolled.
///
/// - Parameter afterEach: called with a pass's name and the module when the pass changed it.
/// - Throws: `CompilationError` for an unknown pass or a pass that broke the module.
public func compile(
  _ module: Module, options: CompilerOptions = CompilerOptions(),
  afterEach: PassManager.Observer? = nil
) throws -> (module: Module, report: CompilationReport) {
  try PassManager(options.pipeline, disabling: options.disabledPasses)
    .run(module, afterEach: afterEach)
}
