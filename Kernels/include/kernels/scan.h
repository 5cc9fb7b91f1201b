// What a step of a loop over time needs besides the steps of its body.
#ifndef KERNELS_SCAN_H
#define KERNELS_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/execution.h"

// destination[b, :] = *time < lengths[b] ? fresh[b, :] : held[b, :], b < batch, any element type.
//
// lengths NULL: every row is live. held NULL: zeros, as for a scan's outputs; with held ==
// destination a state stays as it is. destination may also be fresh. Rows have `width` elements and
// lie *_stride elements apart. Forward, the loop moves `time` through 0, 1, ...; backward from the
// last step down, and as a row is live from its own last step on, it starts there.
struct kn_masked_update_arguments {
  size_t batch, width;
  const int32_t *time, *lengths;
  const void *fresh, *held;
  void *destination;
  size_t fresh_stride, held_stride, destination_stride;
};
void kn_masked_update(const void *arguments, const struct kn_team *team);

#endif
