// Softmax over the last axis, with the scaling and masking that precede it in attention.
#ifndef KERNELS_SOFTMAX_H
#define KERNELS_SOFTMAX_H

#include <stddef.h>

#include "kernels/execution.h"
#include "kernels/rank.h"

enum kn_softmax_mask { KN_MASK_NONE, KN_MASK_ADDITIVE, KN_MASK_SELECT };

// y[..., i] = exp(z[..., i]) / sum over j of exp(z[..., j]), or the logarithm of it, where z is
//     scale * x                      KN_MASK_NONE
//     scale * x + mask               KN_MASK_ADDITIVE, float
//     mask ? scale * x : -infinity   KN_MASK_SELECT, bool
// x and y: dense `shape`, rank at least 1; y may be x. mask: strides over `shape` in elements.
//
// A row without a value above -infinity, as when all of it is masked, gives zeros (-infinity as the
// logarithm). NaN or +infinity in a row that is not masked makes all of it NaN. A row's bits depend
// on that row alone.
struct kn_softmax_arguments {
  size_t rank;
  size_t shape[KN_MAX_RANK];
  float scale;
  enum kn_softmax_mask mask_kind;
  ptrdiff_t mask_strides[KN_MAX_RANK];
  const void *mask;
  int is_logarithm;
  const float *x;
  float *y;
};
void kn_softmax(const void *arguments, const struct kn_team *team);

#endif
