import Foundation
import SequentIR

extension Parameter {
  /// First values of the parameter, the same for the same seed and name on every machine.
  ///
  /// Inputs and outputs of a matrix `[inputs, outputs]` are its two last axes.
  public func initialValues(seed: UInt64) throws -> TensorData {
    let shape = try type.sizes([:])
    let count = shape.reduce(1, *)
    var generator = CounterGenerator(seed: seed, stream: initializer.stream(of: name))
    let inputs = Double(shape.count > 1 ? shape[shape.count - 2] : shape.last ?? 1)
    let outputs = Double(shape.last ?? 1)
    let uniform = { (bound: Double, generator: inout CounterGenerator) in
      (0..<count).map { _ in Float((generator.uniform() * 2 - 1) * bound) }
    }
    let normal = { (deviation: Double, generator: inout CounterGenerator) in
      (0..<count).map { _ in Float(generator.normal() * deviation) }
    }
    let values: [Float]
    switch initializer {
    case .zeros: values = Array(repeating: 0, count: count)
    case .ones: values = Array(repeating: 1, count: count)
    case .uniform(let bound):
      values = (0..<count).map { _ in Float(generator.uniform() * 2 - 1) * bound }
    case .normal(let deviation):
      values = (0..<count).map { _ in Float(generator.normal()) * deviation }
    case .truncatedNormal(let deviation):
      values = (0..<count).map { _ in Float(generator.truncatedNormal()) * deviation }
    case .xavierUniform: values = uniform((6 / (inputs + outputs)).squareRoot(), &generator)
    case .xavierNormal: values = normal((2 / (inputs + outputs)).squareRoot(), &generator)
    case .heUniform: values = uniform((6 / inputs).squareRoot(), &generator)
    case .heNormal: values = normal((2 / inputs).squareRoot(), &generator)
    case .lecunUniform: values = uniform((3 / inputs).squareRoot(), &generator)
    case .lecunNormal: values = normal((1 / inputs).squareRoot(), &generator)
    case .orthogonal:
      values = orthogonal(
        rows: count / max(Int(outputs), 1), columns: Int(outputs), &generator)
    case .orthogonalBlock(let index, let blocks):
      let (rows, columns) = (count / max(Int(outputs), 1), Int(outputs))
      let whole = orthogonal(rows: rows, columns: columns * blocks, &generator)
      values = (0..<rows).flatMap { row in
        let start = (row * blocks + index) * columns
        return whole[start..<start + columns]
      }
    }
    return try TensorData(shape: shape, elements: .float32(values))
  }
}

extension InitializerKind {
  /// The stream that a parameter is drawn from: its name, or what is common to the names of the
  /// parameters that are blocks of one matrix (`PATH.GATE.hidden_weight`).
  fileprivate func stream(of name: String) -> String {
    guard case .orthogonalBlock = self else { return name }
    var words = name.split(separator: ".", omittingEmptySubsequences: false)
    if words.count > 1 { words.remove(at: words.count - 2) }
    return words.joined(separator: ".")
  }
}

/// A random matrix with orthonormal rows or columns, whichever are fewer, by Gram and Schmidt.
private func orthogonal(
  rows: Int, columns: Int, _ generator: inout CounterGenerator
) -> [Float] {
  let (count, width) = (min(rows, columns), max(rows, columns))
  var basis: [[Double]] = []
  while basis.count < count {
    var vector = (0..<width).map { _ in generator.normal() }
    // Twice, for the digits that the first round loses.
    for _ in 0..<2 {
      for other in basis {
        let dot = zip(vector, other).reduce(0) { $0 + $1.0 * $1.1 }
        for index in vector.indices { vector[index] -= dot * other[index] }
      }
    }
    let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    if norm > 1e-6 { basis.append(vector.map { $0 / norm }) }
  }
  return (0..<rows * columns).map { position in
    let (row, column) = (position / columns, position % columns)
    return Float(rows <= columns ? basis[row][column] : basis[column][row])
  }
}
