extension Function {
  /// The function as Graphviz draws it: a box for every layer, and one for the body of every scan.
  ///
  /// Nodes say operation, type and how many weights they take; what only prepares weights is left
  /// out. An SVG shows layer and source line under the pointer.
  public var dot: String {
    var writer = DotWriter()
    writer.write(self)
    return writer.text
  }
}

/// Writes a function in Graphviz's language.
private struct DotWriter {
  private(set) var text = ""
  private var depth = 0
  private var edges: [String] = []

  mutating func write(_ function: Function) {
    line("digraph \(quoted(function.name)) {")
    depth += 1
    line("node [shape=box, style=filled, fillcolor=white, fontname=Helvetica, fontsize=10]")
    line("graph [fontname=Helvetica, fontsize=10, style=rounded, color=gray]")
    let graph = function.graph
    for input in graph.arguments { argument(input, of: graph, prefix: "") }
    let nodes = graph.nodes.enumerated().map { position, node in
      (position, node.origin.layer.split(separator: ".")[...])
    }
    layers(graph, nodes: nodes, path: "")
    for (position, (name, type)) in function.outputs.enumerated() {
      line("result\(position) [label=\(label(name, type)), shape=ellipse, fillcolor=lightblue]")
      edge(graph.results[position], of: graph, prefix: "", to: "result\(position)")
    }
    for edge in edges { line(edge) }
    depth -= 1
    line("}")
  }

  /// Draws the nodes of a layer: its own, then a box for every layer below it, in order.
  ///
  /// - Parameter nodes: positions, and what is left of the nodes' layer paths.
  private mutating func layers(
    _ graph: Graph, nodes: [(position: Int, rest: ArraySlice<Substring>)], path: String
  ) {
    var names: [Substring] = []
    var inside: [Substring: [(position: Int, rest: ArraySlice<Substring>)]] = [:]
    for node in nodes where graph.weights(ofNode: node.position).isEmpty {
      guard let name = node.rest.first else {
        draw(graph, node.position, prefix: "")
        continue
      }
      if inside[name] == nil { names.append(name) }
      inside[name, default: []].append((node.position, node.rest.dropFirst()))
    }
    for name in names {
      let below = path.isEmpty ? String(name) : "\(path).\(name)"
      cluster(below, label: String(name)) { writer in
        writer.layers(graph, nodes: inside[name] ?? [], path: below)
      }
    }
  }

  private mutating func draw(_ graph: Graph, _ position: Int, prefix: String) {
    let node = graph.nodes[position]
    let id = "\(prefix)node\(position)"
    let types = graph.types(of: node.results).map(\.description)
    let weights = Set(node.operands.flatMap { graph.weights(of: $0) }).count
    let lines = [node.operation.rule.mnemonic] + types
    let note = weights == 0 ? [] : [weights == 1 ? "1 weight" : "\(weights) weights"]
    let label = quoted((lines + note).joined(separator: "\n"))
    let tooltip = quoted(node.origin.description)
    for operand in node.operands where graph.weights(of: operand).isEmpty {
      edge(operand, of: graph, prefix: prefix, to: id)
    }
    var bodies: [(name: String, graph: Graph)] = []
    for attribute in node.operation.rule.attributes {
      if case .graph(let body) = attribute.value { bodies.append((attribute.name, body)) }
    }
    guard !bodies.isEmpty else { return line("\(id) [label=\(label), tooltip=\(tooltip)]") }
    cluster(id, label: bodies.map(\.name).joined(separator: ", ")) { writer in
      writer.line("\(id) [label=\(label), tooltip=\(tooltip), fillcolor=lightyellow]")
      for (index, body) in bodies.enumerated() {
        writer.body(body.graph, prefix: "\(id)_\(index)_", of: id)
      }
    }
  }

  /// Draws a body inside the box of its node; a dashed line leads from the node to its arguments.
  private mutating func body(_ body: Graph, prefix: String, of owner: String) {
    for (position, value) in body.arguments.enumerated() {
      argument(value, of: body, prefix: prefix)
      edges.append("\(owner) -> \(prefix)argument\(position) [style=dashed]")
    }
    for position in body.nodes.indices { draw(body, position, prefix: prefix) }
  }

  private mutating func argument(_ value: Value, of graph: Graph, prefix: String) {
    guard case .argument(let position) = graph.definition(of: value) else { return }
    let label = label(graph.name(of: value), graph.type(of: value))
    line("\(prefix)argument\(position) [label=\(label), shape=ellipse, fillcolor=lightblue]")
  }

  private mutating func edge(_ value: Value, of graph: Graph, prefix: String, to target: String) {
    let source =
      switch graph.definition(of: value) {
      case .argument(let position): "\(prefix)argument\(position)"
      case .parameter(let name): quoted("@" + name)
      case .node(let position, _): "\(prefix)node\(position)"
      }
    edges.append("\(source) -> \(target)")
  }

  private mutating func cluster(
    _ id: String, label: String, _ content: (inout DotWriter) -> Void
  ) {
    line("subgraph \(quoted("cluster_" + id)) {")
    depth += 1
    line("label=\(quoted(label))")
    content(&self)
    depth -= 1
    line("}")
  }

  private func label(_ name: String, _ type: TensorType) -> String { quoted("\(name)\n\(type)") }

  private func quoted(_ content: String) -> String {
    var text = "\""
    for character in content {
      switch character {
      case "\"", "\\": text += "\\\(character)"
      case "\n": text += "\\n"
      default: text.append(character)
      }
    }
    return text + "\""
  }

  private mutating func line(_ content: String) {
    text += String(repeating: "  ", count: depth) + content + "\n"
  }
}

extension Graph {
  /// The parameters that a value is made of, when it is made of nothing else.
  fileprivate func weights(of value: Value) -> [String] {
    switch definition(of: value) {
    case .parameter(let name): [name]
    case .argument: []
    case .node(let position, _): weights(ofNode: position)
    }
  }

  /// The parameters that a node combines, when it combines nothing else.
  fileprivate func weights(ofNode position: Int) -> [String] {
    let operands = nodes[position].operands.map { weights(of: $0) }
    return operands.contains([]) ? [] : operands.flatMap { $0 }
  }
}
