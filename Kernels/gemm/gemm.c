// The kernel: shares the product out over a team, and packs what was not packed ahead.
#include "gemm/gemm.h"

#include <assert.h>
#include <string.h>

#include "base/partition.h"

static size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }

// How much of k to pack at a time: what is packed of b should still be in a cache when it is used.
static size_t packing_depth(size_t n) {
  const size_t depth = ((size_t)1 << 20) / (n > 0 ? n : 1);
  return depth < 256 ? 256 : depth < KN_GEMM_BLOCK_K ? depth : KN_GEMM_BLOCK_K;
}

static size_t round_up(size_t a, size_t unit) { return divide_up(a, unit) * unit; }

// How the work is cut; it follows from the arguments and the team's size alone, and no cut changes
// a result.
struct plan {
  const struct kn_gemm_kernels *kernels;
  enum kn_weight_type type;
  size_t k;       // in steps of the kernels; so is `slice`
  bool rounds_a;  // to pairs of bfloat16, as its block is packed
  bool packs_a, packs_b;
  bool splits_batch;  // each member computes whole matrices, alone
  size_t slice;       // of k, that is packed at a time
  size_t b_size, b_buffers;  // floats of a packed slice of b, and how many there are
  bool alternates;           // between two buffers: one is filled while others still read
  size_t a_rows, a_stride, a_size;  // of one member's packed block of a
};

static struct plan make_plan(const struct kn_gemm_arguments *arguments, size_t threads) {
  const struct kn_gemm_kernels *kernels = kn_gemm_kernels_for(kn_isa_active());
  const enum kn_weight_type type =
      arguments->packed == NULL ? KN_WEIGHTS_FLOAT32 : arguments->packed_type;
  const size_t k = kn_gemm_steps(kernels, type, arguments->k);
  const size_t batch = arguments->outer_count * arguments->inner_count;
  struct plan plan = {.kernels = kernels, .type = type, .k = k};
  // Rows a multiple of 4 KiB apart share the sets of the first-level cache: more than a few of them
  // do not fit it, and are copied to where they do.
  const bool collides = arguments->a_row_stride % 1024 == 0 && arguments->m > 2 * kernels->rows[0];
  plan.rounds_a = kn_gemm_multiplies_pairs(kernels, type);
  plan.packs_a = plan.rounds_a || (arguments->a_column_stride != 1 && k > 1) || collides;
  plan.packs_b = arguments->packed == NULL;
  // Whole matrices need no barriers; but no member should be idle for long.
  plan.splits_batch = batch > 1 && batch * 10 >= round_up(batch, threads) * 9;
  const size_t slices = plan.packs_b   ? divide_up(k, packing_depth(arguments->n))
                        : plan.packs_a ? divide_up(k, KN_GEMM_BLOCK_K)
                                       : 1;
  plan.slice = slices > 1 ? divide_up(k, slices) : k;
  if (plan.packs_b) {
    plan.b_size = round_up(plan.slice * round_up(arguments->n, kernels->width), 32);
    plan.alternates = !plan.splits_batch && slices * batch > 1;
    plan.b_buffers = plan.splits_batch ? threads : plan.alternates ? 2 : 1;
  }
  if (plan.packs_a) {
    // Odd in cache lines, so that rows fall into different sets.
    plan.a_stride = round_up(plan.slice, 32) + 16;
    const size_t most = kn_gemm_block_rows(kernels, plan.slice);
    plan.a_rows = arguments->m < most ? arguments->m : most;
    plan.a_size = round_up(plan.a_rows * plan.a_stride, 32);
  }
  return plan;
}

size_t kn_gemm_workspace_size(const struct kn_gemm_arguments *arguments, size_t threads) {
  size_t largest = 0;
  for (size_t count = 1; count <= threads; count++) {
    const struct plan plan = make_plan(arguments, count);
    const size_t size = plan.b_buffers * plan.b_size + count * plan.a_size;
    if (size > largest) largest = size;
  }
  return largest;
}

// In how many parts to cut the rows; the columns are cut in count / parts. A step of k of one panel
// costs a cycle for every row; but no less than reading the panel takes, from the caches (each core
// for itself) or from memory (all together, so that cutting rows multiplies what is read). Members that
// have the same rows pack them twice: that is an eighth of a panel's time.
static size_t row_parts(const struct kn_gemm_arguments *arguments, const struct plan *plan,
                        size_t count) {
  const size_t panels = divide_up(arguments->n, plan->kernels->width);
  const bool from_memory = arguments->n * plan->k > (size_t)4 << 20;
  size_t best = 1, lowest = SIZE_MAX;
  for (size_t parts = 1; parts <= count; parts++) {
    if (count % parts != 0) continue;
    const size_t rows = divide_up(arguments->m, parts), reading = from_memory ? 10 * parts : 4;
    const size_t cost = divide_up(panels, count / parts) * ((rows > reading ? rows : reading) + 2) +
                        (plan->packs_a ? rows / 8 : 0);
    if (cost < lowest) {
      lowest = cost;
      best = parts;
    }
  }
  return best;
}

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
    const size_t each = count - i < PIECE ? count - i : PIECE;
    for (size_t j = 0; j < each; j++) piece[j] = x[(i + j) * stride];
    kernels->round_pairs(piece, each, words + i / 2);
  }
}

