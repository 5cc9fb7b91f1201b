import SequentCompiler

/// A way to compile the same graph.
public enum Variant: String, CaseIterable, Sendable {
  /// All passes.
  case fused
  /// Without the passes that fuse: one kernel for every operation of every step, as a framework runs
  /// a graph that is not compiled, on the same products of matrices and the same threads.
  case unfused
}
