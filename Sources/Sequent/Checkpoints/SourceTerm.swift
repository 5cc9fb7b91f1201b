/// A part of a stored tensor; a parameter is the sum of one or two of them.
struct SourceTerm: Hashable {
  /// The names that the tensor can have; the first that the checkpoint has is meant.
  let names: [String]

  /// The shape that the stored tensor must have.
  let shape: [Int]

  /// The part of it that the parameter takes.
  let view: StridedView
}

extension SourceTerm {
  /// All of a tensor with the parameter's own name and shape: how Sequent stores it.
  init(whole parameter: ParameterSpecification) {
    self.init(
      names: [parameter.name], shape: parameter.shape, view: StridedView(dense: parameter.shape))
  }
}
