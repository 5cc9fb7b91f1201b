import SequentIR

/// One step of the compiler: a graph in, an equivalent graph out.
///
/// A pass is a value in a file of its own; `Pipelines` lists the order.
public struct Pass: Sendable {
  /// The name that `--disable` and `--passes` take: `fuse-epilogue`.
  public let name: String
  /// What it does, in a line.
  public let summary: String
  /// Rebuilds one function's graph; scan bodies are the pass's own business.
  let run: @Sendable (Graph, inout PassContext) throws -> Graph

  init(
    _ name: String, _ summary: String,
    run: @escaping @Sendable (Graph, inout PassContext) throws -> Graph
  ) {
    self.name = name
    self.summary = summary
    self.run = run
  }
}

/// What a pass reports while it runs.
public struct PassContext: Sendable {
  /// The pass's name.
  public let pass: String
  /// The function it runs on.
  public let function: String
  /// What was matched, and what was not and why, in order.
  public private(set) var explanations: [Explanation] = []
  /// How often each kind of change was made.
  public private(set) var counts: [String: Int] = [:]

  init(pass: String, function: String) {
    self.pass = pass
    self.function = function
  }

  /// Records a change that needs no explanation.
  mutating func count(_ change: String) { counts[change, default: 0] += 1 }

  /// Records what was done with a candidate.
  ///
  /// - Parameter origin: where the candidate came from, when that is not the node's own.
  mutating func matched(
    _ message: String, _ node: Node, origin: Origin? = nil, in graph: Graph
  ) {
    count("matched")
    explain(message, isMatch: true, node, origin ?? node.origin, graph)
  }

  /// Records the first reason why a candidate was left as it is.
  mutating func missed(_ message: String, _ node: Node, in graph: Graph) {
    count("missed")
    explain(message, isMatch: false, node, node.origin, graph)
  }

  private mutating func explain(
    _ message: String, isMatch: Bool, _ node: Node, _ origin: Origin, _ graph: Graph
  ) {
    explanations.append(
      Explanation(
        pass: pass, function: function, value: node.results.first.map(graph.name(of:)) ?? "",
        origin: origin, isMatch: isMatch, message: message))
  }
}

/// What a pass did with one candidate, or the first reason why it did nothing.
public struct Explanation: Hashable, Sendable, CustomStringConvertible {
  /// The pass's name.
  public let pass: String
  /// The function that holds the candidate.
  public let function: String
  /// The candidate's result, without the `%`.
  public let value: String
  /// The layer that emitted it, empty outside of layers.
  public let layer: String
  /// The user's line.
  public let location: SourceLocation?
  /// Whether the pass did its work.
  public let isMatch: Bool
  /// What was done, or why nothing was.
  public let message: String

  init(
    pass: String, function: String, value: String, origin: Origin, isMatch: Bool, message: String
  ) {
    self.pass = pass
    self.function = function
    self.value = value
    layer = origin.layer
    location = origin.location
    self.isMatch = isMatch
    self.message = message
  }

  /// `fuse-recurrent-sequence: encoder.layer0 (LanguageOfWord.swift:20): fused lstm`.
  public var description: String {
    let place: String
    switch (layer.isEmpty, location) {
    case (false, let location?): place = "\(layer) (\(location))"
    case (false, nil): place = layer
    case (true, let location?): place = location.description
    case (true, nil): place = "@\(function) %\(value)"
    }
    return "\(pass): \(place): \(message)"
  }
}
