// The driver of softmax: rows are shared out, and each finds its mask.
#include <assert.h>
#include <math.h>

#include "base/partition.h"
#include "base/strided.h"
#include "kernels/isa.h"
#include "softmax/rows.h"

// How much of a mask that is not contiguous is expanded at a time.
enum { RUN = 512 };

const struct kn_softmax_rows *kn_softmax_rows(void) {
  switch (kn_isa_vectors()) {
#if defined(__x86_64__)
    case KN_ISA_AVX512: return &kn_softmax_rows__avx512;
    case KN_ISA_AVX2: return &kn_softmax_rows__avx2;
#endif
    default: return &kn_softmax_rows__portable;
  }
}

// Scales and masks a row into y; returns the largest value, NaN not counted.
static float mask_row(const struct kn_softmax_arguments *arguments,
                      const struct kn_softmax_rows *rows, size_t width, const float *x,
                      const uint32_t *mask, float *y) {
  const enum kn_softmax_mask kind = arguments->mask_kind;
  const ptrdiff_t stride = kind == KN_MASK_NONE ? 1 : arguments->mask_strides[arguments->rank - 1];
  const float scale = arguments->scale;
  if (stride == 1) return rows->mask(width, x, scale, kind, mask, -INFINITY, y);
  float largest = -INFINITY;
  uint32_t expanded[RUN];
  for (size_t i = 0; i < width; i += RUN) {
    const size_t count = width - i < RUN ? width - i : RUN;
    for (size_t j = 0; j < count; j++) expanded[j] = mask[(ptrdiff_t)(i + j) * stride];
    largest = rows->mask(count, x + i, scale, kind, expanded, largest, y + i);
  }
  return largest;
}

// A row without a value above -infinity: nothing is weighed, but NaN stays NaN.
static void fill_row(size_t width, int is_logarithm, float *y) {
  float filler = is_logarithm ? -INFINITY : 0;
  for (size_t i = 0; i < width; i++) {
    if (y[i] != y[i]) filler = NAN;
  }
  for (size_t i = 0; i < width; i++) y[i] = filler;
}

void kn_softmax(const void *pointer, const struct kn_team *team) {
  const struct kn_softmax_arguments *arguments = pointer;
  assert(arguments->rank >= 1);
  const struct kn_softmax_rows *rows = kn_softmax_rows();
  const size_t outer = arguments->rank - 1, width = arguments->shape[outer];
  struct kn_nest nest;
  kn_nest_start(&nest, outer, arguments->shape);
  if (arguments->mask_kind != KN_MASK_NONE) kn_nest_add(&nest, arguments->mask_strides);
  kn_nest_collapse(&nest);
  const size_t row_count = kn_nest_count(&nest, nest.rank);
  const struct kn_range range = kn_partition(row_count, 1, team->index, team->count);
  if (range.begin == range.end) return;

  struct kn_walk walk;
  kn_walk_start(&walk, &nest, nest.rank, range.begin);
  for (size_t row = range.begin; row < range.end; row++) {
    const uint32_t *mask = arguments->mask_kind == KN_MASK_NONE
                               ? NULL
                               : (const uint32_t *)arguments->mask + walk.offsets[0];
    float *y = arguments->y + row * width;
    const float largest = mask_row(arguments, rows, width, arguments->x + row * width, mask, y);
    if (largest == -INFINITY) {
      fill_row(width, arguments->is_logarithm, y);
    } else if (arguments->is_logarithm) {
      rows->log_softmax(width, largest, y);
    } else {
      rows->softmax(width, largest, y);
    }
    kn_walk_next(&walk);
  }
}
