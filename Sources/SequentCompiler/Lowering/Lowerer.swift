import SequentIR

/// A plan under construction: instructions in order, each value a view of some buffer.
///
/// Every value gets a buffer of its own and every move is a copy; `CopyElimination` then lets
/// buffers share memory. So emitting an operation never asks who uses its results.
struct Lowerer {
  let bindings: Bindings
  let target: Target
  var constants: ConstantPool
  private(set) var buffers: [Plan.Buffer] = []
  private(set) var instructions: [Instruction] = []
  private(set) var loops: [Plan.Loop] = []
  private(set) var sources: [Plan.Source] = []
  /// How many loops are open.
  private(set) var depth = 0
  private var buffersOfConstants: [Int: Int] = [:]
  /// The operation that is being lowered, by its position in `sources`.
  private var origin = 0

  init(_ bindings: Bindings, _ target: Target, _ constants: ConstantPool) {
    self.bindings = bindings
    self.target = target
    self.constants = constants
  }

  // MARK: - Graphs

  /// The views of a graph's results.
  mutating func lower(_ graph: Graph, _ arguments: [View]) throws -> [View] {
    var views = [View?](repeating: nil, count: graph.valueCount)
    for (argument, view) in zip(graph.arguments, arguments) { views[Int(argument.index)] = view }
    let outer = origin
    defer { origin = outer }
    for node in graph.nodes {
      let operands = try node.operands.map { try view(of: $0, in: graph, views) }
      let types = graph.types(of: node.results)
      sources.append(
        Plan.Source(
          mnemonic: node.operation.rule.mnemonic,
          name: node.results.first.map { graph.name(of: $0) } ?? "", origin: node.origin))
      origin = sources.count - 1
      let results = try lower(node.operation, operands, types)
      for (value, view) in zip(node.results, results) { views[Int(value.index)] = view }
    }
    return try graph.results.map { try view(of: $0, in: graph, views) }
  }

  /// The view of a value that is known, or a parameter.
  private mutating func view(of value: Value, in graph: Graph, _ views: [View?]) throws -> View {
    if let view = views[Int(value.index)] { return view }
    guard let name = graph.parameterName(of: value) else {
      throw LoweringError("%\(graph.name(of: value)) has no value")
    }
    let type = graph.type(of: value)
    let position = constants.intern(
      .parameter(name), type.elementType, try type.sizes(bindings))
    return view(ofConstant: position)
  }

  /// The results of one operation: constants when all it needs are constants.
  private mutating func lower(
    _ operation: Operation, _ operands: [View], _ types: [TensorType]
  ) throws -> [View] {
    let shapes = try types.map { type in
      let shape = try type.sizes(bindings)
      guard let count = TensorData.count(of: shape), count <= Int.max / 8 else {
        throw tooLarge(shape)
      }
      return shape
    }
    guard isConstant(operation, operands, types) else {
      return try emit(operation, operands, shapes)
    }
    let definitions = operands.map { view in
      var view = view
      view.buffer = constantPosition(of: view) ?? 0
      return view
    }
    var results: [View] = []
    for (index, type) in types.enumerated() {
      let position = constants.intern(
        .operation(operation, definitions, result: index), type.elementType, shapes[index])
      results.append(view(ofConstant: position))
    }
    return results
  }

  /// Whether an operation's results are the same in every run, and worth keeping.
  private func isConstant(
    _ operation: Operation, _ operands: [View], _ types: [TensorType]
  ) -> Bool {
    switch operation {
    // Views, or in the pool already.
    case .constant, .size, .stopGradient, .reshape, .transpose, .broadcast, .slice: return false
    case .scan, .recurrentSequence, .recurrentSequenceGradient: return false
    default:
      return types.allSatisfy(\.isStatic) && operation.isStatic
        && operands.allSatisfy { constantPosition(of: $0) != nil }
    }
  }

  // MARK: - Buffers

  /// The pool's position of the constant that a view lies in.
  func constantPosition(of view: View) -> Int? {
    guard case .constant(let position) = buffers[view.buffer].storage else { return nil }
    return position
  }

  /// A dense view of a constant.
  mutating func view(ofConstant position: Int) -> View {
    let entry = constants.entries[position]
    let buffer: Int
    if let known = buffersOfConstants[position] {
      buffer = known
    } else {
      buffer = buffers.count
      buffers.append(Plan.Buffer(storage: .constant(position), count: entry.count, depth: 0))
      buffersOfConstants[position] = buffer
    }
    return View(buffer: buffer, entry.elementType, entry.shape)
  }

