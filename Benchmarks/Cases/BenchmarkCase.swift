import Sequent

/// One thing to time, as a line of JSON describes it.
///
///     {"name": "lstm-t50-b1-h256", "kind": "lstm", "time": 50, "batch": 1, "input": 256, "hidden": 256}
///     {"name": "gemm-1024", "kind": "gemm", "m": 1024, "n": 1024, "k": 1024}
public struct BenchmarkCase: Sendable {
  /// What is computed.
  public enum Kind: Sendable {
    /// x `[m, k]` · W `[k, n]`, W constant.
    case gemm(m: Int, n: Int, k: Int)
    /// A recurrent network over x `[batch, time, input]`, all outputs kept.
    case recurrent(RecurrentConfiguration, batch: Int, time: Int)
    /// softmax(q · kᵀ / √width) · v for q `[batch, heads, queries, width]`.
    case attention(AttentionConfiguration, batch: Int, queries: Int, keys: Int)
    /// A Transformer's encoder over x `[batch, time, width]`.
    case encoder(EncoderConfiguration, batch: Int, time: Int)
    /// Tokens written greedily by GPT-2's layers, with a cache.
    case decoder(DecoderConfiguration)
  }

  /// The name.
  public let name: String
  /// What is computed.
  public let kind: Kind
  /// What matrices are rounded to, if the case says so: "weights": "bf16".
  public let weightsType: WeightsType?
  /// Whether the gradients of the outputs' sum with respect to inputs and weights are, too.
  public let isTraining: Bool

  /// Reads a case.
  ///
  /// - Throws: `UnsupportedCase` for what is not timed here, and for fields that are missing.
  public init(_ json: JSON) throws(UnsupportedCase) {
    let fields = try CaseFields(json)
    name = fields.name
    isTraining = fields.mode == "train"
    weightsType = try fields.weightsType()
    switch fields.kind {
    case "gemm":
      kind = .gemm(
        m: try fields.size("m"), n: try fields.size("n"), k: try fields.size("k"))
    case "rnn", "lstm", "gru":
      var configuration = RecurrentConfiguration()
      configuration.input = try fields.size("input")
      configuration.hidden = try fields.size("hidden")
      configuration.layers = try fields.size("layers", default: 1)
      configuration.isBidirectional = try fields.flag("bidirectional")
      configuration.isRagged = try fields.flag("ragged")
      configuration.isSummed = isTraining
      configuration.cell = RecurrentConfiguration.Cell(rawValue: fields.kind) ?? .lstm
      kind = .recurrent(
        configuration, batch: try fields.size("batch"), time: try fields.size("time"))
    case "attention":
      var configuration = AttentionConfiguration()
      configuration.heads = try fields.size("heads")
      configuration.width = try fields.size("head_dim")
      configuration.isCausal = try fields.flag("causal")
      configuration.isSummed = isTraining
      kind = .attention(
        configuration, batch: try fields.size("batch"), queries: try fields.size("queries"),
        keys: try fields.size("keys"))
    case "encoder":
      var configuration = EncoderConfiguration()
      configuration.width = try fields.size("width")
      configuration.layers = try fields.size("layers")
      configuration.heads = try fields.size("heads")
      configuration.feedForward = try fields.size("ffn")
      configuration.isSummed = isTraining
      kind = .encoder(
        configuration, batch: try fields.size("batch"), time: try fields.size("time"))
    case "decoder":
      var decoder = DecoderConfiguration()
      decoder.model.vocabulary = try fields.size("vocabulary")
      decoder.model.width = try fields.size("width")
      decoder.model.layers = try fields.size("layers")
      decoder.model.heads = try fields.size("heads")
      decoder.model.feedForward = try fields.size("ffn")
      decoder.batch = try fields.size("batch")
      decoder.prompt = try fields.size("prompt")
      decoder.generate = try fields.size("generate")
      decoder.model.context = decoder.prompt + decoder.generate
      kind = .decoder(decoder)
    default:
      throw UnsupportedCase(name: name, reason: "kind '\(fields.kind)' is not timed")
    }
    switch kind {
    case .gemm where isTraining, .decoder where isTraining:
      throw UnsupportedCase(name: name, reason: "'\(fields.kind)' is not timed in training")
    default: break
    }
    guard elements <= Self.largestCase else {
      throw UnsupportedCase(
        name: name, reason: "it needs more than \(Self.largestCase) numbers in memory")
    }
  }

  /// So many numbers are 4 GiB.
  private static let largestCase = Double(1 << 30)

