/// How one library stores the weights of its layers.
///
/// Names are templates: `{path}` is the layer's path, `{layer}` its number in the stack,
/// `{direction}` `forward` or `backward`, `{reverse}` nothing or `_reverse`. A template without
/// `{layer}` means layer 0, one without a direction the forward one, unless the directions are an
/// axis. Of several names the first that the checkpoint has is taken.
struct LayoutConvention: Sendable {
  /// Which axis of a matrix is stored first.
  enum Matrix: Sendable {
    case inputFirst, outputFirst
  }

  /// How the two biases of a gate, of the input's and of the state's product, are stored.
  enum Bias: Sendable {
    /// `[gates · hidden]` each, in tensors of these names.
    case separate(input: [String], hidden: [String])
    /// Both in one tensor, one behind the other: `[2 · gates · hidden]`.
    case concatenated([String])
    /// One `[gates · hidden]`; `[2, gates · hidden]` where the cell can't add them up, which is in
    /// a GRU that resets after the product.
    case summed([String])
  }

  /// The gates in the order in which they are stacked along the matrices' output axis.
  let gates: [StoredCellKind: [String]]
  let inputWeight: [String]
  let hiddenWeight: [String]
  let bias: Bias
  let recurrentMatrix: Matrix
  /// Whether all tensors of a recurrent layer have a first axis of directions: forward, backward.
  let hasDirectionAxis: Bool
  /// Where the library's GRU can apply the reset gate.
  let resetGates: Set<StoredResetGate>

  /// How a linear layer's matrix is stored.
  let linearMatrix: Matrix
  /// What the library calls the last words of Sequent's names, where it is not the same word:
  /// a linear layer's `weight` is Keras's `kernel`.
  let linearNames: [String: [String]]
  let embeddingNames: [String: [String]]
  let vectorNames: [String: [String]]

  /// Endings of the names of tensors that are no weights, and may be left over.
  let buffers: [String]
}
