// The products over all steps at once: two thirds of the work, as matrix products of full size.
#include <string.h>

#include "kernels/reduce.h"
#include "recurrent/gradient.h"

const struct kn_gradient_layout kn_gradient_layouts[KN_CELL_COUNT] = {
    [KN_CELL_RNN_TANH] = {1, 1, 1, {{0, 0, 1, false}}, {{0, 0, 1, false}}},
    [KN_CELL_RNN_RELU] = {1, 1, 1, {{0, 0, 1, false}}, {{0, 0, 1, false}}},
    [KN_CELL_LSTM] = {4, 1, 1, {{0, 0, 4, false}}, {{0, 0, 4, false}}},
    // n r z and r∘n
    [KN_CELL_GRU_RESET_AFTER] = {4, 2, 1,
                                 {{1, 0, 2, false}, {0, 2, 1, false}},
                                 {{1, 0, 3, false}}},
    [KN_CELL_GRU_RESET_BEFORE] = {3, 1, 2,
                                  {{0, 0, 3, false}},
                                  {{0, 0, 2, false}, {2, 2, 1, true}}},
};

enum { MAX_PRODUCTS = 6 };

static struct kn_gemm_arguments product(size_t m, size_t n, size_t k) {
  return (struct kn_gemm_arguments){
      .m = m, .n = n, .k = k, .scale = 1, .outer_count = 1, .inner_count = 1};
}

// The products of a direction; the sizes alone when there is no storage.
static size_t list_products(const struct kn_recurrent_gradient_arguments *a, size_t d, size_t rows,
                            const struct kn_gradient_storage *s,
                            struct kn_gemm_arguments list[MAX_PRODUCTS]) {
  const struct kn_recurrent_gradient_direction *direction = &a->direction[d];
  const struct kn_gradient_layout *layout = &kn_gradient_layouts[a->cell];
  const size_t columns = kn_cell_gates(a->cell) * a->hidden;
  size_t count = 0;
  for (size_t p = 0; p < layout->input_parts; p++) {
    const struct kn_gradient_part *part = &layout->input_part[p];
    const size_t width = part->count * a->hidden, to = part->to * a->hidden;
    struct kn_gemm_arguments weights = product(a->input, width, rows);
    struct kn_gemm_arguments input = product(rows, a->input, width);
    weights.a_row_stride = 1;
    weights.a_column_stride = a->input;
    input.a_column_stride = 1;
    input.accumulate = d + p > 0;
    if (s != NULL) {
      const float *gates = s->direction[d].gates + part->from * a->hidden;
      weights.a = s->x != NULL ? s->x : a->x;
      weights.b = gates;
      weights.b_row_stride = s->gates_stride;
      weights.b_column_stride = 1;
      weights.c = direction->input_weights_gradient + to;
      weights.c_row_stride = columns;
      input.a = gates;
      input.a_row_stride = s->gates_stride;
      input.b = direction->input_weights + to;
      input.b_row_stride = 1;
      input.b_column_stride = columns;
      input.c = s->x_gradient != NULL ? s->x_gradient : a->x_gradient;
      input.c_row_stride = a->input;
    }
    list[count++] = weights;
    list[count++] = input;
  }
  for (size_t p = 0; p < layout->hidden_parts; p++) {
    const struct kn_gradient_part *part = &layout->hidden_part[p];
    struct kn_gemm_arguments weights = product(a->hidden, part->count * a->hidden, rows);
    weights.a_row_stride = 1;
    weights.a_column_stride = a->hidden;
    if (s != NULL) {
      weights.a = part->gated ? s->direction[d].gated : s->direction[d].before;
      weights.b = s->direction[d].gates + part->from * a->hidden;
      weights.b_row_stride = s->gates_stride;
      weights.b_column_stride = 1;
      weights.c = direction->hidden_weights_gradient + part->to * a->hidden;
      weights.c_row_stride = columns;
    }
    list[count++] = weights;
  }
  return count;
}

