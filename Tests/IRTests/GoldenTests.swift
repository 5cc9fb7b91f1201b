import SequentIR
import TestSupport
import Testing

@Test(arguments: try Golden.all(in: "Goldens"))
func golden(_ golden: Golden) throws {
  try golden.check { module, _ in module }
}
