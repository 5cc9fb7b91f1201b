#include <string.h>

#include "base/partition.h"
#include "kernels/scan.h"

void kn_masked_update(const void *pointer, const struct kn_team *team) {
  const struct kn_masked_update_arguments *arguments = pointer;
  const size_t bytes = arguments->width * sizeof(uint32_t);
  const struct kn_range range = kn_partition(arguments->batch, 1, team->index, team->count);
  for (size_t b = range.begin; b < range.end; b++) {
    const int is_live = arguments->lengths == NULL || *arguments->time < arguments->lengths[b];
    const uint32_t *fresh = (const uint32_t *)arguments->fresh + b * arguments->fresh_stride;
    uint32_t *destination =
        (uint32_t *)arguments->destination + b * arguments->destination_stride;
    if (!is_live && arguments->held == NULL) {
      memset(destination, 0, bytes);
      continue;
    }
    const uint32_t *from =
        is_live ? fresh : (const uint32_t *)arguments->held + b * arguments->held_stride;
    if (from != destination) memcpy(destination, from, bytes);
  }
}
