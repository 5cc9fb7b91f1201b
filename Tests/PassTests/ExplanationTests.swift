import Sequent
import SequentCompiler
import SequentExamples
import SequentIR
import TestSupport
import Testing

/// What passes say: of every candidate, what was done or the first reason why nothing was.
@Suite struct ExplanationTests {
  private func explanations(
    _ text: String, _ pass: String
  ) throws -> [String] {
    let pipeline = try Pipelines.passes(named: [pass])
    return try PassManager(pipeline).run(Module(parsing: text)).report.explanations.map(\.message)
  }

  /// A scan over h and x with weights w, u `[4, 4]` and b `[4]`.
  private func scan(_ step: String, outputs: String = "%n, %n") -> String {
    """
    module @m {
      parameter @w : f32[4, 4]
      parameter @u : f32[4, 4]
      parameter @b : f32[4]
      function @main(%x: f32[batch, time, 4], %h0: f32[batch, 4]) -> (h: f32[batch, 4], y: f32[batch, time, 4]) {
        %h, %y = scan %h0, %x, @w, @u, @b {time = time, carry = 1, scanned = 1}
          body(%h: f32[batch, 4], %x: f32[batch, 4], %w: f32[4, 4], %u: f32[4, 4], %b: f32[4]) {
            \(step)
            yield \(outputs)
          }
        return %h, %y
      }
    }
    """
  }

  @Test(arguments: [
    (
      "%n = add %h, %x", "%n, %n",
      "cell is not gru: its h is %n, the result of add, not (1 - σ(z))·tanh(n) + σ(z)·h"
    ),
    (
      "%n = erf %h", "%n, %n",
      "cell is not rnn, lstm or gru: its new state is %n, the result of erf, not a tanh or relu of a "
        + "sum nor (1 - z)·n + z·h"
    ),
    (
      "%p = matmul %x, %w\n%q = matmul %h, %u\n%s = add %p, %q\n%n = tanh %s\n%o = relu %n",
      "%n, %o", "an output of the scan is %o, the result of relu, not the new state"
    ),
    (
      "%p = matmul %x, %w\n%q = multiply %h, %b\n%s = add %p, %q\n%n = tanh %s", "%n, %n",
      "gate 'state' adds %q, the result of multiply, neither a product of the step's input or state "
        + "with a weight nor a bias"
    ),
    (
      "%q = matmul %h, %u\n%s = add %q, %b\n%n = tanh %s", "%n, %n",
      "no gate takes the step's input"
    ),
    (
      "%p = matmul %x, %w\n%q = matmul %x, %u\n%s = add %p, %q\n%n = tanh %s", "%n, %n",
      "gate 'state' has 2 products with the input and 0 with the state, expected one of each"
    ),
  ])
  func everyScanThatStaysSaysWhy(_ step: String, _ outputs: String, _ reason: String) throws {
    let messages = try explanations(
      scan(step, outputs: outputs), "fuse-recurrent-sequence")
    #expect(messages == ["not fused: " + reason])
  }

  @Test func weightsMustBeStored() throws {
    let text = """
      module @m {
        parameter @u : f32[4, 4]
        function @main(%x: f32[batch, time, 4], %h0: f32[batch, 4], %w: f32[4, 4]) -> (h: f32[batch, 4]) {
          %h = scan %h0, %x, %w, @u {time = time, carry = 1, scanned = 1}
            body(%h: f32[batch, 4], %x: f32[batch, 4], %w: f32[4, 4], %u: f32[4, 4]) {
              %p = matmul %x, %w
              %q = matmul %h, %u
              %s = add %p, %q
              %n = tanh %s
              yield %n
            }
          return %h
        }
      }
      """
    let messages = try explanations(text, "fuse-recurrent-sequence")
    #expect(messages == ["not fused: its weight %w, an argument, is not stored"])
  }

