// kn_recurrent_gradient: the steps, last to first. A step turns the gradients of the state behind it
// into those of its gates, and these by one product into those of the state before it; what weights
// and inputs get is left for all steps at once (gradient_products.c).
#include <assert.h>
#include <string.h>

#include "recurrent/gradient.h"

// A member at work.
struct member {
  const struct kn_recurrent_gradient_arguments *a;
  const struct kn_recurrent_kernels *kernels;
  const struct kn_gemm_kernels *gemm;
  const struct kn_gradient_storage *storage;
  const struct kn_team *team;
  struct kn_gradient_share share;
};

// How many of the first `rows` places are its own.
static size_t own_rows(const struct member *m, size_t rows) {
  const struct kn_gradient_share *share = &m->share;
  if (rows <= share->first_row) return 0;
  return (rows - share->first_row + share->row_step - 1) / share->row_step;
}

static size_t place_of(const struct member *m, size_t row) {
  return m->share.first_row + row * m->share.row_step;
}

// Copies its units of its rows' state gradients from or to the caller's [batch, hidden].
static void load_state(const struct member *m, const float *from, float *state) {
  const size_t first = m->share.units.begin;
  const size_t bytes = (m->share.units.end - first) * sizeof(float);
  for (size_t r = 0; r < own_rows(m, m->a->batch); r++) {
    const size_t place = place_of(m, r);
    float *to = state + place * m->storage->state_stride + first;
    if (from == NULL) {
      memset(to, 0, bytes);
    } else {
      memcpy(to, from + m->storage->order[place] * m->a->hidden + first, bytes);
    }
  }
}

static void save_state(const struct member *m, const float *state, float *to) {
  const size_t first = m->share.units.begin;
  const size_t bytes = (m->share.units.end - first) * sizeof(float);
  for (size_t r = 0; r < own_rows(m, m->a->batch) && to != NULL; r++) {
    const size_t place = place_of(m, r);
    memcpy(to + m->storage->order[place] * m->a->hidden + first,
           state + place * m->storage->state_stride + first, bytes);
  }
}

// Where the live rows' operands of a step are.
static void find_rows(const struct member *m, size_t d, size_t step, size_t live) {
  const struct kn_recurrent_gradient_arguments *a = m->a;
  const struct kn_gradient_storage *s = m->storage;
  const struct kn_gradient_direction *own = &s->direction[d];
  const size_t hidden = a->hidden, slots = kn_cell_saved_slots(a->cell) * hidden;
  for (size_t r = 0; r < live; r++) {
    const size_t place = place_of(m, r), index = s->first[step] + place;
    const size_t dense = kn_gradient_dense(a, s, d, place, step) * a->directions + d;
    struct kn_backward_row *to = &s->row[d][r];
    *to = (struct kn_backward_row){
        .output = a->output + dense * hidden,
        .hidden_before = kn_gradient_before(a, s, d, place, step),
        .hidden_gradient = own->hidden_gradient + place * s->state_stride,
        .gates = own->gates + index * s->gates_stride,
        .panels = own->panels + index * m->gemm->width,
    };
    if (a->output_gradient != NULL) to->output_gradient = a->output_gradient + dense * hidden;
    if (slots > 0) to->saved = a->saved + dense * slots;
    if (a->cell == KN_CELL_LSTM) {
      const float *initial = a->direction[d].initial_cell;
      const size_t before =
          step == 0 ? 0 : kn_gradient_dense(a, s, d, place, step - 1) * a->directions + d;
      to->cell_gradient = own->cell_gradient + place * s->state_stride;
      to->cell_before = step > 0          ? a->saved + before * slots + 4 * hidden
                        : initial != NULL ? initial + s->order[place] * hidden
                                          : s->zeros;
    }
    if (a->cell == KN_CELL_GRU_RESET_BEFORE) {
      to->product = own->product + place * s->state_stride;
      to->gated = own->gated + index * hidden;
    }
  }
}

static void run_pointwise(const struct member *m, size_t d, size_t phase, size_t live) {
  const struct kn_backward b = {.rows = live,
                                .hidden = m->a->hidden,
                                .begin = m->share.units.begin,
                                .end = m->share.units.end,
                                .panels = m->storage->panels,
                                .panel_stride = m->storage->panel_stride,
                                .row = m->storage->row[d]};
  m->kernels->backward[m->a->cell][phase](&b);
}

