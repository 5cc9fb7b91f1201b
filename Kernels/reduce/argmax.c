// argmax: the largest value is found first, then where it stands.
#include <math.h>

#include "base/partition.h"
#include "reduce/rows.h"

enum { LINE = 16, STRETCH = 64 };

// The first i with x[i] == value, which there is. Whole stretches are compared, then one searched.
static size_t first_equal(size_t count, const float *x, float value) {
  for (size_t i = 0; i < count; i += STRETCH) {
    const size_t end = i + STRETCH < count ? i + STRETCH : count;
    int found = 0;
    for (size_t j = i; j < end; j++) found |= x[j] == value;
    for (size_t j = i; found && j < end; j++) {
      if (x[j] == value) return j;
    }
  }
  return 0;
}

static size_t argmax_contiguous(size_t count, const float *x) {
  const float best = kn_reduce_rows()->largest(count, x);
  return best == -INFINITY ? 0 : first_equal(count, x, best);
}

static size_t argmax_strided(size_t count, const float *x, size_t stride) {
  float best = -INFINITY;
  size_t position = 0;
  for (size_t i = 0; i < count; i++) {
    if (x[i * stride] > best) {
      best = x[i * stride];
      position = i;
    }
  }
  return position;
}

void kn_argmax(const void *pointer, const struct kn_team *team) {
  const struct kn_argmax_arguments *arguments = pointer;
  const size_t length = arguments->length, inner = arguments->inner;
  const struct kn_range range =
      kn_partition(arguments->outer * inner, LINE, team->index, team->count);
  for (size_t i = range.begin; i < range.end; i++) {
    const float *x = arguments->input + i / inner * length * inner + i % inner;
    const size_t position =
        inner == 1 ? argmax_contiguous(length, x) : argmax_strided(length, x, inner);
    arguments->output[i] = (int32_t)position;
  }
}
