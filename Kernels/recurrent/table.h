// The table of one instruction set's kernels, named by RECURRENT_KERNELS. Ends its file.

const struct kn_recurrent_kernels RECURRENT_KERNELS = {
    .width = V_WIDTH,
    .tile_rows = {[2] = TILE_ROWS_2, [3] = TILE_ROWS_3, [4] = TILE_ROWS_4},
    TILES(TILE_ENTRY)
    .stripe_panels = {[2] = STRIPES_2, [3] = STRIPES_3, [4] = STRIPES_4},
    .stripe = {[2] = {stripes_2_near, stripes_2_far},
               [3] = {stripes_3_near, stripes_3_far},
               [4] = {stripes_4_near, stripes_4_far}},
    .pointwise = {[KN_CELL_RNN_TANH] = {rnn_tanh_tile},
                  [KN_CELL_RNN_RELU] = {rnn_relu_tile},
                  [KN_CELL_LSTM] = {lstm_tile},
                  [KN_CELL_GRU_RESET_AFTER] = {gru_reset_after_tile},
                  [KN_CELL_GRU_RESET_BEFORE] = {gru_reset_before_gates, gru_reset_before_mix}},
    .cell = {[KN_CELL_RNN_TANH] = rnn_tanh_units,
             [KN_CELL_RNN_RELU] = rnn_relu_units,
             [KN_CELL_LSTM] = lstm_units,
             [KN_CELL_GRU_RESET_AFTER] = gru_reset_after_units},
    .backward = {[KN_CELL_RNN_TANH] = {rnn_tanh_backward},
                 [KN_CELL_RNN_RELU] = {rnn_relu_backward},
                 [KN_CELL_LSTM] = {lstm_backward},
                 [KN_CELL_GRU_RESET_AFTER] = {gru_reset_after_backward},
                 [KN_CELL_GRU_RESET_BEFORE] = {gru_reset_before_mix_backward,
                                               gru_reset_before_gates_backward}},
};
