import SequentIR

/// What becomes the epilogue of a product: f(scale · x·W + bias + residual), or f(…) · factor.
///
/// A sum may hold several products: all but the last run first, each the residual of the next.
struct EpiloguePlan {
  /// A product with its scale.
  struct Product {
    /// The position of the matmul.
    let index: Int
    /// What it is multiplied by.
    let scale: Double
    /// The scaled product.
    let result: Value
  }

  /// The products in the sum, in the order of the nodes.
  var products: [Product]
  /// The vectors `[n]` in the sum.
  var biases: [Value] = []
  /// The addends of the result's shape.
  var residuals: [Value] = []
  /// Addends that stretch in another way: they are added afterwards.
  var others: [Value] = []
  /// What is applied to the sum.
  var activation = Activation.none
  /// What multiplies the result, of the same shape, where nothing of that shape is added.
  var factor: Value?
  /// What all of it gives.
  var root: Value

  /// Whether there is anything to fuse.
  var isUseful: Bool {
    !biases.isEmpty || !residuals.isEmpty || activation != .none || factor != nil
      || products.count > 1 || products[0].scale != 1
  }

  /// What was fused: `fused bias, gelu`.
  var description: String {
    var parts: [String] = []
    if products.count > 1 { parts.append("sum of \(products.count) products") }
    if products.contains(where: { $0.scale != 1 }) { parts.append("scale") }
    if !biases.isEmpty { parts.append("bias") }
    if !residuals.isEmpty { parts.append("residual") }
    if activation != .none { parts.append(activation.rawValue) }
    if factor != nil { parts.append("factor") }
    return "fused " + parts.joined(separator: ", ")
  }
}

/// Finds the epilogues of a graph.
struct EpiloguePlanner {
  let graph: Graph
  let uses: GraphUses
  private(set) var plans: [EpiloguePlan] = []
  /// Products without an epilogue, and why.
  private(set) var misses: [(index: Int, reason: String)] = []
  /// By what they are applied to.
  private var gelus: [Value: (pattern: GELUPattern, result: Value)] = [:]
  /// Products of two plans' roots, which one of them has.
  private var taken: Set<Value> = []

  /// - Parameter stored: values known when the model is loaded: their products are nobody's step.
  init(_ graph: Graph, stored: Set<Value>) {
    self.graph = graph
    uses = GraphUses(graph)
    for node in graph.nodes where node.operation == .binary(.multiply) {
      if let pattern = GELUPattern(node.results[0], in: graph, uses) {
        gelus[pattern.operand] = (pattern, node.results[0])
      }
    }
    var sums: [Value: Int] = [:]
    for (index, node) in graph.nodes.enumerated() where node.operation == .matmul(MatMul()) {
      guard !stored.contains(node.results[0]) else { continue }
      let product = scaled(index)
      let sum = root(ofSumWith: product.result)
      if let plan = sums[sum] {
        plans[plan].products.append(product)
      } else {
        sums[sum] = plans.count
        plans.append(EpiloguePlan(products: [product], root: sum))
      }
    }
    for index in plans.indices {
      var plan = plans[index]
      complete(&plan)
      plans[index] = plan
    }
    for plan in plans where !plan.isUseful {
      misses.append((plan.products[0].index, reason(for: plan.root)))
    }
    plans.removeAll { !$0.isUseful }
  }

  /// A product, with the scale that is its only use.
  private func scaled(_ index: Int) -> EpiloguePlan.Product {
    let product = graph.nodes[index].results[0]
    if let user = uses.onlyUser(of: product).map({ graph.nodes[$0].results[0] }),
      let (operand, factor) = graph.scaled(user), operand == product
    {
      return EpiloguePlan.Product(index: index, scale: factor, result: user)
    }
    return EpiloguePlan.Product(index: index, scale: 1, result: product)
  }

  /// The root of the tree of additions that a value is a leaf of; the value when it is in none.
  private func root(ofSumWith value: Value) -> Value {
    var root = value
    while graph.isInner(root, of: .add, uses), let user = uses.onlyUser(of: root) {
      root = graph.nodes[user].results[0]
    }
    return root
  }

  /// Sorts the addends and looks for what is applied to the sum and multiplies it.
  private mutating func complete(_ plan: inout EpiloguePlan) {
    let (sum, type) = (plan.root, graph.type(of: plan.root))
    let products = Set(plan.products.map(\.result))
    if !products.contains(sum) {
      for leaf in graph.leaves(of: .add, under: sum, uses) where !products.contains(leaf) {
        let leafType = graph.type(of: leaf)
        if leafType == type {
          plan.residuals.append(leaf)
        } else if leafType.shape == type.shape.suffix(1) {
          plan.biases.append(leaf)
        } else {
          plan.others.append(leaf)
        }
      }
    }
    guard plan.others.isEmpty else { return }
    if let gelu = gelus[sum], uses.areWithin(gelu.pattern.nodes, sum) {
      (plan.activation, plan.root) = (gelu.pattern.activation, gelu.result)
    } else if let user = uses.onlyUser(of: sum).map({ graph.nodes[$0] }),
      let activation = Activation(fusing: user.operation)
    {
      (plan.activation, plan.root) = (activation, user.results[0])
    }
    takeFactor(&plan)
  }

  /// Has what multiplies the plan's root, if that is its only use.
  private mutating func takeFactor(_ plan: inout EpiloguePlan) {
    guard plan.products.count == 1, plan.residuals.isEmpty,
      let user = uses.onlyUser(of: plan.root).map({ graph.nodes[$0] }),
      user.operation == .binary(.multiply), !taken.contains(user.results[0])
    else { return }
    let factor = user.operands[user.operands[0] == plan.root ? 1 : 0]
    guard graph.type(of: factor) == graph.type(of: plan.root), graph.splat(of: factor) == nil
    else { return }
    taken.insert(user.results[0])
    (plan.factor, plan.root) = (factor, user.results[0])
  }

  /// Why a product has no epilogue.
  private func reason(for product: Value) -> String {
    let users = uses.users(of: product).map { graph.nodes[$0].operation.rule.mnemonic }
    if uses.count(of: product) > 1 {
      return "the product is used \(uses.count(of: product)) times"
    }
    guard let user = users.first else { return "the product is a result itself" }
    return "\(user), which follows the product, is no epilogue"
  }
}

extension Activation {
  /// The activation that an operation is.
  fileprivate init?(fusing operation: Operation) {
    switch operation {
    case .unary(.relu): self = .relu
    case .unary(.sigmoid): self = .sigmoid
    case .unary(.tanh): self = .tanh
    default: return nil
    }
  }
}
