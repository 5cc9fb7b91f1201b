import Foundation
import Kernels
import Testing

/// One call of `kn_gemm`: its operands, in guarded memory, and what the call should give.
struct GemmProblem: CustomStringConvertible {
  var m: Int
  var n: Int
  var k: Int
  var aTransposed = false
  var bTransposed = false
  var packed = true
  /// Whether b is rounded to bfloat16 and packed so.
  var bfloat16 = false
  /// Whether packed weights are said to come from memory.
  var isFar = false
  var accumulate = false
  var bias = false
  var residual = false
  /// Whether the residual multiplies.
  var isFactor = false
  /// Whether the sums of b's columns are wanted too.
  var sumsColumns = false
  /// Whether the activation's slope is wanted too.
  var slope = false
  var scale: Float = 1
  var activation = KN_ACTIVATION_NONE
  var outer = 1
  var inner = 1

  var description: String {
    "m \(m) n \(n) k \(k)\(aTransposed ? " aT" : "")\(bTransposed ? " bT" : "")"
      + "\(packed ? "" : " unpacked")\(bfloat16 ? " bf16" : "")\(isFar ? " far" : "")\(accumulate ? " accumulate" : "")\(bias ? " bias" : "")"
      + "\(residual ? isFactor ? " factor" : " residual" : "")\(sumsColumns ? " sums" : "") scale \(scale) activation \(activation.rawValue)"
      + " batch \(outer) x \(inner)"
  }

  /// A value in [-1, 1] for each place of an operand, the same in every run.
  static func value(_ operand: Int, _ place: Int) -> Float {
    var x = UInt32(truncatingIfNeeded: place &* 7 &+ operand) &* 0x9E37_79B9
    x = (x ^ (x >> 16)) &* 0x85EB_CA6B
    x ^= x >> 13
    return Float(Int32(bitPattern: x)) * 0x1p-31
  }

  static func values(_ operand: Int, count: Int) -> [Float] {
    (0..<count).map { value(operand, $0) }
  }

  /// The operands of matrix 0; matrix i of a batch has its own values behind them.
  var a: [Float] { Self.values(1, count: outer * inner * m * k) }
  var b: [Float] {
    let values = Self.values(2, count: (packed ? 1 : outer * inner) * k * n)
    return bfloat16 ? values.map(roundedToBfloat16) : values
  }
  var biases: [Float] { Self.values(3, count: n) }
  var residuals: [Float] { Self.values(4, count: outer * inner * m * n) }
  var before: [Float] { Self.values(5, count: outer * inner * m * n) }

  /// The kernel's result.
  ///
  /// Every operand is unaligned; what surrounds them must stay as it was.
  func run(threads: Int, a: [Float]? = nil, b: [Float]? = nil) -> [Float] {
    results(threads: threads, a: a, b: b).values
  }

