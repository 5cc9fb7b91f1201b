// kn_recurrent_gradient: the steps, last to first. A step turns the gradients of the state behind it
// into those of its gates, and these by one product into those of the state before it; what weights
// and inputs get is left for all steps at once (gradient_products.c).
#include "recurrent/gradient.h"

#include <assert.h>
#include <string.h>

#include "recurrent/rows.h"

// A member at work.
struct member {
  const struct kn_recurrent_gradient_arguments *a;
  const struct kn_recurrent_kernels *kernels;
  const struct kn_gemm_kernels *gemm;
  const struct kn_gradient_storage *storage;
  const struct kn_team *team;
  struct kn_gradient_share share;
  size_t rows;  // its own
};

// The place among dense steps [batch, time] of a row's step.
static size_t dense_place(const struct member *m, size_t d, size_t row, size_t length,
                          size_t step) {
  return row * m->a->time + kn_place_in_time(m->a->direction[d].reverse, length, step);
}

// Rows in order of length, and where each begins among the steps of all.
static size_t order_rows(const struct member *m) {
  const struct kn_recurrent_gradient_arguments *a = m->a;
  const struct kn_gradient_storage *s = m->storage;
  const struct kn_recurrent_arguments forward = {
      .time = a->time, .batch = a->batch, .lengths = a->lengths};
  const struct kn_recurrent_share share = {.first_row = m->share.first_row,
                                           .row_step = m->share.row_step};
  const struct kn_recurrent_storage storage = {.state_stride = s->state_stride,
                                               .order = s->order,
                                               .lengths = s->lengths,
                                               .counts = s->counts,
                                               .at = s->at};
  s->offsets[0] = 0;
  for (size_t row = 0; row < a->batch; row++) {
    const size_t length = a->lengths == NULL ? a->time : (size_t)a->lengths[row];
    s->offsets[row + 1] = s->offsets[row] + length;
  }
  return kn_recurrent_order(&forward, &share, &storage);
}

// Its panels of Uᵀ.
static void pack_weights(const struct member *m, size_t d) {
  const size_t width = m->gemm->width, depth = kn_cell_gates(m->a->cell) * m->a->hidden;
  const struct kn_range own =
      kn_partition(m->a->hidden, width, m->team->index, m->team->count);
  kn_gemm_pack_panels(width, m->a->direction[d].hidden_weights + own.begin * depth, depth,
                      own.end - own.begin, 1, depth,
                      m->storage->direction[d].weights + own.begin * depth, depth * width);
}

// The h that each step of its part of the batch began with, and its rows of x.
static void gather_rows(const struct member *m) {
  const struct kn_recurrent_gradient_arguments *a = m->a;
  const struct kn_gradient_storage *s = m->storage;
  const size_t hidden = a->hidden, width = a->directions * hidden, bytes = hidden * sizeof(float);
  const struct kn_range own = kn_partition(a->batch, 1, m->team->index, m->team->count);
  for (size_t row = own.begin; row < own.end; row++) {
    const size_t length = s->offsets[row + 1] - s->offsets[row];
    if (s->x != NULL) {
      memcpy(s->x + s->offsets[row] * a->input, a->x + row * a->time * a->input,
             length * a->input * sizeof(float));
    }
    for (size_t d = 0; d < a->directions; d++) {
      const float *initial = a->direction[d].initial_hidden;
      for (size_t step = 0; step < length; step++) {
        const size_t time = kn_place_in_time(a->direction[d].reverse, length, step);
        float *to = s->direction[d].before + (s->offsets[row] + time) * hidden;
        if (step > 0) {
          const size_t place = dense_place(m, d, row, length, step - 1);
          memcpy(to, a->output + place * width + d * hidden, bytes);
        } else if (initial != NULL) {
          memcpy(to, initial + row * hidden, bytes);
        } else {
          memset(to, 0, bytes);
        }
      }
    }
  }
}

