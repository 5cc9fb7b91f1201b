// The kernel: shares the product out over a team, and packs what was not packed ahead.
#include "gemm/plan.h"

#include <assert.h>
#include <string.h>

#include "base/partition.h"
#include "base/sizes.h"

// One matrix of the batch.
struct matrix {
  const float *a, *b, *residual;
  float *c, *slope;
};

// Elements x[i * stride] to words of two, i < count.
static void round_row(const struct kn_gemm_kernels *kernels, const float *x, size_t stride,
                      size_t count, float *words) {
  enum { PIECE = 256 };
  float piece[PIECE];
  if (stride == 1) {
    kernels->round_pairs(x, count, words);
    return;
  }
  for (size_t i = 0; i < count; i += PIECE) {
    const size_t each = kn_smaller(count - i, PIECE);
    for (size_t j = 0; j < each; j++) piece[j] = x[(i + j) * stride];
    kernels->round_pairs(piece, each, words + i / 2);
  }
}

// Columns that lie in one piece, of a few lines each, so that fewer of them are asked for ahead than of
// rows of b.
static void copy_columns(const float *a, size_t rows, size_t columns, size_t column_stride,
                         float *block, size_t block_stride) {
  for (size_t q = 0; q < columns; q++) {
    const float *ahead = a + kn_smaller(q + KN_GEMM_AHEAD / 4, columns - 1) * column_stride;
    kn_gemm_ask_for(ahead, rows);
    memcpy(block + q * block_stride, a + q * column_stride, rows * sizeof *a);
  }
}

// Rows `rows` of a, k from p on, in a member's block: or where they lie, if they need no packing.
static const float *rows_of_a(const struct kn_gemm_arguments *arguments,
                              const struct kn_gemm_plan *plan, const struct matrix *matrix,
                              struct kn_range rows, size_t p, size_t k, float *block) {
  const size_t row_stride = arguments->a_row_stride, column_stride = arguments->a_column_stride;
  const size_t first = plan->rounds_a ? 2 * p : p;
  const float *a = matrix->a + rows.begin * row_stride + first * column_stride;
  if (!plan->packs_a) return a;
  const size_t count = rows.end - rows.begin;
  if (plan->rounds_a) {
    const size_t elements = kn_smaller(2 * k, arguments->k - first);
    for (size_t i = 0; i < count; i++) {
      round_row(plan->kernels, a + i * row_stride, column_stride, elements,
                block + i * plan->a_row_stride);
    }
  } else if (row_stride == 1) {
    copy_columns(a, count, k, column_stride, block, plan->a_column_stride);
  } else if (column_stride == 1) {
    for (size_t i = 0; i < count; i++) {
      memcpy(block + i * plan->a_row_stride, a + i * row_stride, k * sizeof *a);
    }
  } else {
    for (size_t i = 0; i < count; i++) {
      for (size_t q = 0; q < k; q++) {
        block[i * plan->a_row_stride + q] = a[i * row_stride + q * column_stride];
      }
    }
  }
  return block;
}

// The next panel of b, `depth` steps of it from p on, is asked for while one before it is multiplied.
static void ask_for_panel(const struct kn_gemm_arguments *arguments, const struct kn_gemm_plan *plan,
                          const struct matrix *matrix, size_t p, size_t depth, size_t column,
                          struct kn_gemm_ahead *ahead) {
  if (arguments->b_column_stride != 1) return;
  kn_gemm_ahead_add(ahead, matrix->b + p * arguments->b_row_stride + column, arguments->b_row_stride,
                    depth, plan->kernels->width);
}

// So is the next block of a, if its columns are in one piece.
static void ask_for_rows(const struct kn_gemm_arguments *arguments, const struct kn_gemm_plan *plan,
                         const struct matrix *matrix, size_t p, size_t depth, struct kn_range rows,
                         struct kn_gemm_ahead *ahead) {
  if (!plan->packs_a || arguments->a_row_stride != 1) return;
  kn_gemm_ahead_add(ahead, matrix->a + rows.begin + p * arguments->a_column_stride,
                    arguments->a_column_stride, depth, rows.end - rows.begin);
}

