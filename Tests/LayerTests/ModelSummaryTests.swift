import SequentExamples
import SequentIR
import Testing

@testable import Sequent

@Suite struct ModelSummaryTests {
  @Test func `the encoder-decoder is that of Keras's own summary`() throws {
    let summary = ModelSummary(try KerasEncoderDecoder().traced().module)
    #expect(
      summary.description == """
        layer                   does       output                        parameters
        encoder.layer0.forward  lstm       f32[batch, 32], f32[batch, time, 32]  5248
        """)
    #expect(summary.parameters == 13136)
  }
}
