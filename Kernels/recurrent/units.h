// kn_recurrent_cell's work on a range of a row's units. Included once by the file of an instruction
// set, after cells.h.

// A gate's input sums, with its bias, for `units` units from `unit` on.
V_INLINE vf input_sum(const struct kn_recurrent_cell_arguments *a, size_t row, size_t gate,
                      size_t unit, size_t units) {
  const size_t column = gate * a->hidden + unit;
  const vf x = v_load_up_to(a->gates_x + row * a->gates_x_stride + column, units);
  return a->bias == NULL ? x : v_add(x, v_load_up_to(a->bias + column, units));
}

V_INLINE vf hidden_sum(const struct kn_recurrent_cell_arguments *a, size_t row, size_t gate,
                       size_t unit, size_t units) {
  return v_load_up_to(a->gates_h + row * a->gates_h_stride + gate * a->hidden + unit, units);
}

V_INLINE vf gate_sum(const struct kn_recurrent_cell_arguments *a, size_t row, size_t gate,
                     size_t unit, size_t units) {
  const vf x = input_sum(a, row, gate, unit, units);
  return a->gates_h == NULL ? x : v_add(x, hidden_sum(a, row, gate, unit, units));
}

static void rnn_tanh_units(const struct kn_recurrent_cell_arguments *a, size_t row, size_t begin,
                           size_t end) {
  for (size_t u = begin; u < end; u += V_WIDTH) {
    const vf sum = gate_sum(a, row, 0, u, end - u);
    v_store_up_to(a->new_hidden + row * a->hidden + u, end - u, v_tanh(sum));
  }
}

static void rnn_relu_units(const struct kn_recurrent_cell_arguments *a, size_t row, size_t begin,
                           size_t end) {
  for (size_t u = begin; u < end; u += V_WIDTH) {
    const vf sum = gate_sum(a, row, 0, u, end - u);
    v_store_up_to(a->new_hidden + row * a->hidden + u, end - u, relu(sum));
  }
}

static void lstm_units(const struct kn_recurrent_cell_arguments *a, size_t row, size_t begin,
                       size_t end) {
  for (size_t u = begin; u < end; u += V_WIDTH) {
    const size_t at = row * a->hidden + u, units = end - u;
    const struct lstm_step step =
        lstm(gate_sum(a, row, 0, u, units), gate_sum(a, row, 1, u, units),
             gate_sum(a, row, 2, u, units), gate_sum(a, row, 3, u, units),
             v_load_up_to(a->state + at, units));
    v_store_up_to(a->new_hidden + at, units, step.hidden);
    v_store_up_to(a->new_cell + at, units, step.cell);
  }
}

static void gru_reset_after_units(const struct kn_recurrent_cell_arguments *a, size_t row,
                                  size_t begin, size_t end) {
  for (size_t u = begin; u < end; u += V_WIDTH) {
    const size_t at = row * a->hidden + u, units = end - u;
    vf product = hidden_sum(a, row, 2, u, units);
    if (a->hidden_bias != NULL) product = v_add(product, v_load_up_to(a->hidden_bias + u, units));
    const vf h = v_load_up_to(a->state + at, units);
    v_store_up_to(a->new_hidden + at, units,
                gru_reset_after(gate_sum(a, row, 0, u, units), gate_sum(a, row, 1, u, units),
                                input_sum(a, row, 2, u, units), product, h).hidden);
  }
}