// Adds what packed panels hold of b to the sums of its columns, of which the first slice of k finds none.
static void add_columns(const struct kn_gemm_kernels *kernels, const float *panels,
                        size_t panel_stride, size_t k, size_t columns, bool is_first, float *sums) {
  for (size_t j = 0; j < columns; j += kernels->width, panels += panel_stride) {
    const size_t count = kn_smaller(columns - j, kernels->width);
    float panel_sums[KN_GEMM_MAX_WIDTH] = {0};
    if (!is_first) memcpy(panel_sums, sums + j, count * sizeof *sums);
    kernels->add_steps(panels, k, panel_sums);
    memcpy(sums + j, panel_sums, count * sizeof *sums);
  }
}

// Packs the panels of b just before they are multiplied: one, or as many as one pass over few rows takes.
static void pack_and_multiply(const struct kn_gemm_arguments *arguments,
                              const struct kn_gemm_plan *plan, const struct matrix *matrix,
                              struct kn_range columns, size_t p, const struct kn_gemm_block *block,
                              float *b_block, bool sums_b) {
  const struct kn_gemm_kernels *kernels = plan->kernels;
  const size_t width = kernels->width;
  const size_t step = block->m > kernels->rows[1] ? width : width << (KN_GEMM_PANEL_CLASSES - 1);
  for (size_t column = columns.begin; column < columns.end; column += step) {
    const size_t from = column - columns.begin, end = kn_smaller(column + step, columns.end);
    float *panels = b_block + from / width * block->panel_stride;
    const float *b =
        matrix->b + p * arguments->b_row_stride + column * arguments->b_column_stride;
    kn_gemm_pack_panels(width, b, block->k, end - column, arguments->b_row_stride,
                        arguments->b_column_stride, panels, block->panel_stride);
    if (sums_b) {
      add_columns(kernels, panels, block->panel_stride, block->k, end - column, p == 0,
                  arguments->b_sums + column);
    }
    struct kn_gemm_block part = *block;
    struct kn_gemm_epilogue epilogue;
    part.n = end - column;
    part.panels = panels;
    part.c += from;
    if (block->epilogue != NULL) {
      epilogue = kn_gemm_epilogue_at(*block->epilogue, 0, from);
      part.epilogue = &epilogue;
    }
    struct kn_gemm_ahead ahead = {.count = 0};
    if (end < columns.end) {
      ask_for_panel(arguments, plan, matrix, p, block->k, end, &ahead);
      part.ahead = &ahead;
    }
    kn_gemm_multiply(kernels, &part);
  }
}

