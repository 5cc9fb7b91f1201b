// Cells from the sums that a tile left, and from whole rows of sums. Included once by the file of an
// instruction set, after tiles.h.
#include "recurrent/cells.h"

// Stores a row's h' to the state (which is padded) and to the output (which is not).
V_INLINE void store_hidden(const struct kn_pointwise *p, size_t row, size_t first, vf hidden) {
  const size_t column = p->column + first;
  v_store(p->new_hidden + p->at[p->first + row] + column, hidden);
  if (p->output == NULL || first >= p->units) return;
  float *output = p->output[p->first + row] + column;
  const size_t units = p->units - first;
  if (units >= V_WIDTH) {
    v_store(output, hidden);
  } else {
    v_store_first(output, units, hidden);
  }
}

static void rnn_tanh_tile(const struct kn_pointwise *p) {
  for (size_t r = 0; r < p->rows; r++) {
    for (size_t b = 0; b < 2; b++) {
      const vf sum = v_load(p->sums + (r * 2 + b) * V_WIDTH);
      store_hidden(p, r, b * V_WIDTH, v_tanh(sum));
    }
  }
}

static void rnn_relu_tile(const struct kn_pointwise *p) {
  for (size_t r = 0; r < p->rows; r++) {
    for (size_t b = 0; b < 2; b++) {
      const vf sum = v_load(p->sums + (r * 2 + b) * V_WIDTH);
      store_hidden(p, r, b * V_WIDTH, relu(sum));
    }
  }
}

static void lstm_tile(const struct kn_pointwise *p) {
  for (size_t r = 0; r < p->rows; r++) {
    const float *sums = p->sums + r * 4 * V_WIDTH;
    float *cell = p->second + p->at[p->first + r] + p->column;
    const struct lstm_state state =
        lstm(v_load(sums), v_load(sums + V_WIDTH), v_load(sums + 2 * V_WIDTH),
             v_load(sums + 3 * V_WIDTH), v_load(cell));
    v_store(cell, state.cell);
    store_hidden(p, r, 0, state.hidden);
  }
}

static void gru_reset_after_tile(const struct kn_pointwise *p) {
  for (size_t r = 0; r < p->rows; r++) {
    const float *sums = p->sums + r * 3 * V_WIDTH;
    const vf h = v_load(p->hidden + p->at[p->first + r] + p->column);
    const vf input = v_load(p->last + r * p->last_stride);
    store_hidden(p, r, 0, gru_reset_after(v_load(sums), v_load(sums + V_WIDTH), input,
                                          v_load(sums + 2 * V_WIDTH), h));
  }
}

// Phase 0: keeps z's sum, and r∘h for the product of phase 1.
static void gru_reset_before_gates(const struct kn_pointwise *p) {
  for (size_t r = 0; r < p->rows; r++) {
    const size_t at = p->at[p->first + r] + p->column;
    const float *sums = p->sums + r * 2 * V_WIDTH;
    v_store(p->gated + at, v_mul(v_sigmoid(v_load(sums)), v_load(p->hidden + at)));
    v_store(p->second + at, v_load(sums + V_WIDTH));
  }
}

// Phase 1.
static void gru_reset_before_mix(const struct kn_pointwise *p) {
  for (size_t r = 0; r < p->rows; r++) {
    for (size_t b = 0; b < 2; b++) {
      const size_t at = p->at[p->first + r] + p->column + b * V_WIDTH;
      const vf n = v_tanh(v_load(p->sums + (r * 2 + b) * V_WIDTH));
      store_hidden(p, r, b * V_WIDTH, gru_mix(v_load(p->second + at), n, v_load(p->hidden + at)));
    }
  }
}
