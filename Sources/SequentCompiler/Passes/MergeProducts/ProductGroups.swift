import SequentIR

/// Products of one left operand with stored matrices, that become one product.
struct ProductGroup {
  /// One of the products.
  struct Member {
    /// Its position among the nodes.
    let index: Int
    /// Its result.
    let product: Value
    /// The matrix `[k, width]`.
    let matrix: Value
    /// The number of columns.
    let width: Dimension
    /// The vectors `[width]` that are added to this product and to no other.
    var biases: [Value] = []
  }

  /// The left operand.
  let left: Value
  /// The products, in the order of their columns.
  var members: [Member]

  /// The layer around the layers of all members, at the first one's line.
  func origin(in graph: Graph) -> Origin {
    let origins = members.map { graph.nodes[$0.index].origin }
    let paths = origins.map { $0.layer.split(separator: ".") }
    let common = paths.dropFirst().reduce(paths[0]) { path, other in
      zip(path, other).prefix { $0 == $1 }.map(\.0)
    }
    return Origin(layer: common.joined(separator: "."), location: origins[0].location)
  }
}

/// What is merged in a graph.
struct ProductGroups {
  private(set) var groups: [ProductGroup] = []
  /// Products that share their left operand with another and are not merged, and why.
  private(set) var misses: [(index: Int, reason: String)] = []
  /// The addends that stay, for every root of a sum whose biases moved to a product.
  private(set) var sums: [Value: [Value]] = [:]

  init(_ graph: Graph, _ uses: GraphUses, stored: Set<Value>) {
    var byKey: [Key: Int] = [:]
    var sharers: [Value: Int] = [:]
    for node in graph.nodes where node.operation == .matmul(MatMul()) {
      sharers[node.operands[0], default: 0] += 1
    }
    let scans = graph.onlyScans(uses)
    for (index, node) in graph.nodes.enumerated() where node.operation == .matmul(MatMul()) {
      let (left, right) = (node.operands[0], node.operands[1])
      guard sharers[left, default: 0] > 1, !stored.contains(node.results[0]) else { continue }
      guard stored.contains(right), graph.type(of: right).rank == 2,
        let width = graph.type(of: right).width
      else {
        misses.append((index, "\(graph.describe(right)), is not a stored matrix"))
        continue
      }
      let key = Key(left: left, scan: scans[node.results[0]])
      let member = ProductGroup.Member(
        index: index, product: node.results[0], matrix: right, width: width)
      if let group = byKey[key] {
        groups[group].members.append(member)
      } else {
        byKey[key] = groups.count
        groups.append(ProductGroup(left: left, members: [member]))
      }
    }
    groups.removeAll { group in
      guard group.members.count == 1 else { return false }
      misses.append((group.members[0].index, "the other products go elsewhere"))
      return true
    }
    let places = graph.gatePlaces(uses)
    for index in groups.indices {
      groups[index].members.sort {
        (places[$0.product] ?? .max, $0.index) < (places[$1.product] ?? .max, $1.index)
      }
    }
    takeBiases(graph, uses, stored)
  }

  /// Products that go to different scans stay apart: each scan gets a value of its own.
  private struct Key: Hashable {
    let left: Value
    let scan: Int?
  }

  /// Moves stored vectors of a sum to the first merged product in it: x·W + h·U + b.
  private mutating func takeBiases(_ graph: Graph, _ uses: GraphUses, _ stored: Set<Value>) {
    var owners: [Value: (group: Int, member: Int)] = [:]
    for (group, products) in groups.enumerated() {
      for (member, product) in products.members.enumerated() {
        owners[product.product] = (group, member)
      }
    }
    for node in graph.nodes where node.operation == .binary(.add) {
      let root = node.results[0]
      guard !graph.isInner(root, of: .add, uses) else { continue }
      var leaves = graph.leaves(of: .add, under: root, uses)
      guard
        let owner = leaves.first(where: { owners[$0] != nil && uses.count(of: $0) == 1 }),
        let (group, member) = owners[owner]
      else { continue }
      let type = TensorType(.float32, [groups[group].members[member].width])
      let isBias = { (leaf: Value) in stored.contains(leaf) && graph.type(of: leaf) == type }
      let biases = leaves.filter(isBias)
      guard !biases.isEmpty else { continue }
      groups[group].members[member].biases = biases
      leaves.removeAll(where: isBias)
      sums[root] = leaves
    }
  }
}

extension Graph {
  /// For the values that go to one scan and nowhere else, directly or through elementwise functions
  /// and slices, the position of that scan.
  fileprivate func onlyScans(_ uses: GraphUses) -> [Value: Int] {
    var scans: [Value: Int] = [:]
    for value in nodes.reversed().flatMap(\.results) where !uses.isResult(value) {
      let goals = uses.users(of: value).map { user -> Int? in
        switch nodes[user].operation {
        case .scan: user
        case .binary, .unary, .slice: scans[nodes[user].results[0]]
        default: nil
        }
      }
      if let first = goals.first, goals.allSatisfy({ $0 == first }) { scans[value] = first }
    }
    return scans
  }
}
