#include "gemm/plan.h"

#include "base/sizes.h"

// How much of k to pack at a time: what is packed of b should still be in a cache when it is used.
static size_t packing_depth(size_t n) {
  const size_t depth = ((size_t)1 << 20) / (n > 0 ? n : 1);
  return depth < 256 ? 256 : depth < KN_GEMM_BLOCK_K ? depth : KN_GEMM_BLOCK_K;
}

// An odd number of cache lines, so that rows fall into different sets.
static size_t odd_lines(size_t floats) { return (kn_divide_up(floats, KN_GEMM_LINE) | 1) * KN_GEMM_LINE; }

// In how many parts to cut the rows. A step of k of one panel costs a cycle for every row; but no less
// than reading the panel takes, from the caches (each core for itself) or from memory (all together, so
// that cutting rows multiplies what is read). Packing costs as much as 16 rows for a panel of b, and half
// a cycle for a row of a.
static size_t row_parts(const struct kn_gemm_arguments *arguments, const struct kn_gemm_plan *plan,
                        size_t count) {
  const size_t panels = kn_divide_up(arguments->n, plan->kernels->width);
  const bool from_memory = arguments->packed_is_far || arguments->n * plan->k > (size_t)4 << 20;
  size_t best = 1, lowest = SIZE_MAX;
  for (size_t parts = 1; parts <= count; parts++) {
    if (count % parts != 0) continue;
    const size_t rows = kn_divide_up(arguments->m, parts), reading = from_memory ? 10 * parts : 4;
    const size_t cost = kn_divide_up(panels, count / parts) *
                            ((rows > reading ? rows : reading) + 2 + (plan->packs_b ? 16 : 0)) +
                        rows / (plan->packs_a ? 2 : 4);
    if (cost < lowest) {
      lowest = cost;
      best = parts;
    }
  }
  return best;
}

struct kn_gemm_plan kn_gemm_make_plan(const struct kn_gemm_arguments *arguments, size_t threads) {
  const struct kn_gemm_kernels *kernels = kn_gemm_kernels_for(kn_isa_active());
  const enum kn_weight_type type =
      arguments->packed == NULL ? KN_WEIGHTS_FLOAT32 : arguments->packed_type;
  const size_t k = kn_gemm_steps(kernels, type, arguments->k);
  const size_t batch = arguments->outer_count * arguments->inner_count;
  struct kn_gemm_plan plan = {.kernels = kernels, .type = type, .k = k};
  // Rows a multiple of 4 KiB apart share the sets of the first-level cache: more than a few of them
  // do not fit it, and are copied to where they do.
  const bool collides = arguments->a_row_stride % 1024 == 0 && arguments->m > 2 * kernels->rows[0];
  plan.rounds_a = kn_gemm_multiplies_pairs(kernels, type);
  plan.packs_a = plan.rounds_a || (arguments->a_column_stride != 1 && k > 1) || collides;
  plan.packs_b = arguments->packed == NULL;
  // Of whole matrices nothing is packed twice; but no member should be idle for long.
  plan.splits_batch = batch > 1 && batch * 10 >= kn_round_up(batch, threads) * 9;
  plan.row_parts = row_parts(arguments, &plan, plan.splits_batch ? 1 : threads);
  const size_t slices = plan.packs_b   ? kn_divide_up(k, packing_depth(arguments->n))
                        : plan.packs_a ? kn_divide_up(k, KN_GEMM_BLOCK_K)
                                       : 1;
  plan.slice = slices > 1 ? kn_divide_up(k, slices) : k;
  if (plan.packs_b) {
    const size_t across = plan.splits_batch ? 1 : threads / plan.row_parts;
    const size_t panels = kn_divide_up(kn_divide_up(arguments->n, kernels->width), across);
    plan.b_size = kn_round_up(plan.slice * panels * kernels->width, 32);
  }
  if (plan.packs_a) {
    // Columns in one piece are copied as they are, rows elsewhere. Pieces of columns are asked for while
    // the block before is multiplied: all but the first, which is small therefore.
    const bool by_column = arguments->a_row_stride == 1 && !plan.rounds_a;
    const size_t most =
        by_column ? 4 * kernels->rows[0] : kn_gemm_block_rows(kernels, plan.slice);
    plan.a_rows = kn_smaller(arguments->m, most);
    plan.a_row_stride = by_column ? 1 : odd_lines(plan.slice);
    plan.a_column_stride = by_column ? odd_lines(plan.a_rows) : 1;
    plan.a_size =
        kn_round_up(by_column ? plan.slice * plan.a_column_stride : plan.a_rows * plan.a_row_stride, 32);
  }
  return plan;
}

size_t kn_gemm_workspace_size(const struct kn_gemm_arguments *arguments, size_t threads) {
  size_t largest = 0;
  for (size_t count = 1; count <= threads; count++) {
    const struct kn_gemm_plan plan = kn_gemm_make_plan(arguments, count);
    const size_t size = count * (plan.b_size + plan.a_size);
    if (size > largest) largest = size;
  }
  return largest;
}
