import SequentIR
import TestSupport
import Testing

/// An f32 tensor.
func f32(_ shape: [Int], _ values: [Double]) -> HostTensor { HostTensor(.float32, shape, values) }

/// An i32 tensor.
func i32(_ shape: [Int], _ values: [Double]) -> HostTensor { HostTensor(.int32, shape, values) }

/// A tensor of booleans, as 0 and 1.
func bool(_ shape: [Int], _ values: [Double]) -> HostTensor { HostTensor(.bool, shape, values) }

/// The constant type of a tensor.
func type(of tensor: HostTensor) -> TensorType {
  TensorType(tensor.elementType, tensor.shape.map { Dimension(constant: $0) })
}

/// A function of one node, written in the text form over `%a`, `%b`, `%c` and `%d`.
func function(
  _ node: String, _ inputs: [HostTensor], gives results: [TensorType]
) throws -> Function {
  let arguments = zip(["a", "b", "c", "d"], inputs).map { "%\($0): \(type(of: $1))" }
  let names = results.indices.map { "y\($0)" }
  let typed = zip(names, results).map { "\($0): \($1)" }
  let values = names.map { "%\($0)" }.joined(separator: ", ")
  let module = try Module(
    parsing: """
      module @m {
        function @main(\(arguments.joined(separator: ", "))) -> (\(typed.joined(separator: ", "))) {
          \(values) = \(node)
          return \(values)
        }
      }
      """)
  try verify(module)
  #expect(try Module(parsing: module.text) == module)
  return module.functions[0]
}

/// Expects that a node gives tensors.
func expect(
  _ node: String, _ inputs: HostTensor..., gives expected: HostTensor...,
  at location: Testing.SourceLocation = #_sourceLocation
) throws {
  let function = try function(node, inputs, gives: expected.map(type(of:)))
  let results = try Evaluator(parameters: [:]).evaluate(function, inputs)
  for (result, expected) in zip(results, expected) {
    let difference = Tolerance.double.difference(result, expected)
    #expect(difference == nil, "\(node)", sourceLocation: location)
  }
}

/// Expects that a node is refused when it is evaluated.
func expect(
  _ node: String, _ inputs: HostTensor..., gives result: TensorType, failing message: String,
  at location: Testing.SourceLocation = #_sourceLocation
) throws {
  let function = try function(node, inputs, gives: [result])
  let error = #expect(throws: EvaluationError.self, sourceLocation: location) {
    try Evaluator(parameters: [:]).evaluate(function, inputs)
  }
  #expect(error?.message == message, sourceLocation: location)
}
