import Kernels
import Testing

@Suite struct ScanTests {
  /// A loop whose body is two masked updates: the state takes the step's input or holds, the output
  /// takes it or is zero.
  private func scan(lengths: [Int32]?, isReversed: Bool, threads: Int) -> (
    state: [UInt32], output: [UInt32]
  ) {
    let (batch, time, width) = (4, 5, 3)
    return withMemory { memory in
      // [batch, time, width]
      let input = memory.array((0..<batch * time * width).map { UInt32($0 + 1) })
      let state = Guarded([UInt32](repeating: 1000, count: batch * width), canary: 7)
      let output = Guarded(count: batch * time * width)
      let steps = memory.array((0..<time).map(Int32.init))
      let lengths = lengths.map { memory.array($0) }
      let hold = memory.one(
        kn_masked_update_arguments(
          batch: batch, width: width, time: nil, lengths: lengths, fresh: nil, held: state.pointer,
          destination: state.pointer, fresh_stride: time * width, held_stride: width,
          destination_stride: width))
      let emit = memory.one(
        kn_masked_update_arguments(
          batch: batch, width: width, time: nil, lengths: lengths, fresh: nil, held: nil,
          destination: nil, fresh_stride: time * width, held_stride: 0,
          destination_stride: time * width))
      typealias Arguments = kn_masked_update_arguments
      func update(
        _ arguments: UnsafeMutablePointer<Arguments>, _ field: PartialKeyPath<Arguments>,
        _ memory: UnsafeMutableRawPointer?, _ bytes: Int
      ) -> kn_pointer_update {
        let field =
          UnsafeMutableRawPointer(arguments)
          + (MemoryLayout<Arguments>.offset(of: field) ?? 0)
        let first = isReversed ? bytes * (time - 1) : 0
        return kn_pointer_update(
          field: field.assumingMemoryBound(to: UnsafeMutableRawPointer?.self),
          start: memory.map { ($0 + first).assumingMemoryBound(to: CChar.self) },
          stride: isReversed ? -bytes : bytes)
      }
      let updates = memory.array([
        update(hold, \.time, steps, 4), update(hold, \.fresh, input, 4 * width),
        update(emit, \.time, steps, 4), update(emit, \.fresh, input, 4 * width),
        update(emit, \.destination, output.pointer, 4 * width),
      ])
      let body = memory.array(
        [hold, emit].map { (arguments: UnsafeMutablePointer<Arguments>) in
          kn_step(
            kernel: kn_masked_update, arguments: UnsafeRawPointer(arguments), loop: nil,
            threads: threads)
        })
      let loop = memory.one(
        kn_loop(
          count: time, body: body, body_count: 2, updates: updates, update_count: 5))
      let step = memory.one(kn_step(kernel: nil, arguments: nil, loop: loop, threads: threads))
      kn_execute_exactly(step, 1, threads, nil)
      #expect(state.isIntact && output.isIntact)
      return (state.elements, output.elements)
    }
  }

  /// Element c of row b at step t.
  private func element(_ b: Int, _ t: Int, _ c: Int) -> UInt32 { UInt32((b * 5 + t) * 3 + c + 1) }

  @Test(arguments: [false, true], [1, 2, 5])
  func `finished rows hold their state and give zeros`(isReversed: Bool, threads: Int) {
    let lengths: [Int32] = [3, 0, 5, 1]
    let (state, output) = scan(lengths: lengths, isReversed: isReversed, threads: threads)
    #expect(
      output
        == indices([4, 5, 3]).map { $0[1] < lengths[$0[0]] ? element($0[0], $0[1], $0[2]) : 0 })
    // The state is that of the row's last step in the loop's direction.
    #expect(
      state
        == indices([4, 3]).map { index in
          let length = Int(lengths[index[0]])
          return length == 0 ? 1000 : element(index[0], isReversed ? 0 : length - 1, index[1])
        })
  }

  @Test(arguments: [1, 2, 5]) func `without lengths every row is live`(threads: Int) {
    let (state, output) = scan(lengths: nil, isReversed: false, threads: threads)
    #expect(output == (1...60).map(UInt32.init))
    #expect(state == indices([4, 3]).map { element($0[0], 4, $0[1]) })
  }
}
