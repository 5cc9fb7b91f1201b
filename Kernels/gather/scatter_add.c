#include <assert.h>
#include <string.h>

#include "base/index_status.h"
#include "base/partition.h"
#include "kernels/gather.h"

// A cache line: narrower columns would have members write to the same lines.
enum { COLUMNS = 16 };

// Every member reads all indices and adds to its own part of the output: some columns of all rows,
// or all columns of some rows where there are too few columns.
void kn_scatter_add(const void *pointer, const struct kn_team *team) {
  const struct kn_scatter_add_arguments *arguments = pointer;
  assert(arguments->count < UINT32_MAX);
  const size_t width = arguments->width;
  struct kn_range rows = {0, arguments->rows}, columns = {0, width};
  if (width >= COLUMNS * team->count) {
    columns = kn_partition(width, COLUMNS, team->index, team->count);
  } else {
    rows = kn_partition(arguments->rows, 1, team->index, team->count);
  }
  const size_t count = columns.end - columns.begin;
  for (size_t row = rows.begin; row < rows.end; row++) {
    memset(arguments->output + row * width + columns.begin, 0, count * sizeof(float));
  }
  for (size_t i = 0; i < arguments->count; i++) {
    const int32_t index = arguments->indices[i];
    if (index < 0 || (size_t)index >= arguments->rows) {
      kn_report_index(arguments->status, i, index);
    } else if ((size_t)index >= rows.begin && (size_t)index < rows.end) {
      const float *restrict source = arguments->source + i * width + columns.begin;
      float *restrict sum = arguments->output + (size_t)index * width + columns.begin;
      for (size_t j = 0; j < count; j++) sum[j] += source[j];
    }
  }
}