  /// The kernel's result, and the activation's slope and the sums of b's columns where they are wanted.
  func results(
    threads: Int, a: [Float]? = nil, b: [Float]? = nil
  ) -> (values: [Float], slopes: [Float], sums: [Float]) {
    withMemory { memory in
      let a = memory.guarded(a ?? self.a), b = memory.guarded(b ?? self.b)
      let count = outer * inner * m * n, batch = outer * inner
      let c = memory.guarded(accumulate ? before : [Float](repeating: .nan, count: count))
      let (bRow, bColumn) = bTransposed ? (1, k) : (n, 1)
      let panelSize = (bfloat16 ? kn_gemm_packed_bfloat16_size : kn_gemm_packed_size)(k, n)
      let panels = memory.guarded([Float](repeating: .nan, count: panelSize))
      if packed, bfloat16 {
        for member in 0..<threads {
          var team = kn_team(index: member, count: threads, barrier: nil)
          kn_gemm_pack_bfloat16_share(b, k, n, bRow, bColumn, panels, &team)
        }
      } else if packed {
        kn_gemm_pack(b, k, n, bRow, bColumn, panels)
      }
      func stride(_ size: Int) -> kn_gemm_batch_stride {
        kn_gemm_batch_stride(outer: inner * size, inner: size)
      }
      var arguments = kn_gemm_arguments()
      (arguments.m, arguments.n, arguments.k) = (m, n, k)
      (arguments.a, arguments.b, arguments.c) = (UnsafePointer(a), UnsafePointer(b), c)
      (arguments.a_row_stride, arguments.a_column_stride) = aTransposed ? (1, m) : (k, 1)
      (arguments.b_row_stride, arguments.b_column_stride) = (bRow, bColumn)
      arguments.packed = packed ? UnsafePointer(panels) : nil
      arguments.packed_type = bfloat16 ? KN_WEIGHTS_BFLOAT16 : KN_WEIGHTS_FLOAT32
      arguments.packed_is_far = isFar
      arguments.c_row_stride = n
      arguments.bias = bias ? UnsafePointer(memory.guarded(biases)) : nil
      arguments.residual = residual ? UnsafePointer(memory.guarded(residuals)) : nil
      arguments.residual_row_stride = n
      arguments.residual_is_factor = isFactor
      let sums = memory.guarded([Float](repeating: .nan, count: sumsColumns ? n : 0))
      arguments.b_sums = sumsColumns ? sums : nil
      (arguments.activation, arguments.scale) = (activation, scale)
      arguments.accumulate = accumulate
      (arguments.outer_count, arguments.inner_count) = (outer, inner)
      (arguments.a_batch, arguments.b_batch) = (stride(m * k), stride(k * n))
      (arguments.c_batch, arguments.residual_batch) = (stride(m * n), stride(m * n))
      let slopes = memory.guarded([Float](repeating: .nan, count: slope ? count : 0))
      arguments.slope = slope ? slopes : nil
      (arguments.slope_row_stride, arguments.slope_batch) = (n, stride(m * n))
      let workspace = kn_gemm_workspace_size(&arguments, threads)
      arguments.workspace = workspace > 0 ? memory.guarded(count: workspace) : nil
      let call = memory.one(arguments)
      let step = kn_step(kernel: kn_gemm, arguments: call, loop: nil, threads: threads)
      kn_execute_exactly([step], 1, threads, nil)
      #expect(memory.guardsHold, "written beyond an operand: \(batch) matrices, \(self)")
      return (
        Array(UnsafeBufferPointer(start: c, count: count)),
        Array(UnsafeBufferPointer(start: slopes, count: slope ? count : 0)),
        Array(UnsafeBufferPointer(start: sums, count: sumsColumns ? n : 0))
      )
    }
  }

  /// Whether the active instruction set rounds a too.
  var roundsA: Bool { bfloat16 && kn_isa_active() == KN_ISA_AVX512_BF16 }

  /// What `firstError` holds results against, in double precision.
  struct Reference {
    var values: [Double] = []
    var slopes: [Double] = []
    /// How far rounding may take a float from either.
    var tolerance: [Double] = []
  }

  /// The result in double precision.
  func reference() -> Reference {
    var reference = Reference()
    let a = roundsA ? a.map(roundedToBfloat16) : a
    let b = b, biases = biases, residuals = residuals, before = before
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        for matrix in 0..<outer * inner {
          for i in 0..<m {
            for j in 0..<n {
              let place = (matrix * m + i) * n + j
              var sum = accumulate ? Double(before[place]) : 0, size = abs(sum)
              var p = 0
              while p < k {
                let x = Double(a[matrix * m * k + (aTransposed ? p * m + i : i * k + p)])
                let shift = packed ? 0 : matrix * k * n
                let y = Double(b[shift + (bTransposed ? j * k + p : p * n + j)])
                sum += x * y
                size += abs(x * y)
                p += 1
              }
              let x = Double(scale) * sum + (bias ? Double(biases[j]) : 0)
              let other = residual ? Double(residuals[place]) : 0
              reference.values.append(isFactor ? activate(x) * other : activate(x) + other)
              if slope { reference.slopes.append((activate(x + 1e-5) - activate(x - 1e-5)) / 2e-5) }
              let rounding = 0x1p-23 * (sqrt(Double(k)) + 4)
              reference.tolerance.append(rounding * (abs(Double(scale)) * size + abs(x) + 1))
            }
          }
        }
      }
    }
    return reference
  }

  private func activate(_ x: Double) -> Double {
    switch activation {
    case KN_ACTIVATION_RELU: max(x, 0)
    case KN_ACTIVATION_SIGMOID: 1 / (1 + exp(-x))
    case KN_ACTIVATION_TANH: tanh(x)
    case KN_ACTIVATION_GELU: 0.5 * x * (1 + erf(x / 2.0.squareRoot()))
    case KN_ACTIVATION_GELU_TANH:
      0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    default: x
    }
  }

  /// The first element further from the reference than rounding explains, or nil.
  func firstError(in result: [Float], slopes: [Float] = []) -> String? {
    let reference = reference()
    for (what, found, wanted) in [
      ("element", result, reference.values), ("slope", slopes, reference.slopes),
    ] {
      for (place, x) in found.enumerated()
      where !(abs(Double(x) - wanted[place]) <= reference.tolerance[place]) {
        return "\(self): \(what) \(place) is \(x), not \(wanted[place])"
      }
    }
    return nil
  }
}
