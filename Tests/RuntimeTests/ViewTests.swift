import SequentCompiler
import SequentIR
import Testing

/// Views: what layout operations make of offsets, shapes and strides.
@Suite struct ViewTests {
  /// The positions of a view's elements in its buffer, in row-major order.
  private func positions(_ view: View) -> [Int] {
    var result: [Int] = []
    forEachIndex(view.shape) { index in
      result.append(zip(index, view.strides).reduce(view.offset) { $0 + $1.0 * $1.1 })
    }
    return result
  }

  private let dense = View(buffer: 0, .float32, [2, 3, 4])

  @Test func `layout operations find the elements`() {
    #expect(positions(dense) == Array(0..<24))
    #expect(positions(dense.sliced(1, from: 1, count: 1)) == [4, 5, 6, 7, 16, 17, 18, 19])
    #expect(
      positions(dense.transposed([1, 0, 2]).sliced(0, from: 2, count: 1))
        == [8, 9, 10, 11, 20, 21, 22, 23])
    #expect(positions(View(buffer: 0, .float32, [2, 1]).broadcast(to: [2, 2])) == [0, 0, 1, 1])
    #expect(positions(dense.dropping(2, at: 3)) == [3, 7, 11, 15, 19, 23])
  }

  @Test(arguments: [[6, 4], [2, 12], [24], [2, 3, 2, 2], [1, 6, 1, 4], [3, 2, 4], [4, 6]])
  func `reshapes keep the order, or say that strides cannot`(shape: [Int]) {
    let views = [
      dense, dense.transposed([1, 0, 2]), dense.sliced(1, from: 0, count: 3),
      View(buffer: 0, .float32, [2, 6, 4]).sliced(1, from: 2, count: 3),
      View(buffer: 0, .float32, [2, 3, 8]).sliced(2, from: 4, count: 4),
      View(buffer: 0, .float32, [1, 3, 4]).broadcast(to: [2, 3, 4]),
    ]
    for view in views {
      guard let reshaped = view.reshaped(to: shape) else {
        #expect(!view.isDense)
        continue
      }
      #expect(reshaped.shape == shape)
      #expect(positions(reshaped) == positions(view))
    }
  }

  @Test func `parts of a tensor overlap when they share an element`() {
    for axis in 0..<3 {
      for (a, b) in [(0..<1, 1..<2), (0..<2, 1..<2), (1..<2, 0..<1)] {
        let first = dense.sliced(axis, from: a.lowerBound, count: a.count)
        let second = dense.sliced(axis, from: b.lowerBound, count: b.count)
        let shares = !Set(positions(first)).isDisjoint(with: positions(second))
        #expect(first.overlaps(second) == shares)
      }
    }
  }

  @Test func `columns and heads of columns overlap when they share an element`() throws {
    let projections = View(buffer: 0, .float32, [2, 3, 12])
    for (a, b) in [(0, 4), (4, 0), (4, 8), (0, 2), (4, 4)] {
      let columns = projections.sliced(2, from: a, count: 4)
      let heads = try #require(
        projections.sliced(2, from: b, count: 4).reshaped(to: [2, 3, 2, 2])
      ).transposed([0, 2, 1, 3])
      let shares = !Set(positions(columns)).isDisjoint(with: positions(heads))
      #expect(columns.overlaps(heads) == shares && heads.overlaps(columns) == shares)
    }
  }
}
