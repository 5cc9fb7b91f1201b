import SequentIR

/// What keeps a function from being lowered for given sizes.
public struct LoweringError: Error, Hashable, CustomStringConvertible {
  /// What is wrong, and with which operation.
  public let message: String

  /// Creates an error.
  public init(_ message: String) { self.message = message }

  /// The message.
  public var description: String { message }
}

/// From operations to kernel calls.
public enum Lowering {
  /// The plan of a function for given sizes.
  ///
  /// - Parameter constants: what functions of the module share; grows by what this one needs.
  public static func plan(
    _ function: Function, _ bindings: Bindings, _ target: Target,
    constants: inout ConstantPool
  ) throws -> Plan {
    var lowerer = Lowerer(bindings, target, constants)
    let graph = function.graph
    var ports = Ports()
    let stateNames = Set(function.states.values)
    var arguments: [View] = []
    for (name, type) in function.inputs {
      let isState = stateNames.contains(name)
      let view = try lowerer.allocate(
        type.elementType, type.sizes(bindings), isState ? .state(name) : .input(name), name)
      arguments.append(view)
      let port = Plan.Port(name: name, type: type, view: view)
      if isState { ports.states.append(port) } else { ports.inputs.append(port) }
    }
    let results = try lowerer.lower(graph, arguments)
    // States change last: until then results may still be views of the old ones.
    var updates: [(view: View, state: View)] = []
    for (index, view) in results.enumerated() {
      let (name, type) = function.outputs[index]
      if let state = function.states[name] {
        guard let port = ports.states.first(where: { $0.name == state }) else { continue }
        guard port.type == type else {
          throw LoweringError("state '\(state)' is \(port.type), its result '\(name)' \(type)")
        }
        updates.append((view, port.view))
      } else {
        let output = try lowerer.allocate(type.elementType, view.shape, .output(name), name)
        lowerer.copy(view, into: output)
        ports.outputs.append(Plan.Port(name: name, type: type, view: output))
      }
    }
    lowerer.assign(updates.map(\.view), to: updates.map(\.state))
    constants = lowerer.constants
    return try lowerer.plan(ports)
  }

  /// The plan that makes a constant from others; its only output is `value`.
  public static func plan(
    constant position: Int, _ target: Target, constants: inout ConstantPool
  ) throws -> Plan {
    var lowerer = Lowerer([:], target, constants)
    let entry = constants.entries[position]
    let output = try lowerer.allocate(entry.elementType, entry.shape, .output("value"), "value")
    switch entry.definition {
    case .parameter, .literal: break
    case .packed(let packing, let views):
      lowerer.emit(.pack(packing), views.map { lowerer.view(ofConstant: $0) }, into: output)
    case .operation(let operation, let views, let result):
      let views = views.map { lowerer.view(ofConstant: $0) }
      let types = views.map {
        TensorType($0.elementType, $0.shape.map { Dimension(constant: $0) })
      }
      let results = try lowerer.emit(
        operation, views, try operation.rule.resultTypes(types).map { try $0.sizes([:]) })
      lowerer.copy(results[result], into: output)
    }
    constants = lowerer.constants
    let type = TensorType(entry.elementType, entry.shape.map { Dimension(constant: $0) })
    return try lowerer.plan(Ports(outputs: [Plan.Port(name: "value", type: type, view: output)]))
  }

  struct Ports {
    var inputs: [Plan.Port] = []
    var outputs: [Plan.Port] = []
    var states: [Plan.Port] = []
  }
}