size_t kn_gradient_products_size(const struct kn_recurrent_gradient_arguments *a, size_t threads) {
  // Gemm's workspace does not grow evenly with k, which with lengths is known at run time only; past
  // a few slices of k it is that of fewer.
  const size_t total = a->batch * a->time, slices = 2 * KN_GEMM_BLOCK_K;
  size_t largest = 0;
  for (size_t rows = a->lengths == NULL || total == 0 ? total : 1; rows <= total;) {
    struct kn_gemm_arguments list[MAX_PRODUCTS];
    const size_t count = list_products(a, 0, rows, NULL, list);
    for (size_t p = 0; p < count; p++) {
      const size_t size = kn_gemm_workspace_size(&list[p], threads);
      if (size > largest) largest = size;
    }
    rows = rows < slices || rows == total ? rows + 1 : total;
  }
  return largest;
}

// output[column] = sum over all steps.
static void sum_columns(const float *gates, size_t stride, size_t rows, size_t width, float *output,
                        const struct kn_team *team) {
  const struct kn_reduce_arguments sum = {.function = KN_REDUCE_SUM,
                                          .kept_rank = 1,
                                          .reduced_rank = 1,
                                          .kept_shape = {width},
                                          .reduced_shape = {rows},
                                          .kept_strides = {1},
                                          .reduced_strides = {(ptrdiff_t)stride},
                                          .input = gates,
                                          .output = output};
  kn_reduce(&sum, team);
}

static void sum_biases(const struct kn_recurrent_gradient_arguments *a, size_t d, size_t rows,
                       const struct kn_gradient_storage *s, const struct kn_team *team) {
  const struct kn_recurrent_gradient_direction *direction = &a->direction[d];
  const struct kn_gradient_layout *layout = &kn_gradient_layouts[a->cell];
  const float *gates = s->direction[d].gates;
  for (size_t p = 0; p < layout->input_parts && direction->bias_gradient != NULL; p++) {
    const struct kn_gradient_part *part = &layout->input_part[p];
    sum_columns(gates + part->from * a->hidden, s->gates_stride, rows, part->count * a->hidden,
                direction->bias_gradient + part->to * a->hidden, team);
  }
  if (direction->hidden_bias_gradient != NULL) {
    sum_columns(gates + 3 * a->hidden, s->gates_stride, rows, a->hidden,
                direction->hidden_bias_gradient, team);
  }
}

// dx as the caller has it, zeros past the rows' lengths.
static void spread_input_gradient(const struct kn_recurrent_gradient_arguments *a,
                                  const struct kn_gradient_storage *s, const struct kn_team *team) {
  const struct kn_range own = kn_partition(a->batch, 1, team->index, team->count);
  for (size_t row = own.begin; row < own.end; row++) {
    const size_t live = (s->offsets[row + 1] - s->offsets[row]) * a->input;
    float *to = a->x_gradient + row * a->time * a->input;
    memcpy(to, s->x_gradient + s->offsets[row] * a->input, live * sizeof(float));
    memset(to + live, 0, (a->time * a->input - live) * sizeof(float));
  }
}

void kn_gradient_products(const struct kn_recurrent_gradient_arguments *a,
                          const struct kn_gradient_storage *s, const struct kn_team *team) {
  const size_t rows = s->offsets[a->batch];
  for (size_t d = 0; d < a->directions; d++) {
    struct kn_gemm_arguments list[MAX_PRODUCTS];
    const size_t count = list_products(a, d, rows, s, list);
    for (size_t p = 0; p < count; p++) {
      list[p].workspace = s->products;
      kn_gemm(&list[p], team);
      kn_team_barrier(team);  // they share the workspace
    }
    sum_biases(a, d, rows, s, team);
  }
  if (s->x_gradient != NULL) spread_input_gradient(a, s, team);
}