  /// A view that counts buffers by the pool's positions, as a view of this plan.
  mutating func view(ofConstant definition: View) -> View {
    var view = definition
    view.buffer = self.view(ofConstant: definition.buffer).buffer
    return view
  }

  /// A literal, or one element of it stretched.
  mutating func literal(_ elementType: ElementType, _ bits: [UInt32], _ shape: [Int]) -> View {
    let isSplat = bits.count == 1
    let position = constants.intern(
      .literal(elementType, bits), elementType, isSplat ? [] : [bits.count])
    let view = view(ofConstant: position)
    if isSplat { return view.broadcast(to: shape) }
    return view.reshaped(to: shape) ?? view
  }

  /// What is being lowered.
  var source: Plan.Source? { sources.indices.contains(origin) ? sources[origin] : nil }

  /// A new buffer's dense view.
  mutating func allocate(
    _ elementType: ElementType, _ shape: [Int], _ storage: Plan.Storage = .arena,
    _ name: String? = nil
  ) throws -> View {
    guard let count = TensorData.count(of: shape), count <= Int.max / 8 else {
      throw tooLarge(shape, name)
    }
    buffers.append(
      Plan.Buffer(storage: storage, count: count, depth: storage == .arena ? depth : 0))
    return View(buffer: buffers.count - 1, elementType, shape)
  }

  private func tooLarge(_ shape: [Int], _ name: String? = nil) -> LoweringError {
    let what = name ?? source.map { "\($0.mnemonic) %\($0.name)" } ?? "a tensor"
    return LoweringError("'\(what)' of shape \(shape) needs more bytes than can be addressed")
  }

  // MARK: - Instructions

  /// Appends a kernel call.
  mutating func emit(_ kernel: Kernel, _ inputs: [View], into output: View) {
    emit(kernel, inputs, into: [output])
  }

  /// Appends a kernel call; one that writes nothing is left out.
  mutating func emit(_ kernel: Kernel, _ inputs: [View], into outputs: [View]) {
    guard outputs.contains(where: { $0.count > 0 }) else { return }
    instructions.append(
      Instruction(kernel: kernel, inputs: inputs, outputs: outputs, origin: origin))
  }

  /// Appends a copy.
  mutating func copy(_ view: View, into output: View) { emit(.copy, [view], into: output) }

  /// Appends copies that happen as if at once: no target is overwritten before it is read.
  mutating func assign(_ views: [View], to targets: [View]) {
    for (view, target) in zip(settled(views, targets), targets) where view != target {
      copy(view, into: target)
    }
  }

  /// Values that stay what they are while the targets change: copies of those that lie in targets.
  mutating func settled(_ views: [View], _ targets: [View]) -> [View] {
    let changing = Set(targets.map(\.buffer))
    return zip(views, targets).map { view, target in
      guard changing.contains(view.buffer), view != target else { return view }
      buffers.append(Plan.Buffer(storage: .arena, count: view.count, depth: depth))
      let aside = View(buffer: buffers.count - 1, view.elementType, view.shape)
      copy(view, into: aside)
      return aside
    }
  }

  /// The view itself, or a dense copy of it.
  mutating func dense(_ view: View) throws -> View {
    if view.isDense { return view }
    let output = try allocate(view.elementType, view.shape)
    copy(view, into: output)
    return output
  }

  /// Runs `body` as the body of a loop.
  mutating func loop(
    count: Int, _ body: (inout Lowerer) throws -> Void
  ) rethrows {
    let index = loops.count
    let start = instructions.count
    loops.append(
      Plan.Loop(body: start..<start, count: count, depth: depth, origin: origin))
    depth += 1
    try body(&self)
    depth -= 1
    loops[index].body = start..<instructions.count
  }

  /// The finished plan: copies eliminated, rows padded, workspaces added, memory laid out.
  func plan(_ ports: Lowering.Ports) throws -> Plan {
    for instruction in instructions {
      guard let view = instruction.views.first(where: { $0.rank > target.maximumRank }) else {
        continue
      }
      let source = sources.indices.contains(instruction.origin) ? sources[instruction.origin] : nil
      throw LoweringError(
        "\(instruction.kernel.name) %\(source?.name ?? "") has \(view.rank) axes, kernels take at "
          + "most \(target.maximumRank)")
    }
    var plan = Plan(
      bindings: bindings, buffers: buffers, instructions: instructions, loops: loops,
      inputs: ports.inputs, outputs: ports.outputs, states: ports.states, sources: sources)
    plan.eliminateCopies()
    plan.padRows()
    plan.addWorkspaces(target)
    plan.layOutMemory()
    return plan
  }
}
