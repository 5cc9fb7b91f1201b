// Outputs that depend on no input: iota and fill.
#include <string.h>

#include "base/partition.h"
#include "kernels/elementwise.h"

enum { LINE = 16 };

void kn_fill(const void *pointer, const struct kn_team *team) {
  const struct kn_fill_arguments *arguments = pointer;
  const struct kn_range range = kn_partition(arguments->count, LINE, team->index, team->count);
  uint32_t *output = arguments->output;
  for (size_t i = range.begin; i < range.end; i++) output[i] = arguments->value;
}

static uint32_t element(size_t index, int is_float) {
  const int32_t integer = (int32_t)index;
  const float real = (float)integer;
  uint32_t bits;
  memcpy(&bits, is_float ? (const void *)&real : &integer, sizeof bits);
  return bits;
}

void kn_iota(const void *pointer, const struct kn_team *team) {
  const struct kn_iota_arguments *arguments = pointer;
  const size_t length = arguments->length, inner = arguments->inner;
  const struct kn_range rows =
      kn_partition(arguments->outer * length, 1, team->index, team->count);
  uint32_t *output = arguments->output;
  for (size_t row = rows.begin; row < rows.end; row++) {
    const uint32_t value = element(row % length, arguments->is_float);
    for (size_t i = 0; i < inner; i++) output[row * inner + i] = value;
  }
}
