// Before the steps: the order of rows, packed weights, and the left operands of dW and dU.
#include <string.h>

#include "recurrent/gradient.h"

// Steps whose rows are turned into columns at once: a cache line's worth for every column.
enum { STEPS = 16, COLUMNS = 256 };

void kn_gradient_order(const struct kn_recurrent_gradient_arguments *a,
                       const struct kn_gradient_storage *s) {
  const struct kn_recurrent_arguments forward = {
      .time = a->time, .batch = a->batch, .lengths = a->lengths};
  const struct kn_recurrent_share all = {.first_row = 0, .row_step = 1};
  const struct kn_recurrent_storage storage = {.state_stride = s->state_stride,
                                               .order = s->order,
                                               .lengths = s->lengths,
                                               .counts = s->counts,
                                               .at = s->at};
  memset(s->zeros, 0, a->hidden * sizeof(float));
  size_t live = kn_recurrent_order(&forward, &all, &storage);
  s->first[0] = 0;
  for (size_t step = 0; step < a->time; step++) {
    while (live > 0 && s->lengths[live - 1] <= step) live--;
    s->first[step + 1] = s->first[step] + live;
  }
}

// columns[c][i] = rows[i][c] for a few rows.
static void turn(const float *const rows[], size_t count, size_t width, float *columns,
                 size_t stride) {
  float block[STEPS][COLUMNS];
  for (size_t column = 0; column < width; column += COLUMNS) {
    const size_t some = width - column < COLUMNS ? width - column : COLUMNS;
    for (size_t i = 0; i < count; i++) memcpy(block[i], rows[i] + column, some * sizeof(float));
    kn_gemm_transpose(block[0], count, some, COLUMNS, columns + column * stride, stride);
  }
}

// Its part of x and of the h that each step began with, as columns.
static void turn_operands(const struct kn_recurrent_gradient_arguments *a,
                          const struct kn_gradient_storage *s, size_t d,
                          const struct kn_team *team) {
  const struct kn_range own = kn_partition(s->first[a->time], STEPS, team->index, team->count);
  const float *x[STEPS], *before[STEPS];
  size_t step = 0;
  for (size_t begin = own.begin; begin < own.end; begin += STEPS) {
    const size_t count = own.end - begin < STEPS ? own.end - begin : STEPS;
    for (size_t i = 0; i < count; i++) {
      while (s->first[step + 1] <= begin + i) step++;
      const size_t place = begin + i - s->first[step];
      x[i] = a->x + kn_gradient_dense(a, s, d, place, step) * a->input;
      before[i] = kn_gradient_before(a, s, d, place, step);
    }
    turn(x, count, a->input, s->direction[d].x + begin, s->operand_stride);
    turn(before, count, a->hidden, s->direction[d].before + begin, s->operand_stride);
  }
}

void kn_gradient_turn_gated(const struct kn_recurrent_gradient_arguments *a,
                            const struct kn_gradient_storage *s, size_t d,
                            const struct kn_team *team) {
  const struct kn_gradient_direction *of = &s->direction[d];
  const struct kn_range own = kn_partition(s->first[a->time], STEPS, team->index, team->count);
  for (size_t begin = own.begin; begin < own.end; begin += STEPS) {
    const size_t count = own.end - begin < STEPS ? own.end - begin : STEPS;
    const float *rows[STEPS];
    for (size_t i = 0; i < count; i++) rows[i] = of->gated + (begin + i) * a->hidden;
    turn(rows, count, a->hidden, of->gated_columns + begin, s->operand_stride);
  }
}

void kn_gradient_prepare(const struct kn_recurrent_gradient_arguments *a,
                         const struct kn_gradient_storage *s, size_t d,
                         const struct kn_team *team) {
  const size_t columns = kn_cell_gates(a->cell) * a->hidden;
  const struct kn_gradient_direction *of = &s->direction[d];
  kn_gemm_pack_share(a->direction[d].hidden_weights, columns, a->hidden, 1, columns,
                     of->hidden_weights, team);
  if (a->x_gradient != NULL) {
    kn_gemm_pack_share(a->direction[d].input_weights, columns, a->input, 1, columns,
                       of->input_weights, team);
  }
  turn_operands(a, s, d, team);
  const struct kn_range own = kn_partition(s->first[a->time], 16, team->index, team->count);
  for (size_t i = own.begin; i < own.end; i++) s->ones[i] = 1;
}
