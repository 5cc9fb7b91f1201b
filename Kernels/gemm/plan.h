// How a product is cut and what of it is packed: kn_gemm's, for a team.
#ifndef GEMM_PLAN_H
#define GEMM_PLAN_H

#include "gemm/gemm.h"

// Follows from the arguments and the team's size alone; no cut changes a result. Members pack for themselves: what another one wrote is far away.
struct kn_gemm_plan {
  const struct kn_gemm_kernels *kernels;
  enum kn_weight_type type;
  size_t k;       // in steps of the kernels; so is `slice`
  bool rounds_a;  // to pairs of bfloat16, as its block is packed
  bool packs_a, packs_b;
  bool splits_batch;  // each member computes whole matrices, alone
  size_t row_parts;   // the rows are cut in so many parts, the columns in members / row_parts
  size_t slice;       // of k, that is packed at a time
  size_t b_size;      // floats of one member's packed slice of b
  // One member's packed block of a: its rows, its strides and its floats.
  size_t a_rows, a_row_stride, a_column_stride, a_size;
};

struct kn_gemm_plan kn_gemm_make_plan(const struct kn_gemm_arguments *arguments, size_t threads);

#endif
