#include <assert.h>
#include <string.h>

#include "base/index_status.h"
#include "base/partition.h"
#include "kernels/gather.h"

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
      kn_report_index(arguments->status, i, index);
    }
  }
}