  /// About how many numbers inputs, weights and outputs are.
  private var elements: Double {
    switch kind {
    case .gemm(let m, let n, let k):
      let (m, n, k) = (Double(m), Double(n), Double(k))
      return m * k + k * n + m * n
    case .recurrent(let network, let batch, let time):
      let width = Double(network.hidden * (network.isBidirectional ? 2 : 1))
      let steps = Double(batch) * Double(time)
      let rows = Double(network.input) + Double(network.layers) * 2 * width
      return steps * (Double(network.input) + width * Double(1 + network.cell.gates))
        + rows * width * Double(network.cell.gates)
    case .attention(let attention, let batch, let queries, let keys):
      return 2 * Double(batch * attention.heads) * Double(attention.width) * Double(queries + keys)
    case .encoder(let encoder, let batch, let time):
      return encoder.weights + Double(batch * time) * Double(encoder.width * 2)
    case .decoder(let decoder):
      let cached = Double(decoder.batch * decoder.model.context) * Double(decoder.model.layers)
      return decoder.weights + 2 * cached * Double(decoder.model.width)
    }
  }

  /// The sizes of the model's named dimensions.
  public var sizes: [String: Int] {
    switch kind {
    case .gemm(let m, _, _): ["rows": m]
    case .recurrent(_, let batch, let time): ["batch": batch, "time": time]
    case .attention(_, let batch, let queries, let keys):
      ["batch": batch, "queries": queries, "keys": keys]
    case .encoder(_, let batch, let time): ["batch": batch, "time": time]
    case .decoder(let decoder): ["rows": decoder.batch]
    }
  }

  /// Every row's length: from one step in the first row to all of them in the last.
  public var lengths: [Int]? {
    guard case .recurrent(let network, let batch, let time) = kind, network.isRagged else {
      return nil
    }
    return (0..<batch).map { 1 + $0 * (time - 1) / max(batch - 1, 1) }
  }

  /// The floating-point operations of the products: two for each multiplication and addition.
  public var flops: Double {
    switch kind {
    case .gemm(let m, let n, let k): return 2 * Double(m) * Double(n) * Double(k)
    case .recurrent(let network, let batch, let time):
      let steps = Double(lengths?.reduce(0, +) ?? batch * time)
      let directions = network.isBidirectional ? 2 : 1
      var width = network.input
      var total = 0.0
      for _ in 0..<network.layers {
        let columns = Double(directions * network.cell.gates * network.hidden)
        total += 2 * steps * columns * Double(width + network.hidden)
        width = directions * network.hidden
      }
      // Backwards, every product has one for each of its operands.
      return isTraining ? 3 * total : total
    case .attention(let attention, let batch, let queries, let keys):
      let scores = Double(batch * attention.heads) * Double(queries) * Double(keys)
      let products = 4 * scores * Double(attention.width) / (attention.isCausal ? 2 : 1)
      // Backwards five products, as scores are computed again.
      return isTraining ? 3.5 * products : products
    case .encoder(let encoder, let batch, let time):
      let tokens = Double(batch * time)
      let products = 2 * tokens * encoder.weights
      let attention = 4 * tokens * Double(time * encoder.width * encoder.layers)
      return isTraining ? 3 * products + 3.5 * attention : products + attention
    case .decoder(let decoder): return decoder.flops
    }
  }
}

/// A case that is not timed, and why.
public struct UnsupportedCase: Error, Hashable {
  /// The case's name, if it has one.
  public let name: String?
  /// Why.
  public let reason: String
}

/// The fields of a case, with messages about those that do not fit.
private struct CaseFields {
  /// What one axis may have at most: products of three still fit an `Int`.
  static let largestSize = 1 << 20
  let members: [String: JSON]
  let name: String
  let kind: String
  let mode: String?

  init(_ json: JSON) throws(UnsupportedCase) {
    guard case .object(let list) = json else {
      throw UnsupportedCase(name: nil, reason: "not a JSON object")
    }
    members = Dictionary(list.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
    guard let name = members["name"]?.string else {
      throw UnsupportedCase(name: nil, reason: "the case has no text \"name\"")
    }
    self.name = name
    guard let kind = members["kind"]?.string else {
      throw UnsupportedCase(name: name, reason: "the case has no text \"kind\"")
    }
    self.kind = kind
    mode = members["mode"]?.string
  }

  func size(_ key: String, default value: Int? = nil) throws(UnsupportedCase) -> Int {
    if members[key] == nil, let value { return value }
    guard let size = members[key]?.integer, (1...Self.largestSize).contains(size) else {
      throw UnsupportedCase(
        name: name, reason: "\"\(key)\" is not a whole number from 1 to \(Self.largestSize)")
    }
    return size
  }

  func weightsType() throws(UnsupportedCase) -> WeightsType? {
    guard let member = members["weights"] else { return nil }
    guard let type = member.string.flatMap(WeightsType.init) else {
      throw UnsupportedCase(name: name, reason: "\"weights\" is not f32 or bf16")
    }
    return type
  }

  func flag(_ key: String) throws(UnsupportedCase) -> Bool {
    guard let value = members[key] else { return false }
    guard let flag = value.bool else {
      throw UnsupportedCase(name: name, reason: "\"\(key)\" is not true or false")
    }
    return flag
  }
}
