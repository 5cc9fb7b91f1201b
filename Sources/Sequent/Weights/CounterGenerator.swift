import Foundation

/// Random numbers as a function of seed, stream and position (SplitMix64; Steele et al., 2014).
package struct CounterGenerator: RandomNumberGenerator {
  private var state: UInt64

  /// Creates a generator; streams of different names are independent of each other.
  package init(seed: UInt64, stream: String) {
    // FNV-1a over the name: Swift's own hashes differ from process to process.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in stream.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    state = hash ^ (seed &* 0x9e37_79b9_7f4a_7c15)
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A number in [0, 1).
  package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number with mean 0 and deviation 1 (Box and Muller, 1958).
  package mutating func normal() -> Double {
    let radius = (-2 * Foundation.log(1 - uniform())).squareRoot()
    return radius * Foundation.cos(2 * .pi * uniform())
  }

  /// As `normal`, drawn again beyond 2.
  package mutating func truncatedNormal() -> Double {
    while true {
      let value = normal()
      if abs(value) <= 2 { return value }
    }
  }
}
