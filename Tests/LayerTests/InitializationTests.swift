import SequentIR
import Testing

@testable import Sequent

/// First values: their mean, variance, bounds and orthogonality.
@Suite struct InitializationTests {
  private static func values(_ parameter: Parameter) throws -> [Double] {
    HostTensor(try parameter.initialValues(seed: 9)).values
  }

  /// Holds values drawn with mean 0 to a deviation, and a bound that they come near to.
  private static func check(
    _ values: [Double], deviation: Double, bound: Double? = nil, _ comment: String
  ) {
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    // Four standard errors of the mean, and of the variance of what has the heaviest tails here.
    #expect(abs(mean) < 4 * deviation / count.squareRoot(), "\(comment): mean \(mean)")
    #expect(
      abs(variance / (deviation * deviation) - 1) < 4 * (2 / count).squareRoot(),
      "\(comment): variance \(variance), expected \(deviation * deviation)")
    guard let bound else { return }
    let largest = values.map(abs).max() ?? 0
    #expect(largest <= bound * (1 + 1e-6) && largest > 0.99 * bound, "\(comment): \(largest)")
  }

  @Test func rulesHaveTheirVarianceAndBound() throws {
    let (inputs, outputs) = (160.0, 90.0)
    let third = 1 / 3.0.squareRoot()
    func parameter(_ kind: InitializerKind) -> Parameter {
      Parameter(name: "w", type: TensorType(.float32, [160, 90]), initializer: kind)
    }
    let uniform: [(InitializerKind, bound: Double)] = [
      (.uniform(bound: 0.3), 0.3), (.xavierUniform, (6 / (inputs + outputs)).squareRoot()),
      (.heUniform, (6 / inputs).squareRoot()), (.lecunUniform, (3 / inputs).squareRoot()),
    ]
    for (kind, bound) in uniform {
      try Self.check(
        Self.values(parameter(kind)), deviation: bound * third, bound: bound, kind.word)
    }
    let normal: [(InitializerKind, deviation: Double)] = [
      (.normal(deviation: 0.02), 0.02), (.xavierNormal, (2 / (inputs + outputs)).squareRoot()),
      (.heNormal, (2 / inputs).squareRoot()), (.lecunNormal, (1 / inputs).squareRoot()),
    ]
    for (kind, deviation) in normal {
      let values = try Self.values(parameter(kind))
      Self.check(values, deviation: deviation, kind.word)
      #expect(values.contains { abs($0) > 3 * deviation }, "\(kind.word) has tails")
    }
    // The deviation of a normal that is cut at two of its own is 0.87962566.
    try Self.check(
      Self.values(parameter(.truncatedNormal(deviation: 0.1))), deviation: 0.087962566, bound: 0.2,
      "truncated_normal")
    #expect(try Self.values(parameter(.zeros)).allSatisfy { $0 == 0 })
    #expect(try Self.values(parameter(.ones)).allSatisfy { $0 == 1 })
  }

  /// Holds rows to be orthonormal.
  private static func checkOrthonormal(_ rows: [[Double]], _ comment: String) {
    for (i, a) in rows.enumerated() {
      for (j, b) in rows.enumerated() {
        let dot = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
        guard abs(dot - (i == j ? 1 : 0)) >= 1e-6 else { continue }
        Issue.record("\(comment): rows \(i) and \(j) have the product \(dot)")
      }
    }
  }

  @Test(arguments: [(12, 30), (30, 12), (20, 20)])
  func orthogonalMatrices(_ rows: Int, _ columns: Int) throws {
    let type = TensorType(.float32, [Dimension(constant: rows), Dimension(constant: columns)])
    let values = try Self.values(Parameter(name: "w", type: type, initializer: .orthogonal))
    let matrix = (0..<rows).map { Array(values[$0 * columns..<($0 + 1) * columns]) }
    let turned = (0..<columns).map { column in matrix.map { $0[column] } }
    Self.checkOrthonormal(rows <= columns ? matrix : turned, "\(rows) × \(columns)")
  }

  /// A model of an embedding, a recurrent and a linear layer.
  private struct Whole: Model {
    struct Configuration: ModelConfiguration {
      var initialization = Initialization.pytorch
    }

    let embedding: Embedding
    let encoder: LSTM
    let head: Linear

    init(_ configuration: Configuration) {
      let initialization = configuration.initialization
      embedding = Embedding(200, 24, initialization: initialization)
      encoder = LSTM(24, 40, initialization: initialization)
      head = Linear(40, 30, initialization: initialization)
    }

    func main(_ inputs: Inputs) -> Outputs {
      ["logits": head(encoder(embedding(inputs.tokens())).output)]
    }
  }

  private static func weights(_ name: String) throws -> (String) throws -> [Double] {
    let module = try Whole.configured(["initialization": name]).traced().module
    return { try values(#require(module.parameter($0), "\($0)")) }
  }

  private static let cell = "encoder.layer0.forward"
  private static let gates = ["input", "forget", "cell", "output"]

  @Test func pyTorchsDefaults() throws {
    let weights = try Self.weights("pytorch")
    let third = 1 / 3.0.squareRoot()
    let (hidden, inputs) = (1 / 40.0.squareRoot(), 1 / 40.0.squareRoot())
    try Self.check(weights("embedding.weight"), deviation: 1, "embedding")
    try Self.check(weights("head.weight"), deviation: inputs * third, bound: inputs, "head")
    #expect(try weights("head.bias").allSatisfy { abs($0) <= inputs && $0 != 0 })
    for gate in Self.gates {
      for part in ["input_weight", "hidden_weight"] {
        let values = try weights("\(Self.cell).\(gate).\(part)")
        Self.check(values, deviation: hidden * third, bound: hidden, "\(gate) \(part)")
      }
      #expect(try weights("\(Self.cell).\(gate).bias").allSatisfy { abs($0) <= hidden && $0 != 0 })
    }
  }

  @Test func kerassDefaults() throws {
    let weights = try Self.weights("keras")
    let third = 1 / 3.0.squareRoot()
    let linear = (6 / 70.0).squareRoot()
    try Self.check(weights("embedding.weight"), deviation: 0.05 * third, bound: 0.05, "embedding")
    try Self.check(weights("head.weight"), deviation: linear * third, bound: linear, "head")
    #expect(try weights("head.bias").allSatisfy { $0 == 0 })
    // Glorot's rule and orthogonality are about the matrix of all gates.
    let bound = (6 / (24.0 + 4 * 40)).squareRoot()
    var rows = Array(repeating: [Double](), count: 40)
    for gate in Self.gates {
      let values = try weights("\(Self.cell).\(gate).input_weight")
      Self.check(values, deviation: bound * third, bound: bound, gate)
      let hidden = try weights("\(Self.cell).\(gate).hidden_weight")
      for row in rows.indices { rows[row] += hidden[row * 40..<(row + 1) * 40] }
      let bias = try weights("\(Self.cell).\(gate).bias")
      #expect(bias.allSatisfy { $0 == (gate == "forget" ? 1 : 0) })
    }
    Self.checkOrthonormal(rows, "hidden weights")
  }

  @Test func rulesByName() throws {
    for name in InitializerKind.names {
      let kind = try #require(InitializerKind(named: name))
      let module = try Whole.configured(["initialization": name]).traced().module
      for parameter in module.parameters {
        #expect(parameter.initializer == (parameter.role == .vector ? .zeros : kind))
      }
      #expect(try Module(parsing: module.description) == module)
    }
    #expect {
      try Whole.configured(["initialization": "glorious"])
    } throws: {
      "\($0)".hasPrefix("setting 'initialization' of Whole can't be 'glorious': no initialization")
    }
    let keras = try Whole.configured(["initialization": "keras"]).traced().module
    #expect(try Module(parsing: keras.description) == keras)
  }
}
