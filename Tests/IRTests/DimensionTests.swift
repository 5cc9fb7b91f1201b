import SequentIR
import Testing

@Suite struct DimensionTests {
  private let past: Dimension = "past"

  @Test func addUp() throws {
    #expect((past + 1).description == "past + 1")
    #expect((past + -1 + "time").description == "past + time - 1")
    #expect((past + 1).subtracting("past") == 1)
    #expect(past.subtracting("time") == nil)
    #expect(past + "time" == "time" + past)
    #expect(try (past + 1).size(["past": 4]) == 5)
  }

  @Test func sizesAreKnownAndNotNegative() {
    #expect(throws: BindingError.unbound(symbol: "past")) { try past.size([:]) }
    #expect(throws: BindingError.negative(dimension: past + -2, size: -1)) {
      try (past + -2).size(["past": 1])
    }
    let huge = TensorType(.float32, [past, past])
    #expect(throws: BindingError.tooLarge(type: huge)) { try huge.sizes(["past": 1 << 40]) }
  }

  @Test func bindingTakesLoneSymbolsFirst() throws {
    var bindings: Bindings = [:]
    try bindings.bind([past + 1, past], to: [4, 3], of: "x")
    #expect(bindings["past"] == 3)
    let error = #expect(throws: BindingError.self) {
      try bindings.bind([past, 2], to: [5, 2], of: "y")
    }
    #expect(error?.description == "axis 0 ('past') of 'y' has size 5, expected 3")
    #expect(throws: BindingError.self) { try bindings.bind([past], to: [3, 1], of: "y") }
  }
}
