/// The orders in which passes run.
public enum Pipelines {
  /// What every compiled model goes through: the largest patterns first, then what is left of them.
  public static let optimize: [Pass] = [
    canonicalize,
    hoistLoopInvariants,
    // Before the input's projection leaves the scan: the sequence's kernel projects by itself.
    fuseRecurrentSequence,
    // What stays a scan: its own cell, or a sequence that is switched off.
    hoistInputProjection,
    mergeGateMatmuls,
    // The merged weights, computed in the body, leave it.
    hoistLoopInvariants,
    fuseRecurrentCell,
    fuseSoftmaxScale,
    // Its scale and mask are the softmax's.
    fuseAttention,
    fuseAttentionGather,
    fuseNormalization,
    fuseCrossEntropy,
    // Before a product takes what is done with it.
    fuseArgMax,
    fuseEpilogue,
    fuseBiasGradient,
    // What is left of sums once products have taken what is added to them.
    fuseEmbedding,
    canonicalize,
  ]

  /// Every pass there is, in the order of its first use.
  public static var all: [Pass] {
    var names: Set<String> = []
    return optimize.filter { names.insert($0.name).inserted }
  }

  /// The passes of these names, in the order given.
  ///
  /// - Throws: `CompilationError` for a name that is no pass.
  public static func passes(named names: [String]) throws(CompilationError) -> [Pass] {
    var result: [Pass] = []
    for name in names {
      guard let pass = all.first(where: { $0.name == name }) else {
        throw .unknownPass(name, known: all.map(\.name))
      }
      result.append(pass)
    }
    return result
  }
}
