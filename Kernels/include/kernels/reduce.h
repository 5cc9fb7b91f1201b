// Reductions: one number for all elements along some axes.
#ifndef KERNELS_REDUCE_H
#define KERNELS_REDUCE_H

#include <stddef.h>

#include "kernels/execution.h"
#include "kernels/rank.h"

// The functions are those of reduce/functions.inc: KN_REDUCE_SUM, ...
#define KN_REDUCE(NAME, ...) KN_REDUCE_##NAME,
#define KN_REDUCE_I32(NAME, ...) KN_REDUCE_##NAME,
enum kn_reduce_function {
#include "../../reduce/functions.inc"
  KN_REDUCE_COUNT
};

// output[kept index] = function of input[kept index, reduced index] over all reduced indices.
//
// input's axes are given in two groups, each in the order of the tensor; strides count elements.
// output is dense over the kept ones, and does not overlap input. NaN gives NaN. Nothing to reduce
// gives 0 for sum, 1 for product, the infinities (or limits of int32_t) for maximum and minimum,
// NaN for mean. all and any of bools are minimum and maximum.
//
// Floats are accumulated in an order that depends on the number of reduced elements alone: element
// k, in row-major order, is added to partial sum k mod 32 of its block of 2048, the partial sums
// are added pairwise, and the blocks one after the other. So the error grows with n / 2048 and not
// with n, and neither layout nor team nor batch change a bit.
struct kn_reduce_arguments {
  int function;
  size_t kept_rank, reduced_rank;
  size_t kept_shape[KN_MAX_RANK], reduced_shape[KN_MAX_RANK];
  ptrdiff_t kept_strides[KN_MAX_RANK], reduced_strides[KN_MAX_RANK];
  const void *input;
  void *output;
};
void kn_reduce(const void *arguments, const struct kn_team *team);

// output[outer, inner] = the first i for which input[outer, i, inner] is largest, both dense; NaN
// is never largest. 0 if there is no number above -infinity; length may be 0.
struct kn_argmax_arguments {
  size_t outer, length, inner;
  const float *input;
  int32_t *output;
};
void kn_argmax(const void *arguments, const struct kn_team *team);

#endif
