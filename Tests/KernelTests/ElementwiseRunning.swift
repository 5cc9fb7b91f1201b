import Kernels
import Testing

/// An input of an elementwise kernel: memory, and strides over the output's shape.
struct Input {
  var elements: [UInt32]
  var strides: [Int]

  init(_ elements: [UInt32], _ strides: [Int]) {
    (self.elements, self.strides) = (elements, strides)
  }

  init(_ elements: [Float], _ strides: [Int] = [1]) {
    self.init(elements.map(\.bitPattern), strides)
  }

  init(_ elements: [Int32], _ strides: [Int] = [1]) {
    self.init(elements.map { UInt32(bitPattern: $0) }, strides)
  }
}

/// The output's bits; a canary that dies is an issue.
func elementwise(
  _ kernel: @escaping kn_kernel, _ function: Int, shape: [Int], _ inputs: [Input], threads: Int = 1,
  sourceLocation: SourceLocation = #_sourceLocation
) -> [UInt32] {
  let output = Guarded(count: shape.reduce(1, *))
  let buffers = inputs.map { Guarded($0.elements, canary: 0x7fc0_0001) }
  run(kernel, arguments(function, shape, inputs, buffers, output), threads: threads)
  #expect(output.isIntact, "canaries", sourceLocation: sourceLocation)
  return output.elements
}

/// The same with the output in the memory of the first input, which is dense.
func elementwiseInPlace(
  _ kernel: @escaping kn_kernel, _ function: Int, shape: [Int], _ inputs: [Input]
) -> [UInt32] {
  let buffers = inputs.map { Guarded($0.elements, canary: 0x7fc0_0001) }
  run(kernel, arguments(function, shape, inputs, buffers, buffers[0]))
  return buffers[0].elements
}

private func arguments(
  _ function: Int, _ shape: [Int], _ inputs: [Input], _ buffers: [Guarded<UInt32>],
  _ output: Guarded<UInt32>
) -> kn_elementwise_arguments {
  let strides = inputs.map { eight($0.strides, filler: 0) }
  let none = eight([], filler: 0)
  func pointer(_ place: Int) -> UnsafeRawPointer? {
    place < buffers.count ? UnsafeRawPointer(buffers[place].pointer) : nil
  }
  return kn_elementwise_arguments(
    function: Int32(function), rank: shape.count, shape: eight(shape, filler: 0),
    strides: (
      strides[0], strides.count > 1 ? strides[1] : none, strides.count > 2 ? strides[2] : none
    ),
    inputs: (pointer(0), pointer(1), pointer(2)), output: output.pointer)
}
