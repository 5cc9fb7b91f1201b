#include <assert.h>
#include <string.h>

#include "base/partition.h"
#include "kernels/gather.h"

// Keeps the smallest of all reports.
static void report(struct kn_index_status *status, size_t position, int32_t index) {
  const uint64_t bad = (uint64_t)position << 32 | (uint32_t)index;
  uint64_t first = __atomic_load_n(&status->first, __ATOMIC_RELAXED);
  while (bad < first && !__atomic_compare_exchange_n(&status->first, &first, bad, 0,
                                                     __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
}

void kn_gather(const void *pointer, const struct kn_team *team) {
  const struct kn_gather_arguments *arguments = pointer;
  assert(arguments->count < UINT32_MAX);
  const size_t width = arguments->width;
  const uint32_t *table = arguments->table;
  uint32_t *output = arguments->output;
  const struct kn_range range = kn_partition(arguments->count, 1, team->index, team->count);
  for (size_t i = range.begin; i < range.end; i++) {
    const int32_t index = arguments->indices[i];
    if (index >= 0 && (size_t)index < arguments->rows) {
      memcpy(output + i * width, table + (size_t)index * width, width * sizeof *table);
    } else {
      memset(output + i * width, 0, width * sizeof *output);
      report(arguments->status, i, index);
    }
  }
}
