import SequentIR

/// What a model is made of: its layers in the order in which they first do something.
///
/// It is read off the graph as it was traced, whose operations know their layers. The gates of a
/// recurrent cell are one layer; what belongs to no layer is the function's own.
public struct ModelSummary: Sendable {
  /// One layer.
  public struct Layer: Hashable, Sendable {
    /// The path of properties that lead to it; empty for what the function does itself.
    public var path: String
    /// What it is or does, `lstm` or `linear`.
    public var purpose: String
    /// What it gives to other layers.
    public var outputs: [TensorType]
    /// How many numbers its own parameters hold.
    public var parameters: Int
  }

  /// The layers.
  public let layers: [Layer]
  /// How many numbers all parameters hold.
  public var parameters: Int { layers.reduce(0) { $0 + $1.parameters } }
  private let function: String

  /// The summary of one of a model's functions; the parameters are those of all.
  public init(_ module: Module, function: String = "main") {
    self.function = function
    var survey = LayerSurvey(module)
    if let graph = module.function(function)?.graph { survey.visit(graph) }
    layers = survey.layers
  }
}

extension ModelSummary: CustomStringConvertible {
  /// A table: layer, what it does, output, parameters; the total below.
  public var description: String {
    let rows = layers.map { layer in
      [
        layer.path.isEmpty ? function : layer.path, layer.purpose,
        layer.outputs.map(\.description).joined(separator: ", "), "\(layer.parameters)",
      ]
    }
    let table =
      [["layer", "does", "output", "parameters"]] + rows + [["total", "", "", "\(parameters)"]]
    let widths = (0..<4).map { column in table.map { $0[column].count }.max() ?? 0 }
    return table.map { row in
      let texts = row.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - row[column].count)
        return column == 3 ? space + row[column] : row[column] + space
      }
      return texts.joined(separator: "  ") + "\n"
    }.joined()
  }
}

/// The layers of a module while its graphs are looked through.
private struct LayerSurvey {
  private struct Entry {
    var operations: [Operation] = []
    var roles: Set<ParameterRole> = []
    var gates: Set<String> = []
    var outputs: [TensorType] = []
    var last: [TensorType] = []
    var parameters = 0
  }

  private var paths: [String] = []
  private var entries: [String: Entry] = [:]
  /// The gates' paths, each with its cell's.
  private let cells: [String: String]
  private let parameters: [Parameter]

  init(_ module: Module) {
    parameters = module.parameters
    var cells: [String: String] = [:]
    for parameter in parameters {
      let (gate, part) = Self.split(parameter.name)
      if RecurrentWeight.Part(rawValue: part) == .hiddenWeight { cells[gate] = Self.split(gate).0 }
    }
    self.cells = cells
  }

  private static func split(_ path: String) -> (String, last: String) {
    let words = path.split(separator: ".", omittingEmptySubsequences: false)
    return (words.dropLast().joined(separator: "."), words.last.map(String.init) ?? "")
  }

  private func layer(_ path: String) -> String { cells[path] ?? path }

  /// Looks through a graph; `around` is the layer of the scan whose body it is.
  mutating func visit(_ graph: Graph, around: String? = nil) {
    var users: [Value: [String]] = [:]
    for node in graph.nodes {
      for operand in node.operands { users[operand, default: []].append(layer(node.origin.layer)) }
    }
    for result in graph.results { users[result, default: []].append(around ?? "a result") }
    for node in graph.nodes {
      let path = layer(node.origin.layer)
      if entries[path] == nil { paths.append(path) }
      var entry = entries[path] ?? Entry()
      entry.operations.append(node.operation)
      entry.last = graph.types(of: node.results)
      for result in node.results where !entry.outputs.contains(graph.type(of: result)) {
        let isGiven = (users[result] ?? []).contains { user in
          user != path && (user == "a result" || !(path.isEmpty || user.hasPrefix("\(path).")))
        }
        if isGiven { entry.outputs.append(graph.type(of: result)) }
      }
      entries[path] = entry
      if case .scan(let scan) = node.operation { visit(scan.body, around: path) }
    }
  }

  var layers: [ModelSummary.Layer] {
    var (paths, entries) = (paths, entries)
    for parameter in parameters {
      let own = Self.split(parameter.name).0
      let path = layer(own)
      if entries[path] == nil { paths.append(path) }
      entries[path, default: Entry()].parameters +=
        parameter.type.staticShape?.reduce(1, *) ?? 0
      entries[path]?.roles.insert(parameter.role)
      if path != own { entries[path]?.gates.insert(Self.split(own).last) }
    }
    // The function's own operations stand between those of all layers: they come last.
    let ordered = paths.filter { !$0.isEmpty } + paths.filter(\.isEmpty)
    return ordered.map { path in
      let entry = entries[path] ?? Entry()
      return ModelSummary.Layer(
        path: path, purpose: Self.purpose(entry),
        outputs: entry.outputs.isEmpty ? entry.last : entry.outputs, parameters: entry.parameters)
    }
  }

  /// What a layer is, by its parameters and operations.
  private static func purpose(_ entry: Entry) -> String {
    if !entry.gates.isEmpty {
      return StoredCellKind.allCases.first { $0.gates == entry.gates }?.rawValue ?? "cell"
    }
    let does = Set(entry.operations.map(\.rule.mnemonic))
    var found: [String] = []
    if entry.roles.contains(.embedding) { found.append("embedding") }
    if entry.roles.contains(.linear) { found.append("linear") }
    if does.isSuperset(of: ["exp", "matmul", "divide"]) {
      found.append("attention")
    } else if does.isSuperset(of: ["exp", "divide"]) {
      found.append("softmax")
    }
    if does.isSuperset(of: ["sqrt", "reduce.mean"]) { found.append("normalization") }
    if found.isEmpty {
      var names: [String] = []
      for operation in entry.operations where !names.contains(operation.rule.mnemonic) {
        if case .constant = operation { continue }
        names.append(operation.rule.mnemonic)
      }
      found = names.count > 4 ? names.prefix(3) + ["…"] : names
    }
    return found.joined(separator: ", ")
  }
}
