/// A recurrent cell that checkpoints of other libraries can hold.
///
/// The gates' names are those of Sequent's parameters.
enum StoredCellKind: String, CaseIterable, Sendable {
  case rnn, lstm, gru

  /// The gates, in no particular order: each library has its own.
  var gates: Set<String> {
    switch self {
    case .rnn: ["state"]
    case .lstm: ["input", "forget", "cell", "output"]
    case .gru: ["reset", "update", "new"]
    }
  }
}

/// Where a GRU applies its reset gate r to the state h.
///
/// Before the recurrent product, `n = tanh(W·x + b + U·(r ∘ h))`, as in the paper; or after it,
/// `n = tanh(W·x + b + r ∘ (U·h + c))`, which has a bias c of its own.
enum StoredResetGate: Sendable {
  case before, after

  /// What a GRU does, in words.
  var title: String {
    switch self {
    case .before: "resets before the recurrent product"
    case .after: "resets after the recurrent product"
    }
  }
}

/// What a cell is, seen from all of its weights.
struct StoredCell {
  let kind: StoredCellKind
  /// Where a GRU resets; nil when it has no biases, which alone show it, and for other kinds.
  let resetGate: StoredResetGate?

  /// The cell with these weights; nil when it is not one that other libraries have.
  init?(weights: [RecurrentWeight]) {
    let gates = Set(weights.filter { $0.part == .hiddenWeight }.map(\.gate))
    guard gates == Set(weights.map(\.gate)),
      let kind = StoredCellKind.allCases.first(where: { $0.gates == gates })
    else { return nil }
    let parts = Set(weights.map(\.part))
    self.kind = kind
    resetGate =
      if kind != .gru {
        nil
      } else if parts.contains(.hiddenBias) {
        .after
      } else {
        parts.contains(.bias) ? .before : nil
      }
  }
}
