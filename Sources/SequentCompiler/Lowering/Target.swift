import SequentIR

/// What lowering must know of the kernels: the compiler itself calls none.
public struct Target: Sendable {
  /// The largest team that will run a plan.
  public var threads: Int
  /// The most axes a kernel takes.
  public var maximumRank: Int
  /// Whether the largest of a product's elements in so many rows, with a matrix of so many weights, are
  /// found by a shortlist.
  public var hasShortlist: @Sendable (_ rows: Int, _ weights: Int) -> Bool
  /// How many elements of scratch memory an instruction needs on such a team.
  public var workspace: @Sendable (Instruction) -> Int
  /// How many elements of four bytes weights take when packed.
  public var packedCount: @Sendable (Kernel.Packing, [View]) -> Int

  /// Creates a target.
  public init(
    threads: Int, maximumRank: Int = 8,
    hasShortlist: @escaping @Sendable (_ rows: Int, _ weights: Int) -> Bool = { _, _ in false },
    workspace: @escaping @Sendable (Instruction) -> Int,
    packedCount: @escaping @Sendable (Kernel.Packing, [View]) -> Int
  ) {
    self.threads = threads
    self.maximumRank = maximumRank
    self.hasShortlist = hasShortlist
    self.workspace = workspace
    self.packedCount = packedCount
  }
}
