import SequentIR

/// The nodes from a gather to what an attention takes, all of which move elements only.
struct GatherPath {
  let gather: Node
  /// From the gather on, which is not among them.
  let moves: [Node]
  /// The positions of all, the gather's among them.
  let nodes: Set<Int>

  /// Goes back to a gather; nil if something else gives the value.
  init?(to value: Value, in graph: Graph) {
    var (value, moves, nodes) = (value, [Node](), Set<Int>())
    while let index = graph.producerIndex(of: value) {
      let node = graph.nodes[index]
      nodes.insert(index)
      switch node.operation {
      case .gather:
        (gather, self.moves, self.nodes) = (node, moves.reversed(), nodes)
        return
      case .reshape, .transpose, .broadcast:
        moves.append(node)
        value = node.operands[0]
      default:
        return nil
      }
    }
    return nil
  }
}

/// Keys or values that a table finds, brought into an attention's form from where they lie.
///
/// The path behind the gather is followed with the source's axes in place of those that the table gave:
/// `[rows, keys, …]` becomes `[1, slots, …]`, and `[rows, …]` becomes `[sources, …]`.
struct GatheredOperand {
  let table: Value
  let form: FusedAttention.Table
  private let source: Value
  private var steps: [(operation: Operation, origin: Origin)] = []
  /// The operand's shape, were it gathered.
  private var shape: [Dimension]
  /// Where the axes are that the table gave, and what takes their place.
  private var axes: [(place: Int, size: Dimension)]

  /// Follows a path, or throws why it doesn't end in an attention's form.
  init(_ path: GatherPath, in graph: Graph) throws(Miss) {
    let (gather, result) = (path.gather, path.gather.results[0])
    (source, table) = (gather.operands[0], gather.operands[1])
    let sources = graph.type(of: source).shape
    shape = graph.type(of: result).shape
    switch graph.type(of: table).rank {
    case 1:
      (form, axes) = (.rows, [(0, sources[0])])
    case 2:
      (form, axes) = (.keys, [(0, 1), (1, sources[0])])
      steps.append((.reshape(Reshape([1] + sources)), gather.origin))
    case let rank:
      throw Miss("%\(graph.name(of: table)), the table, has \(rank) axes, not one or two")
    }
    for node in path.moves { try follow(node, in: graph) }
    let places = axes.map(\.place)
    guard shape.count == 4, places == (form == .rows ? [0] : [0, 2]) else {
      throw Miss("what %\(graph.name(of: result)) gathers are not rows and keys of the attention")
    }
  }

  private mutating func follow(_ node: Node, in graph: Graph) throws(Miss) {
    let (before, result) = (sourceShape, graph.type(of: node.results[0]).shape)
    switch node.operation {
    case .transpose(let transpose):
      axes = axes.map { axis in
        (transpose.axes.firstIndex(of: axis.place) ?? axis.place, axis.size)
      }
      shape = result
      steps.append((node.operation, node.origin))
    case .reshape:
      var moved = axes
      for (index, axis) in axes.enumerated() {
        guard let place = Self.place(of: axis.place, of: shape, in: result) else {
          throw Miss("%\(graph.name(of: node.results[0])) takes the table's axes apart")
        }
        moved[index].place = place
      }
      (axes, shape) = (moved, result)
      let reshape = Reshape(sourceShape)
      guard (try? reshape.resultTypes([TensorType(.float32, before)])) != nil else {
        throw Miss("%\(graph.name(of: node.results[0])) is not a reshape of the source")
      }
      steps.append((.reshape(reshape), node.origin))
    default:
      throw Miss("%\(graph.name(of: node.results[0])) stretches what is gathered")
    }
  }

  /// The shape with the source's axes.
  private var sourceShape: [Dimension] {
    var result = shape
    for axis in axes { result[axis.place] = axis.size }
    return result
  }

  /// Where an axis is after a reshape: as many elements stand before it.
  private static func place(of axis: Int, of from: [Dimension], in to: [Dimension]) -> Int? {
    to.indices.first { to[$0] == from[axis] && count(to[..<$0]) == count(from[..<axis]) }
  }

  /// The number of elements as a product of a constant and symbols.
  private static func count(_ shape: ArraySlice<Dimension>) -> [Dimension] {
    let constant = shape.compactMap(\.staticSize).reduce(1, &*)
    return [Dimension(constant: constant)] + shape.filter { $0.staticSize == nil }
  }

  /// The operand in the new graph.
  func build(_ rewriter: inout GraphRewriter) throws -> Value {
    var result = try rewriter.value(source)
    for step in steps {
      result = try rewriter.append(step.operation, result, origin: step.origin)
    }
    return result
  }
}
