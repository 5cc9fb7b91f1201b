import SequentIR

extension HostTensor {
  /// A tensor of uniform numbers in ±1, booleans at even odds, or integers from 0 to `limit`.
  public static func random(
    _ type: TensorType, _ bindings: Bindings, limit: Int = 3,
    using generator: inout SplitMix
  ) throws -> HostTensor {
    let sizes = try type.sizes(bindings)
    return HostTensor(type.elementType, sizes) { _ in
      switch type.elementType {
      case .float32: Double.random(in: -1...1, using: &generator)
      case .int32: Double(Int.random(in: 0...limit, using: &generator))
      case .bool: Bool.random(using: &generator) ? 1 : 0
      }
    }
  }
}

extension Module {
  /// The results of `main` on random parameters and inputs, which depend on the seed alone.
  ///
  /// Two modules with the same parameters and inputs get the same: compare their results.
  ///
  /// - Parameter limit: the largest integer of an input: the sequence's length for lengths.
  public func sampleResults(
    _ bindings: Bindings = ["batch": 3, "time": 4], limit: Int = 4, seed: UInt64 = 1
  ) throws -> [HostTensor] {
    var generator = SplitMix(seed: seed)
    var values: [String: HostTensor] = [:]
    for parameter in parameters {
      values[parameter.name] = try .random(parameter.type, [:], using: &generator)
    }
    guard let main = function("main") else { return [] }
    let inputs = try main.inputs.map {
      try HostTensor.random($0.type, bindings, limit: limit, using: &generator)
    }
    return try Evaluator(parameters: values, bindings: bindings).evaluate(main, inputs)
  }
}