extension Lowerer {
  /// The views of an operation's results, after emitting whatever makes them: the second of the two
  /// switches over operations in the repository.
  mutating func emit(
    _ operation: Operation, _ operands: [View], _ shapes: [[Int]]
  ) throws -> [View] {
    switch operation {
    case .constant(let constant):
      return [literal(constant.elementType, constant.bits, shapes[0])]
    case .iota(let iota):
      let output = try allocate(.int32, shapes[0])
      emit(.iota(axis: iota.axis), [], into: output)
      return [output]
    case .unary(let function):
      return [try elementwise(.unary(function), operands, operands[0].elementType, shapes[0])]
    case .binary(let function):
      return [try elementwise(.binary(function), operands, operands[0].elementType, shapes[0])]
    case .compare(let comparison):
      return [try elementwise(.compare(comparison), operands, .bool, shapes[0])]
    case .select:
      return [try elementwise(.select, operands, operands[1].elementType, shapes[0])]
    case .cast(let cast):
      if cast.elementType == operands[0].elementType { return operands }
      return [try elementwise(.cast, operands, cast.elementType, shapes[0])]
    case .matmul:
      return try product(FusedLinear(), operands, shapes)
    case .linear(let linear):
      return try product(linear, operands, shapes)
    case .matmulArgMax:
      return [try argMaxOfProduct(operands, shapes[0])]
    case .reduce(let reduce):
      let output = try allocate(operands[0].elementType, shapes[0])
      emit(.reduce(reduce.function, axes: reduce.axes), operands, into: output)
      return [output]
    case .argmax(let argmax):
      let output = try allocate(.int32, shapes[0])
      emit(.argmax(axis: argmax.axis), [try dense(operands[0])], into: output)
      return [output]
    case .softmax(let softmax):
      let output = try allocate(.float32, shapes[0])
      let masks = operands.dropFirst().map { $0.broadcast(to: shapes[0]) }
      emit(.softmax(softmax), [try dense(operands[0])] + masks, into: output)
      return [output]
    case .normalization(let normalization):
      let output = try allocate(.float32, shapes[0])
      emit(.normalization(normalization), try operands.map { try dense($0) }, into: output)
      return [output]
    case .normalizationGradient(let gradient):
      let outputs = try shapes.map { try allocate(.float32, $0) }
      emit(
        .normalizationGradient(gradient.forward), try operands.map { try dense($0) }, into: outputs)
      return outputs
    case .embedding(let embedding):
      return try self.embedding(embedding, operands, shapes)
    case .attention(let attention):
      return try self.attention(attention, operands, shapes)
    case .attentionGradient(let gradient):
      return try attentionGradient(gradient, operands)
    case .gather:
      let output = try allocate(operands[0].elementType, shapes[0])
      try gather(from: operands[0], try dense(operands[1]), into: output)
      return [output]
    case .contract:
      return try contraction(operands, shapes)
    case .scatterAdd:
      let output = try allocate(.float32, shapes[0])
      emit(.scatterAdd, [try dense(operands[1]), try dense(operands[0])], into: output)
      return [output]
    case .size(let size):
      return [try literal(size)]
    case .splitTime:
      return [try split(operands[0], shapes[0])]
    case .joinTime:
      return [try joined(operands[0], shapes[0])]
    case .chunkLengths(let chunks):
      return [try chunkLengths(chunks, operands[0], shapes[0])]
    case .stopGradient:
      return operands
    case .reshape:
      return [try reshaped(operands[0], to: shapes[0])]
    case .transpose(let transpose):
      return [operands[0].transposed(transpose.axes)]
    case .broadcast:
      return [operands[0].broadcast(to: shapes[0])]
    case .slice(let slice):
      return [
        operands[0].sliced(
          slice.axis, from: try slice.start.size(bindings), count: shapes[0][slice.axis])
      ]
    case .concatenate(let concatenate):
      return [try concatenated(operands, concatenate.axis, shapes[0])]
    case .updateRows:
      let output = try allocate(operands[0].elementType, shapes[0])
      copy(operands[0], into: output)
      let rows = [operands[1].count, shapes[0].dropFirst().reduce(1, *)]
      var source = try reshaped(operands[2], to: rows)
      if !source.hasUnitColumns || source.strides[0] < 0 { source = try dense(source) }
      emit(.updateRows, [source, try dense(operands[1])], into: output)
      return [output]
    case .updateSlice(let update):
      return [try updated(operands[0], with: operands[1], update)]
    case .scan(let scan):
      return try loop(scan, operands)
    case .recurrentCell(let cell):
      return try recurrentCell(cell.cell, operands, shapes)
    case .recurrentSequence(let layer):
      return try recurrentSequence(layer, operands, shapes)
    case .recurrentSequenceGradient(let gradient):
      return try recurrentSequenceGradient(gradient, operands, shapes)
    case .crossEntropy(let loss):
      let output = try allocate(.float32, shapes[0])
      emit(.crossEntropy(loss), try operands.map { try dense($0) }, into: output)
      return [output]
    case .crossEntropyGradient(let gradient):
      let output = try allocate(.float32, shapes[0])
      emit(
        .crossEntropyGradient(gradient.forward), try operands.map { try dense($0) }, into: output)
      return [output]
    case .randomUniform(let draw):
      let output = try allocate(.float32, shapes[0])
      emit(.randomUniform(stream: draw.stream), operands, into: output)
      return [output]
    case .optimizerUpdate(let update):
      return try optimizerUpdate(update, operands, shapes)
    }
  }
}
