/// One value of a graph: an argument, a parameter, or a result of a node.
public struct Value: Hashable, Sendable {
  /// The position in the graph's table of values.
  public let index: UInt32

  init(_ index: Int) { self.index = UInt32(index) }
}

/// Where a value comes from.
public enum Definition: Hashable, Sendable {
  /// The graph's argument at a position.
  case argument(Int)
  /// A parameter of the module, by its name.
  case parameter(String)
  /// A result of a node: the node's position and the result's.
  case node(Int, result: Int)
}

/// An operation applied to values.
public struct Node: Sendable {
  /// What is computed.
  public let operation: Operation
  /// From what.
  public let operands: [Value]
  /// What it gives.
  public let results: [Value]
  /// Where it came from.
  public let origin: Origin
}

/// A straight list of nodes in single-assignment form: each uses only what stands before it.
///
/// A graph only grows; passes change one by building another (see `GraphRewriter`).
public struct Graph: Sendable {
  struct Entry: Sendable {
    var type: TensorType
    var name: String
    var definition: Definition
  }

  private var entries: [Entry] = []
  private var parameterValues: [String: Value] = [:]
  private var takenNames: [String: Int] = [:]
  /// The arguments, in order.
  public private(set) var arguments: [Value] = []
  /// The nodes, in an order in which they can run.
  public internal(set) var nodes: [Node] = []
  /// What the graph gives.
  public var results: [Value] = []

  /// Creates an empty graph.
  public init() {}

  /// The type of a value.
  public func type(of value: Value) -> TensorType { entries[Int(value.index)].type }

  /// The types of values.
  public func types(of values: [Value]) -> [TensorType] { values.map { type(of: $0) } }

  /// The name of a value: unique in the graph, without the `%`.
  public func name(of value: Value) -> String { entries[Int(value.index)].name }

  /// Where a value comes from.
  public func definition(of value: Value) -> Definition { entries[Int(value.index)].definition }

  /// The node that gives a value, if one does.
  public func producer(of value: Value) -> Node? {
    guard case .node(let index, _) = definition(of: value) else { return nil }
    return nodes[index]
  }

  /// The name of the parameter that a value is, if it is one.
  public func parameterName(of value: Value) -> String? {
    guard case .parameter(let name) = definition(of: value) else { return nil }
    return name
  }

  /// The number of values.
  public var valueCount: Int { entries.count }

  /// How often each value is used, by its index; a use as a result of the graph counts.
  public func useCounts() -> [Int] {
    var counts = Array(repeating: 0, count: entries.count)
    for node in nodes { for operand in node.operands { counts[Int(operand.index)] += 1 } }
    for result in results { counts[Int(result.index)] += 1 }
    return counts
  }

  // MARK: - Building

  /// Adds an argument.
  public mutating func addArgument(_ type: TensorType, name: String = "arg") -> Value {
    let value = add(type, name: name, definition: .argument(arguments.count))
    arguments.append(value)
    return value
  }

  /// The value of a parameter of the module.
  public mutating func parameter(_ name: String, _ type: TensorType) -> Value {
    if let value = parameterValues[name] { return value }
    let value = Value(entries.count)
    entries.append(Entry(type: type, name: name, definition: .parameter(name)))
    parameterValues[name] = value
    return value
  }

  /// Adds a node, checking its operands.
  ///
  /// - Parameter names: wished names of the results; a number is added to one that is taken.
  /// - Throws: `TypeError` when the operation does not take these operands.
  public mutating func append(
    _ operation: Operation, _ operands: [Value], names: [String] = [],
    origin: Origin = .unknown
  ) throws(TypeError) -> [Value] {
    guard operands.allSatisfy({ $0.index < entries.count }) else {
      throw TypeError("\(operation.rule.mnemonic): an operand is not a value of the graph")
    }
    let types = try operation.rule.resultTypes(types(of: operands))
    if let type = types.first(where: { !$0.hasValidSizes }) {
      throw TypeError("\(operation.rule.mnemonic): a size of the result \(type) is out of range")
    }
    let index = nodes.count
    var results: [Value] = []
    for (position, type) in types.enumerated() {
      let name = position < names.count ? names[position] : resultName(of: operation)
      results.append(add(type, name: name, definition: .node(index, result: position)))
    }
    nodes.append(Node(operation: operation, operands: operands, results: results, origin: origin))
    return results
  }

  /// Adds a node with a single result, checking its operands.
  public mutating func append(
    _ operation: Operation, _ operands: Value..., name: String? = nil, origin: Origin = .unknown
  ) throws(TypeError) -> Value {
    try append(operation, operands, names: name.map { [$0] } ?? [], origin: origin)[0]
  }

  /// What a result is called when nobody names it: the operation's word.
  private func resultName(of operation: Operation) -> String {
    String(operation.rule.mnemonic.map { $0 == "." ? "_" : $0 })
  }

  private mutating func add(_ type: TensorType, name: String, definition: Definition) -> Value {
    let value = Value(entries.count)
    entries.append(Entry(type: type, name: unique(name), definition: definition))
    return value
  }

  /// A name not yet taken: `gates`, `gates_1`, `gates_2`; a wished number is given up.
  private mutating func unique(_ wish: String) -> String {
    guard takenNames[wish] != nil else {
      takenNames[wish] = 0
      return wish
    }
    var stem = wish
    if let bar = wish.lastIndex(of: "_"), Int(wish[wish.index(after: bar)...]) != nil {
      stem = String(wish[..<bar])
    }
    var number = takenNames[stem, default: 0]
    repeat { number += 1 } while takenNames["\(stem)_\(number)"] != nil
    takenNames[stem] = number
    takenNames["\(stem)_\(number)"] = 0
    return "\(stem)_\(number)"
  }
}

// MARK: - Equality

extension Graph: Hashable {
  /// Whether two graphs have the same nodes in the same order, whatever their names and origins.
  public static func == (left: Graph, right: Graph) -> Bool {
    guard left.arguments.count == right.arguments.count, left.nodes.count == right.nodes.count,
      left.results.count == right.results.count,
      left.types(of: left.arguments) == right.types(of: right.arguments)
    else { return false }
    let same = { (a: Value, b: Value) in
      left.definition(of: a) == right.definition(of: b) && left.type(of: a) == right.type(of: b)
    }
    for (a, b) in zip(left.nodes, right.nodes) {
      guard a.operation == b.operation, a.operands.count == b.operands.count,
        zip(a.operands, b.operands).allSatisfy(same)
      else { return false }
    }
    return zip(left.results, right.results).allSatisfy(same)
  }

  /// Hashes what `==` compares.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(types(of: arguments))
    for node in nodes {
      hasher.combine(node.operation)
      for operand in node.operands { hasher.combine(definition(of: operand)) }
    }
    for result in results { hasher.combine(definition(of: result)) }
  }
}
