/// What the tokens of an answer attend to in what was read.
public struct Alignment: Hashable, Sendable {
  /// The tokens that were read.
  public let source: [String]
  /// The tokens of the answer.
  public let target: [String]
  /// The weights, `[target, source]`.
  public let weights: [[Float]]

  /// The alignment as a picture: a row for every token of the answer.
  public func heatMap(title: String) -> HeatMap {
    HeatMap(
      title: title, rowLabel: "answer", columnLabel: "source", rows: target,
      columns: source, values: weights.map { $0.map(Double.init) })
  }

  /// The alignment as an object: `source`, `target`, `weights`.
  public var json: JSON {
    .object([
      JSON.Member(name: "source", value: .array(source.map(JSON.string))),
      JSON.Member(name: "target", value: .array(target.map(JSON.string))),
      JSON.Member(
        name: "weights",
        // No more digits than tell a weight from its neighbours.
        value: .array(
          weights.map { row in
            .array(row.map { .number(Double("\($0)") ?? Double($0)) })
          })),
    ])
  }
}
