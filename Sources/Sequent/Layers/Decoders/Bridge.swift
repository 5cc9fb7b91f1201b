import SequentIR

/// From an encoder's final states to a decoder's first ones, where sizes differ or not.
///
/// A layer of the decoder gets the final states of the encoder's layer beside it (the last one if it
/// has fewer), the directions side by side, through a linear layer: h = tanh(W h + b), other parts of
/// a state, such as an LSTM's c, without the tanh. Cells of other kinds get theirs from h.
public struct Bridge: Sendable {
  /// By the decoder's layers, then the parts of their states.
  public let maps: [[Linear]]

  /// Creates a bridge between layers of cells.
  public init<From: RecurrentCell, To: RecurrentCell>(
    from encoder: RecurrentLayer<From>, to cells: [To]
  ) {
    maps = cells.enumerated().map { layer, cell in
      let directions = encoder.cells[min(layer, encoder.cells.count - 1)]
      return cell.stateSizes.indices.map { part in
        Linear(directions.reduce(0) { $0 + $1.size(of: part) }, cell.stateSizes[part])
      }
    }
  }

  /// A decoder's first states by layer, of `RecurrentOutput.state`.
  public func callAsFunction(
    _ state: [[[Tensor]]], file: String = #fileID, line: Int = #line
  ) -> [[Tensor]] {
    guard let last = state.indices.last else { return [] }
    return maps.enumerated().map { layer, maps in
      let directions = state[min(layer, last)]
      return maps.enumerated().map { part, map in
        let parts = directions.map { $0[part < $0.count ? part : 0] }
        let joined =
          parts.count == 1
          ? parts[0] : parts[0].concatenated(with: Array(parts.dropFirst()), axis: 1)
        let mapped = map(joined, file: file, line: line)
        return part == 0 ? tanh(mapped) : mapped
      }
    }
  }
}

extension RecurrentCell {
  fileprivate func size(of part: Int) -> Int { stateSizes[part < stateSizes.count ? part : 0] }
}
