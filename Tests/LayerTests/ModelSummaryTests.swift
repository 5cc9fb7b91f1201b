import SequentExamples
import SequentIR
import Testing

@testable import Sequent

@Suite struct ModelSummaryTests {
  @Test func `the encoder-decoder is that of Keras's own summary`() throws {
    let summary = ModelSummary(try KerasEncoderDecoder().traced().module)
    #expect(
      summary.description == """
        layer                   does       output                                parameters
        encoder.layer0.forward  lstm       f32[batch, 32], f32[batch, time, 32]        5248
        decoder.layer0.forward  lstm       f32[batch, target_time, 32]                 6272
        attention.score         attention  f32[batch, target_time, 32]                   32
        hidden                  linear     f32[batch, target_time, 32]                 1056
        head                    linear     f32[batch, target_time, 16]                  528
        main                    softmax    f32[batch, target_time, 16]                    0
        total                                                                         13136

        """)
    #expect(summary.parameters == 13136)
  }
}
