import SequentIR

/// What lowering must know of the kernels: the compiler itself calls none.
public struct Target: Sendable {
  /// The largest team that will run a plan.
  public var threads: Int
  /// The most axes a kernel takes.
  public var maximumRank: Int
  /// The most rows that a shortlist is searched for.
  public var shortlistRows: Int
  /// How many elements of scratch memory an instruction needs on such a team.
  public var workspace: @Sendable (Instruction) -> Int
  /// How many elements of four bytes weights take when packed.
  public var packedCount: @Sendable (Kernel.Packing, [View]) -> Int

  /// Creates a target.
  public init(
    threads: Int, maximumRank: Int = 8, shortlistRows: Int = 4,
    workspace: @escaping @Sendable (Instruction) -> Int,
    packedCount: @escaping @Sendable (Kernel.Packing, [View]) -> Int
  ) {
    self.threads = threads
    self.maximumRank = maximumRank
    self.shortlistRows = shortlistRows
    self.workspace = workspace
    self.packedCount = packedCount
  }
}
