import SequentCompiler
import SequentIR
import TestSupport
import Testing

@Test(arguments: try Golden.all(in: "Goldens"))
func golden(_ golden: Golden) throws {
  try golden.check { module, names in
    let pipeline = names.isEmpty ? Pipelines.optimize : try Pipelines.passes(named: names)
    return try PassManager(pipeline).run(module).module
  }
}