// Its units of c (+)= dg·Uᵀ over the gates first..<last.
static void multiply(const struct member *m, size_t d, size_t step, size_t live, size_t first,
                     size_t last, float *c, bool begins_at_c) {
  const struct kn_gradient_storage *s = m->storage;
  const struct kn_gradient_share *share = &m->share;
  const struct kn_range units = share->units;
  const size_t hidden = m->a->hidden, depth = kn_cell_gates(m->a->cell) * hidden;
  if (live == 0 || units.begin == units.end) return;
  const size_t gate = kn_gradient_layouts[m->a->cell].step_gate + first;
  const struct kn_gemm_block block = {
      .m = live,
      .n = units.end - units.begin,
      .k = (last - first) * hidden,
      .a = s->direction[d].gates + (s->first[step] + share->first_row) * s->gates_stride +
           gate * hidden,
      .a_row_stride = share->row_step * s->gates_stride,
      .a_column_stride = 1,
      .panels =
          s->direction[d].hidden_weights + units.begin * depth + first * hidden * m->gemm->width,
      .panel_step = m->gemm->width,
      .panel_stride = depth * m->gemm->width,
      .c = c + share->first_row * s->state_stride + units.begin,
      .c_row_stride = share->row_step * s->state_stride,
      .begins_at_c = begins_at_c};
  kn_gemm_multiply(m->gemm, &block);
}

static void wait(const struct member *m) {
  if (!m->share.by_rows && m->team->count > 1) kn_team_barrier(m->team);
}

// A step of the directions first..<last.
static void run_step(const struct member *m, size_t first, size_t last, size_t step, size_t live) {
  const struct kn_recurrent_gradient_arguments *a = m->a;
  const struct kn_gradient_direction *direction = m->storage->direction;
  const size_t gates = kn_cell_gates(a->cell);
  const bool resets_before = a->cell == KN_CELL_GRU_RESET_BEFORE;
  for (size_t d = first; d < last; d++) {
    find_rows(m, d, step, live);
    run_pointwise(m, d, 0, live);
  }
  wait(m);
  for (size_t d = first; d < last && resets_before; d++) {
    multiply(m, d, step, live, 2, 3, direction[d].product, false);
    run_pointwise(m, d, 1, live);
  }
  if (resets_before) wait(m);
  for (size_t d = first; d < last; d++) {
    const bool is_gru = resets_before || a->cell == KN_CELL_GRU_RESET_AFTER;
    multiply(m, d, step, live, 0, resets_before ? 2 : gates, direction[d].hidden_gradient, is_gru);
  }
}

static void run_directions(const struct member *m, size_t first, size_t last) {
  const struct kn_recurrent_gradient_arguments *a = m->a;
  const struct kn_gradient_storage *s = m->storage;
  for (size_t d = first; d < last; d++) {
    kn_gradient_prepare(a, s, d, m->team);
    load_state(m, a->direction[d].final_hidden_gradient, s->direction[d].hidden_gradient);
    if (a->cell == KN_CELL_LSTM) {
      load_state(m, a->direction[d].final_cell_gradient, s->direction[d].cell_gradient);
    }
  }
  kn_team_barrier(m->team);
  for (size_t step = a->time; step-- > 0;) {
    run_step(m, first, last, step, own_rows(m, s->first[step + 1] - s->first[step]));
  }
  for (size_t d = first; d < last; d++) {
    save_state(m, s->direction[d].hidden_gradient, a->direction[d].initial_hidden_gradient);
    if (a->cell == KN_CELL_LSTM) {
      save_state(m, s->direction[d].cell_gradient, a->direction[d].initial_cell_gradient);
    }
  }
  for (size_t d = first; d < last; d++) {
    kn_team_barrier(m->team);
    kn_gradient_products(a, s, d, m->team);
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
  return largest;
}

void kn_recurrent_gradient(const void *arguments, const struct kn_team *team) {
  const struct kn_recurrent_gradient_arguments *a = arguments;
  assert(a->directions == 1 || a->directions == 2);
  assert((size_t)a->workspace % 64 == 0);
  struct kn_gradient_storage storage;
  kn_gradient_storage(a, team->index, team->count, a->workspace, &storage);
  const struct member m = {.a = a,
                           .kernels = kn_recurrent_kernels(),
                           .gemm = kn_gemm_kernels_for(kn_isa_active()),
                           .storage = &storage,
                           .team = team,
                           .share = kn_gradient_share(a, team->index, team->count)};
  assert(m.gemm->width == 2 * m.kernels->width);
  kn_gradient_order(a, &storage);
  const size_t together = m.share.by_rows ? 1 : a->directions;
  for (size_t d = 0; d < a->directions; d += together) {
    if (d > 0) kn_team_barrier(team);  // the memory is used again
    run_directions(&m, d, d + together);
  }
}
