/// Pictures of what was measured during a training.
///
/// | name | shows |
/// |---|---|
/// | `gradients` | the last record's gradient norms by time step: a curve for every state |
/// | `gradients.LAYER.STATE` | the same for one state, from record to record, as colours |
/// | `gates.LAYER` | the last record's shares of saturated units by time step, for every gate |
public struct TelemetryPlots: Sendable {
  /// More rows or columns of a heat map would be too thin to be told apart.
  private static let mostCells = 180
  private let records: [TelemetryRecord]

  /// Prepares pictures of records in the order of their steps.
  public init(_ records: [TelemetryRecord]) { self.records = records }

  /// The pictures as SVG, by name; none without a record.
  public var pictures: [(name: String, svg: String)] {
    guard let last = records.last else { return [] }
    var result = [("gradients", Self.gradients(last).svg())]
    for layer in last.layers {
      for state in layer.states {
        result.append(("gradients.\(layer.name).\(state.name)", history(layer, state).svg()))
      }
      if !layer.gates.isEmpty {
        result.append(("gates.\(layer.name)", Self.gates(layer, step: last.step).svg()))
      }
    }
    return result
  }

  /// The gradient norms of one record over the time steps.
  static func gradients(_ record: TelemetryRecord) -> LinePlot {
    let series = record.layers.enumerated().flatMap { index, layer in
      layer.states.enumerated().map { position, state in
        LinePlot.Series(
          layer.states.count > 1 ? "\(layer.name), \(state.name)" : layer.name,
          points: state.gradientNorms.points, colour: index, isDashed: position > 0)
      }
    }
    return LinePlot(
      title: "Gradient of the loss with respect to the state, training step \(record.step)",
      xLabel: "time step", yLabel: "root mean square over units", series: series,
      hasLogarithmicY: true)
  }

  /// The saturated shares of one layer's gates over the time steps.
  static func gates(_ layer: TelemetryRecord.Layer, step: Int) -> LinePlot {
    let series = layer.gates.enumerated().flatMap { index, gate in
      [
        LinePlot.Series(
          "\(gate.name) > 0.9", points: gate.rightSaturated.points, colour: index),
        LinePlot.Series(
          "\(gate.name) < 0.1", points: gate.leftSaturated.points, colour: index, isDashed: true),
      ]
    }
    return LinePlot(
      title: "Saturated gates of \(layer.name), training step \(step)", xLabel: "time step",
      yLabel: "share of units", series: series, yIncluding: [0, 1])
  }

  /// One state's gradient norms over the time steps, a row for every record that has them.
  private func history(
    _ layer: TelemetryRecord.Layer, _ state: TelemetryRecord.State
  ) -> HeatMap {
    let rows = records.compactMap { record -> (step: Int, norms: [Float])? in
      let layer = record.layers.first { $0.name == layer.name }
      return layer?.states.first { $0.name == state.name }.map { (record.step, $0.gradientNorms) }
    }.thinned(to: Self.mostCells)
    let columns = Array(0..<(rows.map(\.norms.count).max() ?? 0)).thinned(to: Self.mostCells)
    return HeatMap(
      title: "Gradient of the loss with respect to \(state.name) of \(layer.name)",
      rowLabel: "training step", columnLabel: "time step", rows: rows.map { "\($0.step)" },
      columns: columns.map { "\($0)" },
      values: rows.map { row in
        columns.map { row.norms.indices.contains($0) ? Double(row.norms[$0]) : .nan }
      }, isLogarithmic: true)
  }
}

extension [Float] {
  /// The values over 0, 1, 2, ….
  fileprivate var points: [(x: Double, y: Double)] {
    enumerated().map { (Double($0), Double($1)) }
  }
}

extension Array {
  /// Every n-th element, so that there are no more than so many.
  fileprivate func thinned(to limit: Int) -> [Element] {
    let distance = (count + limit - 1) / limit
    return indices.filter { $0 % Swift.max(distance, 1) == 0 }.map { self[$0] }
  }
}
