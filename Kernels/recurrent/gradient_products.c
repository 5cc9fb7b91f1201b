// The products over all steps at once: two thirds of the work, as matrix products of full size. All
// operands lie packed: the pointwise steps left dg in both layouts that are wanted.
#include <string.h>

#include "base/sizes.h"
#include "recurrent/gradient.h"

const struct kn_gradient_layout kn_gradient_layouts[KN_CELL_COUNT] = {
    [KN_CELL_RNN_TANH] = {1, 0, 1, 1, {{0, 0, 1, false}}, {{0, 0, 1, false}}},
    [KN_CELL_RNN_RELU] = {1, 0, 1, 1, {{0, 0, 1, false}}, {{0, 0, 1, false}}},
    [KN_CELL_LSTM] = {4, 0, 1, 1, {{0, 0, 4, false}}, {{0, 0, 4, false}}},
    // n r z and r∘n
    [KN_CELL_GRU_RESET_AFTER] = {4, 1, 2, 1,
                                 {{1, 0, 2, false}, {0, 2, 1, false}},
                                 {{1, 0, 3, false}}},
    [KN_CELL_GRU_RESET_BEFORE] = {3, 0, 1, 2,
                                  {{0, 0, 3, false}},
                                  {{0, 0, 2, false}, {2, 2, 1, true}}},
};

// A member at work on a direction.
struct member {
  const struct kn_recurrent_gradient_arguments *a;
  const struct kn_gradient_storage *s;
  const struct kn_gradient_direction *own;
  const struct kn_gemm_kernels *gemm;
  const struct kn_team *team;
  size_t steps;
};

// Rows of c = operand · dg for one gate, panels.begin..<panels.end of it.
static void multiply_gate(const struct member *m, const float *operand, struct kn_range rows,
                          size_t gate, struct kn_range panels, float *c, size_t c_row_stride) {
  const size_t width = m->gemm->width, first = panels.begin * width;
  const struct kn_gemm_block block = {
      .m = rows.end - rows.begin,
      .n = kn_smaller(panels.end * width, m->a->hidden) - first,
      .k = m->steps,
      .a = operand + rows.begin * m->s->operand_stride,
      .a_row_stride = m->s->operand_stride,
      .a_column_stride = 1,
      .panels = m->own->panels + (gate * m->s->panels + panels.begin) * m->s->panel_stride,
      .panel_step = width,
      .panel_stride = m->s->panel_stride,
      .c = c + rows.begin * c_row_stride + first,
      .c_row_stride = c_row_stride};
  kn_gemm_multiply(m->gemm, &block);
}

// Its share of c [rows, gates · hidden] = operand · dg for the gates of a part: whole panels, of as
// few parts of the rows as keep the team busy.
static void multiply_part(const struct member *m, const struct kn_gradient_part *part,
                          const float *operand, size_t rows, float *c, size_t c_row_stride) {
  const size_t panels = m->s->panels, columns = part->count * panels;
  const size_t parts = m->team->count == 1 || rows == 1
                           ? 1
                           : kn_smaller(kn_divide_up(2 * m->team->count, columns), kn_divide_up(rows, 8));
  const struct kn_range own =
      kn_partition(parts * columns, 1, m->team->index, m->team->count);
  for (size_t item = own.begin; item < own.end;) {
    const size_t gate = item % columns / panels, panel = item % panels;
    const size_t count = kn_smaller(panels - panel, own.end - item);
    multiply_gate(m, operand, kn_partition(rows, 1, item / columns, parts), part->from + gate,
                  (struct kn_range){panel, panel + count}, c + (part->to + gate) * m->a->hidden,
                  c_row_stride);
    item += count;
  }
}