// A member's share of one matrix.
static void multiply_matrix(const struct kn_gemm_arguments *arguments, const struct kn_gemm_plan *plan,
                            const struct matrix *matrix, const struct kn_team *team,
                            float *b_block, float *a_block) {
  const size_t width = plan->kernels->width, k = plan->k;
  const size_t across = team->count / plan->row_parts;
  const struct kn_range rows =
      kn_partition(arguments->m, 1, team->index / across, plan->row_parts);
  const struct kn_range columns =
      kn_partition(arguments->n, width, team->index % across, across);
  if (rows.begin == rows.end || columns.begin == columns.end) return;
  const struct kn_gemm_epilogue epilogue = {
      .bias = arguments->bias,
      .residual = matrix->residual,
      .residual_row_stride = arguments->residual_row_stride,
      .residual_is_factor = arguments->residual_is_factor,
      .slope = matrix->slope,
      .slope_row_stride = arguments->slope_row_stride,
      .activation = arguments->activation,
      .scale = arguments->scale,
  };
  // A plain product is finished when it is summed: multiplying by one is not another pass over c.
  const bool plain = epilogue.bias == NULL && epilogue.residual == NULL && epilogue.scale == 1 &&
                     epilogue.activation == KN_ACTIVATION_NONE;
  const size_t panel_step = kn_gemm_panel_words(plan->kernels, plan->type);
  const size_t step = plan->packs_a ? plan->a_rows : arguments->m;

  size_t p = 0;
  do {
    const size_t depth = kn_smaller(k - p, plan->slice);
    const size_t panel_stride = (plan->packs_b ? depth : k) * panel_step;
    for (size_t row = rows.begin; row < rows.end; row += step) {
      const struct kn_range here = {row, kn_smaller(row + step, rows.end)};
      const struct kn_range next = {here.end, kn_smaller(here.end + step, rows.end)};
      const struct kn_gemm_epilogue epilogue_here =
          kn_gemm_epilogue_at(epilogue, row, columns.begin);
      struct kn_gemm_ahead ahead = {.count = 0};
      ask_for_rows(arguments, plan, matrix, p, depth, next, &ahead);
      const struct kn_gemm_block block = {
          .m = here.end - here.begin,
          .n = columns.end - columns.begin,
          .k = depth,
          .a = rows_of_a(arguments, plan, matrix, here, p, depth, a_block),
          .a_row_stride = plan->packs_a ? plan->a_row_stride : arguments->a_row_stride,
          .a_column_stride = plan->packs_a ? plan->a_column_stride : 1,
          .panels = plan->packs_b ? b_block
                                  : arguments->packed + columns.begin / width * panel_stride +
                                        p * panel_step,
          .panel_type = plan->type,
          .panel_step = panel_step,
          .panel_stride = panel_stride,
          .c = matrix->c + row * arguments->c_row_stride + columns.begin,
          .c_row_stride = arguments->c_row_stride,
          .begins_at_c = arguments->accumulate || p > 0,
          .epilogue = p + depth == k && !plain ? &epilogue_here : NULL,
          .distance = arguments->packed_is_far ? KN_GEMM_FAR : KN_GEMM_CACHED,
          .ahead = &ahead,
      };
      if (plan->packs_b && row == rows.begin) {
        // Members that share a panel pack the same: one writes its sums.
        const bool sums_b = arguments->b_sums != NULL && rows.begin == 0;
        pack_and_multiply(arguments, plan, matrix, columns, p, &block, b_block, sums_b);
      } else {
        kn_gemm_multiply(plan->kernels, &block);
      }
    }
    p += depth;
  } while (p < k);
}

static size_t offset(struct kn_gemm_batch_stride stride, size_t outer, size_t inner) {
  return stride.outer * outer + stride.inner * inner;
}

void kn_gemm(const void *opaque, const struct kn_team *team) {
  const struct kn_gemm_arguments *arguments = opaque;
  const struct kn_gemm_plan plan = kn_gemm_make_plan(arguments, team->count);
  assert(arguments->packed != NULL || arguments->b != NULL || arguments->k * arguments->n == 0);
  assert(arguments->workspace != NULL || plan.a_size + plan.b_size == 0);
  assert(arguments->slope == NULL || arguments->activation == KN_ACTIVATION_GELU ||
         arguments->activation == KN_ACTIVATION_GELU_TANH);
  const size_t batch = arguments->outer_count * arguments->inner_count;
  assert(arguments->b_sums == NULL ||
         (arguments->packed == NULL && arguments->m > 0 && batch == 1));
  float *b_block = arguments->workspace + team->index * (plan.b_size + plan.a_size);
  float *a_block = b_block + plan.b_size;
  const struct kn_team alone = {0, 1, NULL};
  struct kn_range mine = {0, batch};
  if (plan.splits_batch) {
    mine = kn_partition(batch, 1, team->index, team->count);
    team = &alone;
  }
  for (size_t i = mine.begin; i < mine.end; i++) {
    const size_t outer = i / arguments->inner_count, inner = i % arguments->inner_count;
    const struct matrix matrix = {
        .a = arguments->a + offset(arguments->a_batch, outer, inner),
        .b = arguments->b + offset(arguments->b_batch, outer, inner),
        .residual = arguments->residual == NULL
                        ? NULL
                        : arguments->residual + offset(arguments->residual_batch, outer, inner),
        .c = arguments->c + offset(arguments->c_batch, outer, inner),
        .slope = arguments->slope == NULL
                     ? NULL
                     : arguments->slope + offset(arguments->slope_batch, outer, inner),
    };
    multiply_matrix(arguments, &plan, &matrix, team, b_block, a_block);
  }
}
