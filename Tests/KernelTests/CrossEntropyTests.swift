import Foundation
import Kernels
import Testing

@Suite struct CrossEntropyTests {
  private struct Problem {
    var logits: [Float]
    var labels: [Int32]
    var upstream: [Float]
    var classes: Int
    var smoothing: Float = 0
    var ignored: Int32?

    init(rows: Int, classes: Int, spread: Float = 3) {
      var numbers = Numbers(seed: 12)
      logits = numbers.floats(rows * classes, in: -spread...spread)
      labels = (0..<rows).map { _ in Int32.random(in: 0..<Int32(classes), using: &numbers) }
      upstream = numbers.floats(rows)
      self.classes = classes
    }

    func row(_ row: Int) -> Problem {
      var problem = self
      problem.logits = Array(logits[row * classes..<(row + 1) * classes])
      problem.labels = [labels[row]]
      problem.upstream = [upstream[row]]
      return problem
    }

    /// The losses and the gradient, in double precision.
    var truth: (losses: [Double], gradient: [Double]) {
      var (losses, gradient): ([Double], [Double]) = ([], [])
      for (row, label) in labels.enumerated() {
        let x = logits[row * classes..<(row + 1) * classes].map(Double.init)
        let largest = x.max() ?? 0
        let sum = x.reduce(0) { $0 + exp($1 - largest) }
        let logarithms = x.map { $0 - largest - log(sum) }
        guard label != ignored else {
          losses.append(0)
          gradient += x.map { _ in 0 }
          continue
        }
        let share = Double(smoothing) / Double(classes)
        losses.append(
          -(1 - Double(smoothing)) * logarithms[Int(label)] - share * logarithms.reduce(0, +))
        for (index, logarithm) in logarithms.enumerated() {
          let target = share + (index == Int(label) ? 1 - Double(smoothing) : 0)
          gradient.append(Double(upstream[row]) * (exp(logarithm) - target))
        }
      }
      return (losses, gradient)
    }
  }

  private func run(
    _ problem: Problem, threads: Int = 1, inPlace: Bool = false
  ) -> (losses: [Float], gradient: [Float], firstBad: UInt64) {
    withMemory { memory in
      let status = memory.one(kn_index_status(first: KN_NO_BAD_INDEX))
      let logits = Guarded(problem.logits)
      let losses = Guarded(count: problem.labels.count)
      let gradient = inPlace ? logits : Guarded(count: problem.logits.count)
      var arguments = kn_cross_entropy_arguments(
        count: problem.labels.count, classes: problem.classes, smoothing: problem.smoothing,
        has_ignored: problem.ignored != nil, ignored: problem.ignored ?? 0,
        logits: logits.floatPointer, labels: memory.array(problem.labels),
        upstream: memory.guarded(problem.upstream), output: losses.floatPointer, status: status)
      KernelTests.run(kn_cross_entropy, arguments, threads: threads)
      arguments.output = gradient.floatPointer
      KernelTests.run(kn_cross_entropy_gradient, arguments, threads: threads)
      #expect(losses.isIntact && gradient.isIntact && logits.isIntact && memory.guardsHold)
      return (losses.floats, gradient.floats, status.pointee.first)
    }
  }

  @Test(arguments: [0, 1, 7], [1, 2, 15, 16, 17, 33, 100, 1000])
  func `losses and gradients are right, and the same in every batch and team`(
    rows: Int, classes: Int
  ) {
    for smoothing in [0, 0.1] as [Float] {
      for ignored in [nil, -100, 0] as [Int32?] {
        var problem = Problem(rows: rows, classes: classes)
        (problem.smoothing, problem.ignored) = (smoothing, ignored)
        if rows > 3, let ignored { problem.labels[3] = ignored }
        let truth = problem.truth
        withEachInstructionSet { isa in
          let (losses, gradient, bad) = run(problem)
          for (loss, truth) in zip(losses, truth.losses) {
            #expect(abs(Double(loss) - truth) <= 1e-5 + 1e-6 * truth, "\(name(isa))")
          }
          for (dx, truth) in zip(gradient, truth.gradient) {
            #expect(abs(Double(dx) - truth) <= 1e-6, "\(name(isa))")
          }
          #expect(bad == KN_NO_BAD_INDEX)
          for threads in [2, 5] {
            let again = run(problem, threads: threads, inPlace: true)
            #expect(again.losses.bits == losses.bits && again.gradient.bits == gradient.bits)
          }
          let alone = (0..<rows).map { run(problem.row($0)) }
          #expect(alone.flatMap(\.losses).bits == losses.bits, "\(name(isa)), alone")
          #expect(alone.flatMap(\.gradient).bits == gradient.bits, "\(name(isa)), alone")
        }
      }
    }
  }

  @Test func `large logits neither overflow nor cancel`() {
    var problem = Problem(rows: 3, classes: 20, spread: 1)
    problem.logits = problem.logits.map { $0 * 2 + 10_000 }
    let truth = problem.truth
    withEachInstructionSet { isa in
      for (loss, truth) in zip(run(problem).losses, truth.losses) {
        #expect(abs(Double(loss) - truth) <= 1e-5, "\(name(isa))")
      }
    }
  }

  @Test func `a class that is ruled out has no gradient`() {
    var problem = Problem(rows: 1, classes: 5)
    problem.labels = [1]
    problem.logits[3] = -.infinity
    withEachInstructionSet { isa in
      let (losses, gradient, _) = run(problem)
      #expect(losses[0].isFinite && gradient[3] == 0, "\(name(isa))")
    }
  }

  @Test func `NaN stays in its row, and an ignored row has none`() {
    var problem = Problem(rows: 4, classes: 18)
    problem.logits[18 + 17] = .nan
    problem.logits[2 * 18] = .nan
    problem.ignored = -1
    problem.labels[2] = -1
    withEachInstructionSet { isa in
      let (losses, gradient, _) = run(problem)
      #expect(losses.map(\.isNaN) == [false, true, false, false], "\(name(isa))")
      #expect(gradient.map(\.isNaN) == (0..<72).map { (18..<36).contains($0) }, "\(name(isa))")
    }
  }

  @Test(arguments: [1, 2, 5]) func `the first bad label is reported`(threads: Int) {
    var problem = Problem(rows: 6, classes: 3)
    (problem.labels[2], problem.labels[4]) = (3, -1)
    let (losses, gradient, bad) = run(problem, threads: threads)
    #expect(losses[2] == 0 && losses[4] == 0 && losses[1] != 0)
    #expect(gradient[6..<9].allSatisfy { $0 == 0 })
    #expect(bad == 2 << 32 | 3)
  }
}
