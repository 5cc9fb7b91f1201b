// Copies between strided layouts: transpose, slice, concatenate, reverse, broadcast, update a part.
#ifndef KERNELS_LAYOUT_H
#define KERNELS_LAYOUT_H

#include <stddef.h>

#include "kernels/execution.h"
#include "kernels/rank.h"

// destination[i] = source[i] for every n-dimensional index i, any element type. Strides count
// elements and may be negative; source ones may be 0. No element of destination is written twice
// and none is read: what lies between them is left as it is.
struct kn_copy_arguments {
  size_t rank;
  size_t shape[KN_MAX_RANK];
  ptrdiff_t source_strides[KN_MAX_RANK], destination_strides[KN_MAX_RANK];
  const void *source;
  void *destination;
};
void kn_copy(const void *arguments, const struct kn_team *team);

#endif
