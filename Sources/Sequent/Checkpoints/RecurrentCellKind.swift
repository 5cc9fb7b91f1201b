/// A recurrent cell that checkpoints of other libraries can hold.
///
/// The gates' names are those of Sequent's parameters.
enum RecurrentCellKind: String, CaseIterable, Sendable {
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
enum ResetGate: Sendable {
  case before, after

  /// What a GRU does, in words.
  var title: String {
    switch self {
    case .before: "resets before the recurrent product"
    case .after: "resets after the recurrent product"
    }
  }
}
