import SequentIR

/// The values of a model's parameters, assembled from a checkpoint of any convention.
///
/// A gate's parameter is a part of the tensor that stacks all gates; two biases that are only ever
/// added become one. Everything that is missing, has another shape or is left over is named in one
/// `CheckpointError`; only known buffers may be left over. Without a convention, the checkpoint's
/// names and metadata show it.
public func importCheckpoint(
  _ tensors: some TensorSource, for parameters: [ParameterSpecification],
  convention: CheckpointConvention? = nil
) throws -> [String: TensorData] {
  let convention = try convention ?? .detected(in: tensors)
  let mapping = convention.layout.map { ParameterMapping($0, parameters: parameters) }
  let library = CheckpointLibrary(
    title: convention.title, buffers: convention.layout?.buffers ?? []
  ) { parameter throws(UnsupportedCell) in
    try mapping?.terms(for: parameter) ?? [SourceTerm(whole: parameter)]
  }
  return try importCheckpoint(tensors, for: parameters, of: library)
}

/// The same, of a library whose names are known.
func importCheckpoint(
  _ tensors: some TensorSource, for parameters: [ParameterSpecification],
  of library: CheckpointLibrary
) throws -> [String: TensorData] {
  var matching = CheckpointMatching(tensors, library)
  try matching.match(parameters)
  return try matching.assemble(parameters)
}

/// What a library calls the parameters of a model.
struct CheckpointLibrary {
  /// How the library is written.
  let title: String
  /// Endings of the names of tensors that are no weights, and may be left over.
  let buffers: [String]
  /// Where a parameter is.
  let terms: (ParameterSpecification) throws(UnsupportedCell) -> [SourceTerm]
}

/// Finds the tensors for parameters, and notes what does not fit.
private struct CheckpointMatching<Source: TensorSource> {
  private struct Use {
    let parameter: String
    let view: StridedView
  }

  private let tensors: Source
  private let library: CheckpointLibrary
  private let names: SourceNames
  private var uses: [String: [Use]] = [:]

  init(_ tensors: Source, _ library: CheckpointLibrary) {
    self.tensors = tensors
    self.library = library
    names = SourceNames(tensors.tensorNames, buffers: library.buffers)
  }

  mutating func match(_ parameters: [ParameterSpecification]) throws {
    var problems = CheckpointProblems()
    for parameter in parameters {
      do throws(UnsupportedCell) {
        for term in try library.terms(parameter) { match(term, to: parameter, &problems) }
      } catch {
        problems.add(
          .unsupported(reason: "\(library.title) has no GRU that \(error.resetGate.title)"),
          in: error.cell.description, for: parameter.name)
      }
    }
    for name in leftOver {
      problems.add(.leftOver(shape: tensors.description(of: name)?.shape ?? []), in: name)
    }
    guard problems.all.isEmpty else {
      throw CheckpointError(file: tensors.name, library: library.title, problems: problems.all)
    }
  }

  private mutating func match(
    _ term: SourceTerm, to parameter: ParameterSpecification, _ problems: inout CheckpointProblems
  ) {
    guard let name = names.first(of: term.names), let found = tensors.description(of: name) else {
      let expected = term.names.first ?? parameter.name
      return problems.add(.missing(shape: term.shape), in: expected, for: parameter.name)
    }
    uses[name, default: []].append(Use(parameter: parameter.name, view: term.view))
    if found.shape != term.shape {
      problems.add(
        .shape(checkpoint: found.shape, model: term.shape), in: name, for: parameter.name)
    } else if found.elementType != parameter.elementType {
      problems.add(
        .elementType(
          checkpoint: found.elementType.rawValue, model: parameter.elementType.rawValue),
        in: name, for: parameter.name)
    }
  }

  private var leftOver: [String] {
    tensors.tensorNames.filter { uses[$0] == nil && !SourceNames.isBuffer($0, library.buffers) }
  }

  /// Reads each tensor once, and hands its parts to the parameters.
  func assemble(_ parameters: [ParameterSpecification]) throws -> [String: TensorData] {
    var elements: [String: TensorData.Elements] = [:]
    for name in tensors.tensorNames {
      guard let uses = uses[name] else { continue }
      let tensor = try tensors.tensor(named: name)
      for use in uses {
        let part = tensor.elements.part(use.view)
        elements[use.parameter] = elements[use.parameter].map { $0.adding(part) } ?? part
      }
    }
    var result: [String: TensorData] = [:]
    for parameter in parameters {
      guard let elements = elements[parameter.name] else { continue }
      result[parameter.name] = try TensorData(shape: parameter.shape, elements: elements)
    }
    return result
  }
}

extension TensorData.Elements {
  fileprivate func part(_ view: StridedView) -> Self {
    switch self {
    case .float32(let values): .float32(view.elements(of: values))
    case .int32(let values): .int32(view.elements(of: values))
    case .bool(let values): .bool(view.elements(of: values))
    }
  }

  /// The sums of two biases.
  fileprivate func adding(_ other: Self) -> Self {
    guard case .float32(let values) = self, case .float32(let others) = other else { return self }
    return .float32(zip(values, others).map { $0 + $1 })
  }
}