static const float *row_of_a(const struct kn_gemm_arguments *arguments, const struct plan *plan,
                             const struct matrix *matrix, struct kn_range rows, size_t p, size_t k,
                             float *block) {
  const size_t row_stride = arguments->a_row_stride, column_stride = arguments->a_column_stride;
  const size_t first = plan->rounds_a ? 2 * p : p;
  const float *a = matrix->a + rows.begin * row_stride + first * column_stride;
  if (!plan->packs_a) return a;
  const size_t count = rows.end - rows.begin;
  if (plan->rounds_a) {
    const size_t left = arguments->k - first, elements = 2 * k < left ? 2 * k : left;
    for (size_t i = 0; i < count; i++) {
      round_row(plan->kernels, a + i * row_stride, column_stride, elements,
                block + i * plan->a_stride);
    }
  } else if (column_stride == 1) {
    for (size_t i = 0; i < count; i++) {
      memcpy(block + i * plan->a_stride, a + i * row_stride, k * sizeof *a);
    }
  } else if (row_stride == 1) {
    kn_gemm_transpose(a, k, count, column_stride, block, plan->a_stride);
  } else {
    for (size_t i = 0; i < count; i++) {
      for (size_t q = 0; q < k; q++) {
        block[i * plan->a_stride + q] = a[i * row_stride + q * column_stride];
      }
    }
  }
  return block;
}

// The team's product of one matrix. `turn` counts the slices of b that the team has packed.
static void multiply_matrix(const struct kn_gemm_arguments *arguments, const struct plan *plan,
                            const struct matrix *matrix, const struct kn_team *team,
                            float *b_buffers, float *a_block, size_t *turn) {
  const size_t width = plan->kernels->width, m = arguments->m, n = arguments->n, k = plan->k;
  const size_t parts = row_parts(arguments, plan, team->count), across = team->count / parts;
  const struct kn_range rows = kn_partition(m, 1, team->index / across, parts);
  const struct kn_range columns = kn_partition(n, width, team->index % across, across);
  const struct kn_range packed = kn_partition(n, width, team->index, team->count);
  const struct kn_gemm_epilogue epilogue = {
      .bias = arguments->bias,
      .residual = matrix->residual,
      .residual_row_stride = arguments->residual_row_stride,
      .slope = matrix->slope,
      .slope_row_stride = arguments->slope_row_stride,
      .activation = arguments->activation,
      .scale = arguments->scale,
  };
  // A plain product is finished when it is summed: multiplying by one is not another pass over c.
  const bool plain = epilogue.bias == NULL && epilogue.residual == NULL && epilogue.scale == 1 &&
                     epilogue.activation == KN_ACTIVATION_NONE;
  const size_t panel_step = kn_gemm_panel_words(plan->kernels, plan->type);

  size_t p = 0;
  do {
    const size_t depth = k - p < plan->slice ? k - p : plan->slice;
    const size_t panel_stride = (plan->packs_b ? depth : k) * panel_step;
    const float *panels;
    if (plan->packs_b) {
      float *buffer = b_buffers + (plan->alternates && (*turn)++ % 2 ? plan->b_size : 0);
      kn_gemm_pack_panels(
          width, matrix->b + p * arguments->b_row_stride + packed.begin * arguments->b_column_stride,
          depth, packed.end - packed.begin, arguments->b_row_stride, arguments->b_column_stride,
          buffer + packed.begin * depth, panel_stride);
      kn_team_barrier(team);
      panels = buffer + columns.begin * depth;
    } else {
      panels = arguments->packed + columns.begin / width * panel_stride + p * panel_step;
    }
    const size_t step = plan->packs_a ? plan->a_rows : m;
    for (size_t row = rows.begin; row < rows.end && columns.begin < columns.end; row += step) {
      const struct kn_range block_rows = {row, row + step < rows.end ? row + step : rows.end};
      const struct kn_gemm_epilogue here = kn_gemm_epilogue_at(epilogue, row, columns.begin);
      const struct kn_gemm_block block = {
          .m = block_rows.end - block_rows.begin,
          .n = columns.end - columns.begin,
          .k = depth,
          .a = row_of_a(arguments, plan, matrix, block_rows, p, depth, a_block),
          .a_row_stride = plan->packs_a ? plan->a_stride : arguments->a_row_stride,
          .a_column_stride = 1,
          .panels = panels,
          .panel_type = plan->type,
          .panel_step = panel_step,
          .panel_stride = panel_stride,
          .c = matrix->c + row * arguments->c_row_stride + columns.begin,
          .c_row_stride = arguments->c_row_stride,
          .begins_at_c = arguments->accumulate || p > 0,
          .epilogue = p + depth == k && !plain ? &here : NULL,
      };
      kn_gemm_multiply(plan->kernels, &block);
    }
    p += depth;
  } while (p < k);
}

static size_t offset(struct kn_gemm_batch_stride stride, size_t outer, size_t inner) {
  return stride.outer * outer + stride.inner * inner;
}

void kn_gemm(const void *opaque, const struct kn_team *team) {
  const struct kn_gemm_arguments *arguments = opaque;
  const struct plan plan = make_plan(arguments, team->count);
  assert(arguments->packed != NULL || arguments->b != NULL || arguments->k * arguments->n == 0);
  assert(arguments->workspace != NULL || plan.a_size + plan.b_size == 0);
  assert(arguments->slope == NULL || arguments->activation == KN_ACTIVATION_GELU ||
         arguments->activation == KN_ACTIVATION_GELU_TANH);
  const size_t batch = arguments->outer_count * arguments->inner_count;
  float *a_blocks = arguments->workspace + plan.b_buffers * plan.b_size;
  float *a_block = a_blocks + team->index * plan.a_size, *b_buffers = arguments->workspace;
  struct kn_team alone = {0, 1, NULL};
  struct kn_range mine = {0, batch};
  if (plan.splits_batch) {
    mine = kn_partition(batch, 1, team->index, team->count);
    b_buffers += team->index * plan.b_size;
    team = &alone;
  }
  size_t turn = 0;
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
    multiply_matrix(arguments, &plan, &matrix, team, b_buffers, a_block, &turn);
  }
}
