import Foundation
import SequentIR

extension Parameter {
  /// First values of the parameter, the same for the same seed and name on every machine.
  ///
  /// Inputs and outputs of a matrix `[inputs, outputs]` are its two last axes.
  public func initialValues(seed: UInt64) throws -> TensorData {
    let shape = try type.sizes([:])
    let count = shape.reduce(1, *)
    var generator = CounterGenerator(seed: seed, stream: name)
    let inputs = Double(shape.count > 1 ? shape[shape.count - 2] : shape.last ?? 1)
    let outputs = Double(shape.last ?? 1)
    let values: [Float]
    switch initializer {
    case .zeros: values = Array(repeating: 0, count: count)
    case .ones: values = Array(repeating: 1, count: count)
    case .uniform(let bound):
      values = (0..<count).map { _ in Float(generator.uniform() * 2 - 1) * bound }
    case .normal(let deviation):
      values = (0..<count).map { _ in Float(generator.normal()) * deviation }
    case .xavierUniform:
      let bound = (6 / (inputs + outputs)).squareRoot()
      values = (0..<count).map { _ in Float((generator.uniform() * 2 - 1) * bound) }
    case .heNormal:
      let deviation = (2 / inputs).squareRoot()
      values = (0..<count).map { _ in Float(generator.normal() * deviation) }
    case .orthogonal:
      values = orthogonal(
        rows: count / max(Int(outputs), 1), columns: Int(outputs), &generator)
    }
    return try TensorData(shape: shape, elements: .float32(values))
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

/// Random numbers as a function of seed, stream and position (SplitMix64; Steele et al., 2014).
package struct CounterGenerator: RandomNumberGenerator {
  private var state: UInt64

  /// Creates a generator; streams of different names are independent of each other.
  package init(seed: UInt64, stream: String) {
    // FNV-1a over the name: Swift's own hashes differ from process to process.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in stream.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    state = hash ^ (seed &* 0x9e37_79b9_7f4a_7c15)
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A number in [0, 1).
  package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number with mean 0 and deviation 1 (Box and Muller, 1958).
  package mutating func normal() -> Double {
    let radius = (-2 * Foundation.log(1 - uniform())).squareRoot()
    return radius * Foundation.cos(2 * .pi * uniform())
  }
}