// Copies its units of its rows' state gradients from or to the caller's [batch, hidden].
static void load_state(const struct member *m, const float *from, float *state) {
  const size_t first = m->share.units.begin;
  const size_t bytes = (m->share.units.end - first) * sizeof(float);
  for (size_t r = 0; r < m->rows; r++) {
    float *to = state + (m->share.first_place + r) * m->storage->state_stride + first;
    if (from == NULL) {
      memset(to, 0, bytes);
    } else {
      memcpy(to, from + m->storage->order[r] * m->a->hidden + first, bytes);
    }
  }
}

static void save_state(const struct member *m, const float *state, float *to) {
  const size_t first = m->share.units.begin;
  const size_t bytes = (m->share.units.end - first) * sizeof(float);
  for (size_t r = 0; r < m->rows && to != NULL; r++) {
    memcpy(to + m->storage->order[r] * m->a->hidden + first,
           state + (m->share.first_place + r) * m->storage->state_stride + first, bytes);
  }
}

// Where the live rows' operands of a step are.
static void find_rows(const struct member *m, size_t d, size_t step, size_t live) {
  const struct kn_recurrent_gradient_arguments *a = m->a;
  const struct kn_gradient_storage *s = m->storage;
  const struct kn_gradient_direction *own = &s->direction[d];
  const struct kn_recurrent_gradient_direction *direction = &a->direction[d];
  const size_t hidden = a->hidden, width = a->directions * hidden;
  const size_t slots = kn_cell_saved_slots(a->cell) * hidden;
  for (size_t r = 0; r < live; r++) {
    const size_t row = s->order[r], length = s->lengths[r], place = m->share.first_place + r;
    const size_t dense = dense_place(m, d, row, length, step);
    const size_t compact = s->offsets[row] + dense - row * a->time;
    struct kn_backward_row *to = &s->row[d][r];
    *to = (struct kn_backward_row){
        .output = a->output + dense * width + d * hidden,
        .hidden_before = own->before + compact * hidden,
        .hidden_gradient = own->hidden_gradient + place * s->state_stride,
        .gates = own->gates + compact * s->gates_stride,
        .step = own->step[step % 2] + place * s->step_stride,
    };
    if (a->output_gradient != NULL) {
      to->output_gradient = a->output_gradient + dense * width + d * hidden;
    }
    if (slots > 0) to->saved = a->saved + (dense * a->directions + d) * slots;
    if (a->cell == KN_CELL_LSTM) {
      to->cell_gradient = own->cell_gradient + place * s->state_stride;
      const size_t before = step > 0 ? dense_place(m, d, row, length, step - 1) : 0;
      to->cell_before = step > 0 ? a->saved + (before * a->directions + d) * slots + 4 * hidden
                        : direction->initial_cell != NULL
                            ? direction->initial_cell + row * hidden
                            : s->zeros;
    }
    if (a->cell == KN_CELL_GRU_RESET_BEFORE) {
      to->product = own->product + place * s->state_stride;
      to->gated = own->gated + compact * hidden;
    }
  }
}

static void run_pointwise(const struct member *m, size_t d, size_t phase, size_t live) {
  const struct kn_backward b = {.rows = live,
                                .hidden = m->a->hidden,
                                .begin = m->share.units.begin,
                                .end = m->share.units.end,
                                .row = m->storage->row[d]};
  m->kernels->backward[m->a->cell][phase](&b);
}

// Its units of c (+)= dg·Uᵀ over the gates first..<last.
static void multiply(const struct member *m, size_t d, size_t step, size_t live, size_t first,
                     size_t last, float *c, bool begins_at_c) {
  const struct kn_gradient_storage *s = m->storage;
  const struct kn_range units = m->share.units;
  const size_t hidden = m->a->hidden, depth = kn_cell_gates(m->a->cell) * hidden;
  if (live == 0 || units.begin == units.end) return;
  const struct kn_gemm_block block = {
      .m = live,
      .n = units.end - units.begin,
      .k = (last - first) * hidden,
      .a = s->direction[d].step[step % 2] + m->share.first_place * s->step_stride + first * hidden,
      .a_row_stride = s->step_stride,
      .a_column_stride = 1,
      .panels = s->direction[d].weights + units.begin * depth + first * hidden * m->gemm->width,
      .panel_step = m->gemm->width,
      .panel_stride = depth * m->gemm->width,
      .c = c + m->share.first_place * s->state_stride + units.begin,
      .c_row_stride = s->state_stride,
      .begins_at_c = begins_at_c};
  kn_gemm_multiply(m->gemm, &block);
}