static void weight_gradients(const struct member *m, size_t d) {
  const struct kn_recurrent_gradient_arguments *a = m->a;
  const struct kn_recurrent_gradient_direction *to = &a->direction[d];
  const struct kn_gradient_layout *layout = &kn_gradient_layouts[a->cell];
  const size_t columns = kn_cell_gates(a->cell) * a->hidden;
  for (size_t p = 0; p < layout->input_parts; p++) {
    multiply_part(m, &layout->input_part[p], m->own->x, a->input, to->input_weights_gradient,
                  columns);
  }
  for (size_t p = 0; p < layout->hidden_parts; p++) {
    const struct kn_gradient_part *part = &layout->hidden_part[p];
    multiply_part(m, part, part->gated ? m->own->gated_columns : m->own->before, a->hidden,
                  to->hidden_weights_gradient, columns);
  }
  for (size_t p = 0; p < layout->input_parts && to->bias_gradient != NULL; p++) {
    multiply_part(m, &layout->input_part[p], m->s->ones, 1, to->bias_gradient, columns);
  }
  if (to->hidden_bias_gradient != NULL) {
    const struct kn_gradient_part gated = {.from = 3, .count = 1};
    multiply_part(m, &gated, m->s->ones, 1, to->hidden_bias_gradient, columns);
  }
}

// Rows of dg·Wᵀ, beside where they go.
static void multiply_inputs(const struct member *m, size_t begin, size_t rows) {
  const struct kn_recurrent_gradient_arguments *a = m->a;
  const struct kn_gradient_layout *layout = &kn_gradient_layouts[a->cell];
  const size_t width = m->gemm->width;
  for (size_t p = 0; p < layout->input_parts; p++) {
    const struct kn_gradient_part *part = &layout->input_part[p];
    const struct kn_gemm_block block = {
        .m = rows,
        .n = a->input,
        .k = part->count * a->hidden,
        .a = m->own->gates + begin * m->s->gates_stride + part->from * a->hidden,
        .a_row_stride = m->s->gates_stride,
        .a_column_stride = 1,
        .panels = m->own->input_weights + part->to * a->hidden * width,
        .panel_step = width,
        .panel_stride = kn_cell_gates(a->cell) * a->hidden * width,
        .c = m->s->buffer,
        .c_row_stride = m->s->buffer_stride,
        .begins_at_c = p > 0};
    kn_gemm_multiply(m->gemm, &block);
  }
}

// Its part of the steps' dx, brought or added to where the caller has them.
static void input_gradient(const struct member *m, size_t d) {
  const struct kn_recurrent_gradient_arguments *a = m->a;
  const struct kn_gradient_storage *s = m->s;
  const struct kn_range own = kn_partition(m->steps, 1, m->team->index, m->team->count);
  const size_t blocks = kn_divide_up(own.end - own.begin, KN_GRADIENT_ROWS);
  size_t step = 0;
  for (size_t block = 0; block < blocks; block++) {
    const struct kn_range rows = kn_partition(own.end - own.begin, 1, block, blocks);
    multiply_inputs(m, own.begin + rows.begin, rows.end - rows.begin);
    for (size_t r = 0; r < rows.end - rows.begin; r++) {
      const size_t index = own.begin + rows.begin + r;
      while (s->first[step + 1] <= index) step++;
      const float *from = s->buffer + r * s->buffer_stride;
      float *to = a->x_gradient +
                  kn_gradient_dense(a, s, d, index - s->first[step], step) * a->input;
      if (d == 0) {
        memcpy(to, from, a->input * sizeof(float));
      } else {
        for (size_t i = 0; i < a->input; i++) to[i] += from[i];
      }
    }
  }
}

// Zeros past the rows' lengths.
static void clear_input_gradient(const struct kn_recurrent_gradient_arguments *a,
                                 const struct kn_team *team) {
  const struct kn_range own = kn_partition(a->batch, 1, team->index, team->count);
  for (size_t row = own.begin; row < own.end && a->lengths != NULL; row++) {
    const size_t live = (size_t)a->lengths[row];
    memset(a->x_gradient + (row * a->time + live) * a->input, 0,
           (a->time - live) * a->input * sizeof(float));
  }
}

void kn_gradient_products(const struct kn_recurrent_gradient_arguments *a,
                          const struct kn_gradient_storage *s, size_t d,
                          const struct kn_team *team) {
  if (a->cell == KN_CELL_GRU_RESET_BEFORE) {
    kn_gradient_turn_gated(a, s, d, team);
    kn_team_barrier(team);
  }
  const struct member m = {.a = a,
                           .s = s,
                           .own = &s->direction[d],
                           .gemm = kn_gemm_kernels_for(kn_isa_active()),
                           .team = team,
                           .steps = s->first[a->time]};
  weight_gradients(&m, d);
  if (a->x_gradient == NULL) return;
  input_gradient(&m, d);
  if (d == 0) clear_input_gradient(a, team);
}
