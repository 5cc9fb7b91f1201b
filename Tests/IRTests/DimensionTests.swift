import SequentIR
import Testing

@Test func dimensionsAddUp() throws {
  let past: Dimension = "past"
  #expect((past + 1).description == "past + 1")
  #expect((past + 1).subtracting("past") == 1)
  #expect(try (past + 1).size(["past": 4]) == 5)
}