static void wait(const struct member *m) {
  if (m->share.barriers) kn_team_barrier(m->team);
}

static void run_step(const struct member *m, size_t step, size_t live) {
  const struct kn_recurrent_gradient_arguments *a = m->a;
  const struct kn_gradient_direction *direction = m->storage->direction;
  const size_t gates = kn_cell_gates(a->cell);
  const bool resets_before = a->cell == KN_CELL_GRU_RESET_BEFORE;
  for (size_t d = 0; d < a->directions; d++) {
    find_rows(m, d, step, live);
    run_pointwise(m, d, 0, live);
  }
  wait(m);
  for (size_t d = 0; d < a->directions && resets_before; d++) {
    multiply(m, d, step, live, 2, 3, direction[d].product, false);
    run_pointwise(m, d, 1, live);
  }
  if (resets_before) wait(m);
  for (size_t d = 0; d < a->directions; d++) {
    const bool is_gru = resets_before || a->cell == KN_CELL_GRU_RESET_AFTER;
    multiply(m, d, step, live, 0, resets_before ? 2 : gates, direction[d].hidden_gradient, is_gru);
  }
}

static void run_steps(const struct member *m) {
  const struct kn_gradient_storage *s = m->storage;
  const size_t longest = m->rows == 0 ? 0 : s->lengths[0];
  size_t live = 0;
  for (size_t step = longest; step-- > 0;) {
    while (live < m->rows && s->lengths[live] > step) live++;
    run_step(m, step, live);
  }
}

size_t kn_recurrent_gradient_workspace_size(const struct kn_recurrent_gradient_arguments *a,
                                            size_t threads) {
  size_t largest = 0;
  for (size_t count = 1; count <= threads; count++) {
    struct kn_gradient_storage storage;
    const size_t size = kn_gradient_storage(a, 0, count, NULL, &storage);
    if (size > largest) largest = size;
  }
  return largest + kn_gradient_products_size(a, threads);
}

void kn_recurrent_gradient(const void *arguments, const struct kn_team *team) {
  const struct kn_recurrent_gradient_arguments *a = arguments;
  assert(a->directions == 1 || a->directions == 2);
  assert((size_t)a->workspace % 64 == 0);
  struct kn_gradient_storage storage;
  kn_gradient_storage(a, team->index, team->count, a->workspace, &storage);
  struct member m = {.a = a,
                     .kernels = kn_recurrent_kernels(),
                     .gemm = kn_gemm_kernels_for(kn_isa_active()),
                     .storage = &storage,
                     .team = team};
  m.share = kn_gradient_share(a, m.gemm->width, team->index, team->count);
  m.rows = order_rows(&m);
  gather_rows(&m);
  if (team->index == 0) memset(storage.zeros, 0, a->hidden * sizeof(float));
  for (size_t d = 0; d < a->directions; d++) {
    pack_weights(&m, d);
    load_state(&m, a->direction[d].final_hidden_gradient, storage.direction[d].hidden_gradient);
    if (a->cell == KN_CELL_LSTM) {
      load_state(&m, a->direction[d].final_cell_gradient, storage.direction[d].cell_gradient);
    }
  }
  kn_team_barrier(team);
  run_steps(&m);
  for (size_t d = 0; d < a->directions; d++) {
    save_state(&m, storage.direction[d].hidden_gradient, a->direction[d].initial_hidden_gradient);
    if (a->cell == KN_CELL_LSTM) {
      save_state(&m, storage.direction[d].cell_gradient, a->direction[d].initial_cell_gradient);
    }
  }
  kn_team_barrier(team);
  kn_gradient_products(a, &storage, team);
}