  @Test func sharedValuesBlock() throws {
    let text = """
      module @m {
        parameter @w : f32[4, 4]
        parameter @u : f32[4, 4]
        function @main(%x: f32[4, 4], %v: f32[4, 4]) -> (a: f32[4, 4], b: f32[4, 4], e: f32[4, 4], s: f32[4, 4]) {
          %p = matmul %x, @w
          %a = relu %p
          %b = matmul %x, %v
          %l = reduce.maximum %x {axes = [1], keep = true}
          %d = subtract %x, %l
          %e = exp %d
          %z = reduce.sum %e {axes = [1], keep = true}
          %s = divide %e, %z
          return %a, %b, %e, %s
        }
      }
      """
    #expect(
      try explanations(text, "fuse-softmax-scale") == [
        "not fused: %e, a value inside it, is used elsewhere"
      ])
    #expect(
      try explanations(text, "fuse-epilogue") == [
        "not fused: the product is a result itself", "fused relu",
      ])
    #expect(
      try explanations(text, "merge-gate-matmuls") == [
        "not merged: %v, an argument, is not a stored matrix",
        "not merged: the other products go elsewhere",
      ])
  }

  @Test func normalizations() throws {
    let text = """
      module @m {
        parameter @w : f32[4]
        function @main(%x: f32[2, 4], %z: f32[2, 4]) -> (a: f32[2, 4], b: f32[2, 4], v: f32[2, 1]) {
          %epsilon = constant {type = f32, shape = [], values = [0.5]}
          %q = multiply %x, %x
          %v = reduce.mean %q {axes = [1], keep = true}
          %e = add %v, %epsilon
          %r = sqrt %e
          %n = divide %x, %r
          %o = divide %z, %r
          %t = multiply %z, %z
          %u = reduce.mean %t {axes = [1], keep = true}
          %f = add %u, %epsilon
          %g = sqrt %f
          %h = divide %z, %g
          %b = multiply %h, @w
          %a = add %n, %o
          return %a, %b, %v
        }
      }
      """
    #expect(
      try explanations(text, "fuse-normalization") == [
        "not fused: %r, a value inside, is used elsewhere",
        "not fused: the mean is of squares of %x, not of %z", "fused rms norm, weight",
      ])
  }

  /// Token, position and another row, added up as the arguments say; %g is shown too.
  @Test(arguments: [
    ("%s = add %g, %p", "%n", ["fused 2 lookups, layer norm"]),
    ("%s = add %r, %g", "%s", ["fused 1 lookup, 1 addend, layer norm; the sum is kept"]),
    (
      "%s = add %r, %g", "%g",
      ["not fused: %g, which is looked up, is used elsewhere"]
    ),
    ("%a = add %g, %p\n%s = multiply %a, %a", "%n", ["fused 2 lookups"]),
    (
      "%a = add %p, %g\n%s = add %a, %f", "%n",
      [
        "fused 2 lookups",
        "not fused: %f is f32[b, 1, 8], which does not repeat along the leading axes of "
          + "f32[b, t, 8]",
      ]
    ),
    (
      "%h = gather %m, %i\n%s = add %g, %h", "%n",
      ["not fused: %h is looked up in f32[9, t, 8], not in [rows, width]"]
    ),
    (
      "%a = add %g, %p\n%b = add %r, %r\n%c = add %r, %r\n%d = add %b, %c\n%e = add %r, %r\n"
        + "%h = add %r, %r\n%j = add %e, %h\n%k = add %d, %j\n%s = add %a, %k", "%n",
      ["fused 2 lookups", "not fused: 10 terms are more than 8"]
    ),
    ("%s = tanh %g", "%n", []),
  ])
  func sumsOfEmbeddings(sum: String, shown: String, messages: [String]) throws {
    let text = """
      module @m {
        parameter @words : f32[9, 8]
        parameter @places : f32[7, 8]
        function @main(
          %t: i32[b, t], %i: i32[b], %f: f32[b, 1, 8], %r: f32[t, 8], %m: f32[9, t, 8]
        ) -> (n: f32[b, t, 8], v: f32[b, t, 8]) {
          %q = iota {shape = [t], axis = 0}
          %g = gather @words, %t
          %p = gather @places, %q
          \(sum)
          %n = layer_norm %s {epsilon = 0.5}
          return %n, \(shown)
        }
      }
      """
    #expect(try explanations(text, "fuse-embedding") == messages)
  }

  @Test func aNormalisationWhoseWeightComesFromTheSumStays() throws {
    let text = """
      module @m {
        parameter @words : f32[9, 8]
        function @main(%t: i32[b], %r: f32[8]) -> (n: f32[b, 8]) {
          %g = gather @words, %t
          %s = add %g, %r
          %w = reduce.sum %s {axes = [0]}
          %n = layer_norm %s, %w {epsilon = 0.5, weight = true}
          return %n
        }
      }
      """
    #expect(
      try explanations(text, "fuse-embedding") == [
        "fused 1 lookup, 1 addend; not its normalisation: %w, its weight or bias, needs the sum"
      ])
  }

  @Test(arguments: [
    ("%y = argmax %p {axis = 1}", "%y", "fused with its product"),
    ("%y = argmax %p {axis = 0}", "%y", "not fused: axis 0 is not the product's columns"),
    (
      "%y = argmax %x {axis = 1}", "%y",
      "not fused: the largest are of %x, an argument, not of a product"
    ),
    (
      "%s = tanh %p\n %y = argmax %s {axis = 1}", "%y",
      "not fused: the largest are of %s, the result of tanh, not of a product"
    ),
    ("%y = argmax %p {axis = 1}", "%y, %p", "not fused: the product %p is used elsewhere"),
  ])
  func matchesOfArgMax(choice: String, shown: String, reason: String) throws {
    let results = shown == "%y" ? "y: i32[4]" : "y: i32[4], p: f32[4, 4]"
    let text = """
      module @m {
        parameter @w : f32[4, 4]
        function @main(%x: f32[4, 4]) -> (\(results)) {
          %p = matmul %x, @w
          \(choice)
          return \(shown)
        }
      }
      """
    #expect(try explanations(text, "fuse-argmax") == [reason])
  }

  @Test(arguments: [
    (
      "%s = add %x, %y", "%p",
      "its scores are %s, the result of add, neither a product of queries and "
        + "keys nor a sum over tanh"
    ),
    ("%s = matmul %x, %y", "%f", "%p, its weights, are used before the sum"),
  ])
  func missesOfAttention(scores: String, shown: String, reason: String) throws {
    let text = """
      module @m {
        parameter @w : f32[4, 4]
        function @main(%x: f32[4, 4], %y: f32[4, 4], %v: f32[4, 4]) -> (a: f32[4, 4], f: f32[4, 4]) {
          \(scores)
          %p = softmax %s
          %f = relu %p
          %a = matmul %p, %v
          return %a, \(shown)
        }
      }
      """
    #expect(try explanations(text, "fuse-attention") == ["not fused: \(reason)"])
  }

  @Test func weightsThatAreMultipliedAreNotASoftmax() throws {
    let text = """
      module @m {
        function @main(%x: f32[4, 4], %y: f32[4, 4], %g: f32[4, 4]) -> (a: f32[4, 4]) {
          %s = matmul %x, %y
          %p = softmax %s
          %w = multiply %p, %g
          %a = matmul %w, %y
          return %a
        }
      }
      """
    #expect(
      try explanations(text, "fuse-attention") == [
        "not fused: its weights are multiplied by %g behind the softmax"
      ])
  }

  @Test func aLearnedMaskKeepsAttentionApart() throws {
    let text = """
      module @m {
        parameter @w : f32[4, 4]
        function @main(%x: f32[4, 4], %y: f32[4, 4]) -> (a: f32[4, 4]) {
          %b = relu @w
          %s = matmul %x, %y
          %p = softmax %s, %b {mask = additive}
          %a = matmul %p, %y
          return %a
        }
      }
      """
    #expect(
      try explanations(text, "fuse-attention") == [
        "not fused: %b, its mask, may be learned: it would have no gradient"
      ])
  }

  @Test(arguments: [
    ("", "%x", "%x", "reads through %t, a table of rows"),
    ("", "%x", "%o", "not folded: %x is gathered, %o is not"),
    ("%g = gather %m, %u", "%x", "%g", "not folded: its keys are gathered by %t, its values by %u"),
    ("%g = relu %x", "%x", "%x", "not folded: %x, which is gathered, has other uses"),
    (
      "%n = gather %m1, %t\n%g = broadcast %n {shape = [b, 1, n, 8]}", "%g", "%g",
      "not folded: %g stretches what is gathered"
    ),
    (
      "%n = gather %p, %j\n%g = transpose %n {axes = [2, 1, 0, 3]}", "%g", "%g",
      "not folded: what %n gathers are not rows and keys of the attention"
    ),
  ])
  func gatheredKeys(gathered: String, k: String, v: String, message: String) throws {
    let text = """
      module @m {
        function @main(
          %q: f32[b, 1, 1, 8], %o: f32[b, 1, n, 8], %m: f32[s, 1, n, 8], %m1: f32[s, 1, 1, 8],
          %p: f32[s, 1, b, 8], %t: i32[b], %u: i32[b], %j: i32[n]
        ) -> (a: f32[b, 1, 1, 8], g: f32[b, 1, n, 8]) {
          %x = gather %m, %t
          \(gathered)
          %a, %y = attention %q, \(k), \(v)
          return %a, \(gathered.contains("relu") ? "%g" : "%o")
        }
      }
      """
    #expect(try explanations(text, "fuse-attention-gather") == [message])
  }

  @Test func theExampleModelIsTwoSequences() throws {
    let traced = try LanguageOfWord(LanguageOfWord.Configuration()).traced()
    let (module, report) = try compile(traced.module)
    let operations = module.functions[0].graph.nodes.map(\.operation.rule.mnemonic)
    #expect(operations.filter { $0 == "recurrent_sequence" }.count == 2)
    #expect(operations.filter { $0 == "linear" }.count == 1)
    #expect(!operations.contains("scan"))
    let texts = report.explanations.map(\.description)
    #expect(
      texts.contains {
        $0.hasPrefix("fuse-recurrent-sequence: encoder.layer0.forward (LanguageOfWord.swift:")
          && $0.hasSuffix("): fused lstm, bidirectional")
      }, "\(texts)")
  }
}
