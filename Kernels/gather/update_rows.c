#include <assert.h>
#include <string.h>

#include "base/index_status.h"
#include "base/partition.h"
#include "kernels/gather.h"

// Members share out the columns: two rows for one place are written in order, by the same member.
void kn_update_rows(const void *pointer, const struct kn_team *team) {
  const struct kn_update_rows_arguments *arguments = pointer;
  assert(arguments->count < UINT32_MAX);
  const size_t width = arguments->width;
  const struct kn_range columns = kn_partition(width, 16, team->index, team->count);
  const size_t bytes = (columns.end - columns.begin) * sizeof *arguments->source;
  for (size_t i = 0; i < arguments->count; i++) {
    const int32_t index = arguments->indices[i];
    if (index < 0 || (size_t)index >= arguments->rows) {
      kn_report_index(arguments->status, i, index);
    } else {
      memcpy(arguments->table + (size_t)index * width + columns.begin,
             arguments->source + i * arguments->source_stride + columns.begin, bytes);
    }
  }
}
