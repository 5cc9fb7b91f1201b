// The cells' derivatives on vectors of units. Included once by the file of an instruction set, after
// units.h. With g a gate after its function and dh the gradient of h':
//
//     σ' = g (1 − g)    tanh' = 1 − g²

V_INLINE vf sigmoid_slope(vf g) { return v_mul(g, v_sub(v_set(1), g)); }

V_INLINE vf tanh_slope(vf g) { return v_fnma(g, g, v_set(1)); }

// A gate's gradient, for the step's own products and for those over all steps.
V_INLINE void store_gate(const struct kn_backward *b, const struct kn_backward_row *row,
                         size_t gate, size_t u, size_t units, vf d) {
  enum { PANEL = 2 * V_WIDTH };
  const size_t panel = gate * b->panels + u / PANEL;
  v_store_up_to(row->gates + gate * b->hidden + u, units, d);
  v_store_up_to(row->panels + panel * b->panel_stride + u % PANEL, units, d);
}

// dh of units from u on: what came from the step behind, and from the output.
V_INLINE vf hidden_gradient(const struct kn_backward_row *row, size_t u, size_t units) {
  const vf dh = v_load_up_to(row->hidden_gradient + u, units);
  if (row->output_gradient == NULL) return dh;
  return v_add(dh, v_load_up_to(row->output_gradient + u, units));
}

static void rnn_tanh_backward(const struct kn_backward *b) {
  for (size_t r = 0; r < b->rows; r++) {
    const struct kn_backward_row *row = &b->row[r];
    for (size_t u = b->begin; u < b->end; u += V_WIDTH) {
      const size_t units = b->end - u;
      const vf slope = tanh_slope(v_load_up_to(row->output + u, units));
      const vf d = v_mul(hidden_gradient(row, u, units), slope);
      store_gate(b, row, 0, u, units, d);
    }
  }
}

static void rnn_relu_backward(const struct kn_backward *b) {
  for (size_t r = 0; r < b->rows; r++) {
    const struct kn_backward_row *row = &b->row[r];
    for (size_t u = b->begin; u < b->end; u += V_WIDTH) {
      const size_t units = b->end - u;
      const vm positive = v_less(v_zero(), v_load_up_to(row->output + u, units));
      const vf d = v_select(positive, hidden_gradient(row, u, units), v_zero());
      store_gate(b, row, 0, u, units, d);
    }
  }
}

static void lstm_backward(const struct kn_backward *b) {
  const size_t hidden = b->hidden;
  for (size_t r = 0; r < b->rows; r++) {
    const struct kn_backward_row *row = &b->row[r];
    for (size_t u = b->begin; u < b->end; u += V_WIDTH) {
      const size_t units = b->end - u;
      const vf i = v_load_up_to(row->saved + u, units);
      const vf f = v_load_up_to(row->saved + hidden + u, units);
      const vf g = v_load_up_to(row->saved + 2 * hidden + u, units);
      const vf o = v_load_up_to(row->saved + 3 * hidden + u, units);
      const vf t = v_tanh(v_load_up_to(row->saved + 4 * hidden + u, units));
      const vf before = v_load_up_to(row->cell_before + u, units);
      const vf dh = hidden_gradient(row, u, units);
      const vf later = v_load_up_to(row->cell_gradient + u, units);
      const vf dc = v_fma(v_mul(dh, o), tanh_slope(t), later);
      v_store_up_to(row->cell_gradient + u, units, v_mul(dc, f));
      const vf d[4] = {
          v_mul(v_mul(dc, g), sigmoid_slope(i)), v_mul(v_mul(dc, before), sigmoid_slope(f)),
          v_mul(v_mul(dc, i), tanh_slope(g)), v_mul(v_mul(dh, t), sigmoid_slope(o))};
      for (size_t gate = 0; gate < 4; gate++) store_gate(b, row, gate, u, units, d[gate]);
    }
  }
}

// dn and dz of a gru's row; leaves dh∘z as the part of dh that does not pass a gate.
V_INLINE vf gru_mix_backward(const struct kn_backward_row *row, size_t hidden, size_t u,
                             size_t units, vf *dz) {
  const vf z = v_load_up_to(row->saved + hidden + u, units);
  const vf n = v_load_up_to(row->saved + 2 * hidden + u, units);
  const vf h = v_load_up_to(row->hidden_before + u, units);
  const vf dh = hidden_gradient(row, u, units);
  v_store_up_to(row->hidden_gradient + u, units, v_mul(dh, z));
  *dz = v_mul(v_mul(dh, v_sub(h, n)), sigmoid_slope(z));
  return v_mul(v_mul(dh, v_sub(v_set(1), z)), tanh_slope(n));
}

// Gates n r z and r∘n, so that both sides' lie in one piece.
static void gru_reset_after_backward(const struct kn_backward *b) {
  const size_t hidden = b->hidden;
  for (size_t r = 0; r < b->rows; r++) {
    const struct kn_backward_row *row = &b->row[r];
    for (size_t u = b->begin; u < b->end; u += V_WIDTH) {
      const size_t units = b->end - u;
      const vf reset = v_load_up_to(row->saved + u, units);
      const vf product = v_load_up_to(row->saved + 3 * hidden + u, units);
      vf dz;
      const vf dn = gru_mix_backward(row, hidden, u, units, &dz);
      store_gate(b, row, 0, u, units, dn);
      store_gate(b, row, 1, u, units, v_mul(v_mul(dn, product), sigmoid_slope(reset)));
      store_gate(b, row, 2, u, units, dz);
      store_gate(b, row, 3, u, units, v_mul(dn, reset));
    }
  }
}

// Phase 0, before dn·Uₙᵀ.
static void gru_reset_before_mix_backward(const struct kn_backward *b) {
  const size_t hidden = b->hidden;
  for (size_t r = 0; r < b->rows; r++) {
    const struct kn_backward_row *row = &b->row[r];
    for (size_t u = b->begin; u < b->end; u += V_WIDTH) {
      const size_t units = b->end - u;
      vf dz;
      const vf dn = gru_mix_backward(row, hidden, u, units, &dz);
      store_gate(b, row, 1, u, units, dz);
      store_gate(b, row, 2, u, units, dn);
      v_store_up_to(row->gated + u, units, v_load_up_to(row->saved + 3 * hidden + u, units));
    }
  }
}

// Phase 1, with that product, the gradient of r∘h.
static void gru_reset_before_gates_backward(const struct kn_backward *b) {
  for (size_t r = 0; r < b->rows; r++) {
    const struct kn_backward_row *row = &b->row[r];
    for (size_t u = b->begin; u < b->end; u += V_WIDTH) {
      const size_t units = b->end - u;
      const vf reset = v_load_up_to(row->saved + u, units);
      const vf h = v_load_up_to(row->hidden_before + u, units);
      const vf d = v_load_up_to(row->product + u, units);
      const vf dr = v_mul(v_mul(d, h), sigmoid_slope(reset));
      store_gate(b, row, 0, u, units, dr);
      const vf dh = v_load_up_to(row->hidden_gradient + u, units);
      v_store_up_to(row->hidden_gradient + u, units, v_fma(d, reset, dh));
    }
  }
}
