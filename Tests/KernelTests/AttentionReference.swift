import Foundation

/// Attention and its gradients in double precision, by the definition.
struct AttentionReference {
  let problem: AttentionProblem
  var q: [Double]
  var k: [Double]
  var v: [Double]
  var vector: [Double]

  init(_ problem: AttentionProblem) {
    self.problem = problem
    (q, k) = (problem.q.map(Double.init), problem.k.map(Double.init))
    (v, vector) = (problem.v.map(Double.init), problem.vector.map(Double.init))
  }

  /// What query i of a head gives each key.
  func weights(_ b: Int, _ h: Int, _ i: Int) -> [Double] {
    let p = problem
    let scores = (0..<p.keys).map { j -> Double in
      guard j < p.keyLengths?[b] ?? p.keys, i < p.queryLengths?[b] ?? p.queries,
        p.offset.map({ j <= i + $0 }) ?? true
      else { return -.infinity }
      let (query, key) = (p.queryPlace(b, i, h, p.width), p.keyPlace(b, j, h, p.width))
      let terms = (0..<p.width).map { u in
        p.isAdditive ? vector[u] * tanh(q[query + u] + k[key + u]) : q[query + u] * k[key + u]
      }
      let score = Double(p.scale) * terms.reduce(0, +)
      let mask = p.mask[((b * p.heads + h) * p.queries + i) * p.keys + j]
      switch p.maskKind {
      case .none: return score
      case .additive: return score + Double(mask)
      case .select: return mask != 0 ? score : -.infinity
      }
    }
    guard let largest = scores.max(), largest > -.infinity else { return scores.map { _ in 0 } }
    let exponentials = scores.map { exp($0 - largest) }
    let sum = exponentials.reduce(0, +)
    return exponentials.map { $0 / sum }
  }

  /// Calls `body` for every query.
  private func forEachQuery(_ body: (_ b: Int, _ h: Int, _ i: Int) -> Void) {
    for b in 0..<problem.batch {
      for h in 0..<problem.heads { for i in 0..<problem.queries { body(b, h, i) } }
    }
  }

  func forward() -> (output: [Double], weights: [Double]) {
    let p = problem
    var output = [Double](repeating: 0, count: p.upstream.count)
    var all: [Double] = []
    forEachQuery { b, h, i in
      let weights = self.weights(b, h, i)
      let place = p.queryPlace(b, i, h, p.valueWidth)
      for (j, weight) in weights.enumerated() {
        let value = p.keyPlace(b, j, h, p.valueWidth)
        for u in 0..<p.valueWidth { output[place + u] += weight * v[value + u] }
      }
      all += weights
    }
    return (output, all)
  }

  /// The sum of the outputs, weighed by the upstream gradient.
  var loss: Double {
    zip(forward().output, problem.upstream).reduce(0) { $0 + $1.0 * Double($1.1) }
  }

  /// The gradients of that, with respect to q, k, v and the vector.
  func gradients() -> [[Double]] {
    let p = problem
    var result = [q, k, v, vector].map { $0.map { _ in 0.0 } }
    forEachQuery { b, h, i in
      let weights = self.weights(b, h, i)
      let query = p.queryPlace(b, i, h, p.width)
      let dy = p.upstream[p.queryPlace(b, i, h, p.valueWidth)...].prefix(p.valueWidth)
        .map(Double.init)
      let slopes = (0..<p.keys).map { j in
        let value = p.keyPlace(b, j, h, p.valueWidth)
        return dy.indices.reduce(0) { $0 + dy[$1] * v[value + $1] }
      }
      let delta = zip(weights, slopes).reduce(0) { $0 + $1.0 * $1.1 }
      for j in 0..<p.keys {
        let (key, value) = (p.keyPlace(b, j, h, p.width), p.keyPlace(b, j, h, p.valueWidth))
        for u in dy.indices { result[2][value + u] += weights[j] * dy[u] }
        let ds = Double(p.scale) * weights[j] * (slopes[j] - delta)
        for u in 0..<p.width {
          if p.isAdditive {
            let t = tanh(q[query + u] + k[key + u])
            result[0][query + u] += ds * vector[u] * (1 - t * t)
            result[1][key + u] += ds * vector[u] * (1 - t * t)
            result[3][u] += ds * t
          } else {
            result[0][query + u] += ds * k[key + u]
            result[1][key + u] += ds * q[query + u]
          }
        }
      }
    }
    return result
  }
}
