#include <assert.h>
#include <string.h>

#include "base/bfloat16.h"
#include "base/index_status.h"
#include "base/partition.h"
#include "kernels/gather.h"

void kn_gather_bfloat16(const void *pointer, const struct kn_team *team) {
  const struct kn_gather_arguments *arguments = pointer;
  assert(arguments->count < UINT32_MAX);
  const size_t width = arguments->width;
  const struct kn_range range = kn_partition(arguments->count, 1, team->index, team->count);
  for (size_t i = range.begin; i < range.end; i++) {
    const int32_t index = arguments->indices[i];
    float *output = (float *)arguments->output + i * width;
    if (index >= 0 && (size_t)index < arguments->rows) {
      const uint16_t *row = (const uint16_t *)arguments->table + (size_t)index * width;
      for (size_t j = 0; j < width; j++) output[j] = kn_from_bfloat16(row[j]);
    } else {
      memset(output, 0, width * sizeof *output);
      kn_report_index(arguments->status, i, index);
    }
  }
}

void kn_round_table_share(const float *source, size_t count, uint16_t *table,
                          const struct kn_team *team) {
  const struct kn_range own = kn_partition(count, 32, team->index, team->count);
  for (size_t i = own.begin; i < own.end; i++) table[i] = kn_to_bfloat16(source[i]);
}
