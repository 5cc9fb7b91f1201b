import SequentCompiler
import SequentIR
import Testing

@testable import Sequent

/// Numbers for tests, the same in every run.
struct TestGenerator {
  private var generator: CounterGenerator

  init(_ seed: UInt64) { generator = CounterGenerator(seed: seed, stream: "test") }

  mutating func tensor(_ shape: [Int], in range: ClosedRange<Double> = -1...1) -> HostTensor {
    HostTensor(.float32, shape) { _ in
      range.lowerBound + generator.uniform() * (range.upperBound - range.lowerBound)
    }
  }
}

/// Holds the gradients of a function against central differences along one random direction.
///
/// ⟨gradient, direction⟩ = d/dε loss(source + ε · direction): the cost does not grow with the sizes.
func checkGradients(
  _ function: Function, parameters: [String: HostTensor], inputs: [HostTensor],
  sources: [String], tolerance: Double = 1e-6, _ comment: String = "",
  location: Testing.SourceLocation = #_sourceLocation
) throws {
  let loss = function.resultNames[0]
  let derived = try function.differentiated(loss, withRespectTo: sources)
  let module = Module(
    name: "m",
    parameters: parameters.sorted { $0.key < $1.key }.map { name, value in
      Parameter(
        name: name,
        type: TensorType(.float32, value.shape.map { Dimension(constant: $0) }))
    }, functions: [derived])
  try verify(module)
  #expect(try Module(parsing: module.description) == module, sourceLocation: location)
  let results = try Evaluator(parameters: parameters).evaluate(derived, inputs)
  let names = function.inputs.map(\.name)
  for (position, source) in sources.enumerated() {
    let gradient = results[function.resultNames.count + position]
    var generator = TestGenerator(UInt64(position + 1))
    let direction = generator.tensor(gradient.shape)
    let moved = { (step: Double) throws -> Double in
      var (parameters, inputs) = (parameters, inputs)
      let add = { (tensor: HostTensor) in
        HostTensor(
          .float32, tensor.shape, zip(tensor.values, direction.values).map { $0 + step * $1 })
      }
      if let input = names.firstIndex(of: source) {
        inputs[input] = add(inputs[input])
      } else if let value = parameters[source] {
        parameters[source] = add(value)
      }
      return try Evaluator(parameters: parameters).evaluate(function, inputs)[0]
        .values.reduce(0, +)
    }
    let numeric = (try moved(1e-5) - moved(-1e-5)) / 2e-5
    let analytic = zip(gradient.values, direction.values).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(
      abs(numeric - analytic) <= tolerance * max(1, abs(numeric)),
      "\(comment) \(source): \(analytic), numerically \(numeric)", sourceLocation: location)
  }
}

/// As above for a model of the DSL, with respect to all its weights and real inputs.
func checkGradients(
  _ model: some Model, inputs: [HostTensor], tolerance: Double = 1e-6, _ comment: String = "",
  location: Testing.SourceLocation = #_sourceLocation
) throws {
  let module = try model.traced().module
  let function = try #require(module.function("main"))
  var weights: [String: HostTensor] = [:]
  for parameter in module.parameters {
    weights[parameter.name] = HostTensor(try parameter.initialValues(seed: 3))
  }
  let real = function.inputs.filter { $0.type.elementType == .float32 }.map(\.name)
  try checkGradients(
    function, parameters: weights, inputs: inputs,
    sources: module.parameters.map(\.name) + real, tolerance: tolerance, comment,
    location: location)
}
