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

// Keeps a slot of a row's step for the gradient: see kernels/recurrent.h.
V_INLINE void save(const struct kn_pointwise *p, size_t row, size_t slot, size_t first, vf value) {
  if (p->saved == NULL || first >= p->units) return;
  float *saved = p->saved[p->first + row] + slot * p->saved_stride + p->column + first;
  const size_t units = p->units - first;
  if (units >= V_WIDTH) {
    v_store(saved, value);
  } else {
    v_store_first(saved, units, value);
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
    const struct lstm_step step =
        lstm(v_load(sums), v_load(sums + V_WIDTH), v_load(sums + 2 * V_WIDTH),
             v_load(sums + 3 * V_WIDTH), v_load(cell));
    v_store(cell, step.cell);
    store_hidden(p, r, 0, step.hidden);
    save(p, r, 0, 0, step.i);
    save(p, r, 1, 0, step.f);
    save(p, r, 2, 0, step.g);
    save(p, r, 3, 0, step.o);
    save(p, r, 4, 0, step.cell);
  }
}

static void gru_reset_after_tile(const struct kn_pointwise *p) {
  for (size_t r = 0; r < p->rows; r++) {
    const float *sums = p->sums + r * 3 * V_WIDTH;
    const vf h = v_load(p->hidden + p->at[p->first + r] + p->column);
    const vf input = v_load(p->last + r * p->last_stride);
    const vf state = v_load(sums + 2 * V_WIDTH);
    const struct gru_step step =
        gru_reset_after(v_load(sums), v_load(sums + V_WIDTH), input, state, h);
    store_hidden(p, r, 0, step.hidden);
    save(p, r, 0, 0, step.r);
    save(p, r, 1, 0, step.z);
    save(p, r, 2, 0, step.n);
    save(p, r, 3, 0, state);
  }
}

// Phase 0: keeps z, and r∘h for the product of phase 1.
static void gru_reset_before_gates(const struct kn_pointwise *p) {
  for (size_t r = 0; r < p->rows; r++) {
    const size_t at = p->at[p->first + r] + p->column;
    const float *sums = p->sums + r * 2 * V_WIDTH;
    const vf reset = v_sigmoid(v_load(sums)), update = v_sigmoid(v_load(sums + V_WIDTH));
    const vf gated = v_mul(reset, v_load(p->hidden + at));
    v_store(p->gated + at, gated);
    v_store(p->second + at, update);
    save(p, r, 0, 0, reset);
    save(p, r, 1, 0, update);
    save(p, r, 3, 0, gated);
  }
}

// Phase 1.
static void gru_reset_before_mix(const struct kn_pointwise *p) {
  for (size_t r = 0; r < p->rows; r++) {
    for (size_t b = 0; b < 2; b++) {
      const size_t at = p->at[p->first + r] + p->column + b * V_WIDTH;
      const vf n = v_tanh(v_load(p->sums + (r * 2 + b) * V_WIDTH));
      store_hidden(p, r, b * V_WIDTH, gru_mix(v_load(p->second + at), n, v_load(p->hidden + at)));
      save(p, r, 2, b * V_WIDTH, n);
    }
  }
}
