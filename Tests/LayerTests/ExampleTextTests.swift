import Sequent
import SequentExamples
import SequentIR
import Testing

@Test(arguments: catalog.map(\.name))
func exampleVerifiesAndReadsBackEqual(_ name: String) throws {
  let entry = try #require(catalog.first { $0.name == name })
  let module = try entry.traced([:]).module
  try verify(module)
  let parsed = try Module(parsing: module.text)
  #expect(parsed == module)
  #expect(parsed.text == module.text)
}
