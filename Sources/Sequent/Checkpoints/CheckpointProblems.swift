/// Differences between a checkpoint and a model as they are found: one for each tensor, however
/// many parameters it concerns.
struct CheckpointProblems {
  private struct Key: Hashable {
    let tensor: String
    let difference: CheckpointError.Difference
  }

  private var problems: [CheckpointError.Problem] = []
  private var positions: [Key: Int] = [:]

  /// Notes a difference in a tensor that a parameter needs.
  mutating func add(
    _ difference: CheckpointError.Difference, in tensor: String, for parameter: String? = nil
  ) {
    let key = Key(tensor: tensor, difference: difference)
    let position = positions[key] ?? problems.count
    if position == problems.count {
      positions[key] = position
      problems.append(CheckpointError.Problem(tensor: tensor, difference: difference))
    }
    if let parameter { problems[position].parameters.append(parameter) }
  }

  /// The differences, in which a missing tensor has the left-over one that it resembles beside it.
  var all: [CheckpointError.Problem] {
    let leftOver = problems.filter { if case .leftOver = $0.difference { true } else { false } }
      .map(\.tensor)
    return problems.map { problem in
      guard case .missing = problem.difference else { return problem }
      var problem = problem
      problem.suggestion = closest(to: problem.tensor, among: leftOver)
      return problem
    }
  }
}
