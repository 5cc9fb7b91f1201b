import SequentIR
import Testing

@Test func printedModuleReadsBackEqual() throws {
  let text = """
    module @tagger {
      parameter @embedding.weight : f32[100, 48] {role = embedding, init = normal, deviation = 0.02}
      parameter @forward.hidden_weight : f32[96, 96] {role = gate, init = orthogonal}
      parameter @forward.input_weight : f32[48, 96] {role = gate, init = xavier_uniform}
      parameter @head.bias : f32[8] {role = vector, init = uniform, bound = 0.1}

      function @main(
        %tokens: i32[batch, time],
        %lengths: i32[batch],
        state %h: f32[batch, 96] = h_next
      ) -> (
        outputs: f32[batch, time, 96],
        h_next: f32[batch, 96]
      ) {
        %x = gather @embedding.weight, %tokens : f32[batch, time, 48]  // Tagger.swift:12 embedding
        %c = constant {type = f32, shape = [2], values = [-0.0, 1e-05]} : f32[2]
        %h_T, %y = scan %h, %x, @forward.input_weight, @forward.hidden_weight, %lengths {time = time, carry = 1, scanned = 1, lengths = true} : f32[batch, 96], f32[batch, time, 96]  // forward
          body(
            %h: f32[batch, 96],
            %x_t: f32[batch, 48],
            %input_weight: f32[48, 96],
            %hidden_weight: f32[96, 96]
          ) {
            %from_input = matmul %x_t, %input_weight : f32[batch, 96]
            %from_hidden = matmul %h, %hidden_weight : f32[batch, 96]
            %gate = add %from_input, %from_hidden : f32[batch, 96]
            %h_next = tanh %gate : f32[batch, 96]
            yield %h_next, %h_next
          }
        return %y, %h_T
      }
    }

    """
  let module = try Module(parsing: text)
  #expect(module.text == text)
  #expect(try Module(parsing: module.text) == module)
}
