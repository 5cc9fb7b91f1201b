import Kernels
import Testing

@Suite struct RandomUniformTests {
  private func draw(_ count: Int, seed: Int32, stream: UInt32, threads: Int = 1) -> [Float] {
    withMemory { memory in
      let output = Guarded(count: count)
      run(
        kn_random_uniform,
        kn_random_uniform_arguments(
          count: count, stream: stream, seed: memory.one(seed), output: output.floatPointer),
        threads: threads)
      #expect(output.isIntact)
      return output.floats
    }
  }

  private func hash(_ value: UInt32) -> UInt32 {
    var x = value
    x = (x ^ (x >> 16)) &* 0x7feb_352d
    x = (x ^ (x >> 15)) &* 0x846c_a68b
    return x ^ (x >> 16)
  }

  @Test(arguments: vectorSizes) func `numbers are those of the hash`(count: Int) {
    for (seed, stream) in [(0, 0), (-5, 3), (.max, .max)] as [(Int32, UInt32)] {
      let key = hash(UInt32(bitPattern: seed) &+ hash(stream))
      let expected = (0..<count).map { Float(hash(UInt32($0) &+ key) >> 8) * 0x1p-24 }
      withEachInstructionSet { isa in
        for threads in [1, 2, 5] {
          let numbers = draw(count, seed: seed, stream: stream, threads: threads)
          #expect(numbers.bits == expected.bits, "\(name(isa)), \(threads) threads")
        }
      }
    }
  }

  @Test func `numbers are uniform, and others for another seed or stream`() {
    let numbers = draw(100_000, seed: 1, stream: 1)
    #expect(numbers.allSatisfy { (0..<1).contains($0) })
    #expect(abs(numbers.reduce(0, +) / 100_000 - 0.5) < 0.005)
    for (seed, stream) in [(2, 1), (1, 2)] as [(Int32, UInt32)] {
      let others = draw(100_000, seed: seed, stream: stream)
      #expect(zip(numbers, others).count { $0 == $1 } < 10)
      let products = zip(numbers, others).reduce(0) { $0 + ($1.0 - 0.5) * ($1.1 - 0.5) }
      #expect(abs(products / 100_000) < 0.002)
    }
  }
}
