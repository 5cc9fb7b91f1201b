// The drivers of the normalisations: rows are shared out, and are short enough to stay in cache
// over the passes: mean, squares (about the mean, as their difference would cancel), result.
#include <math.h>

#include "base/partition.h"
#include "kernels/isa.h"
#include "normalization/rows.h"

static const struct kn_normalization_rows *normalization_rows(void) {
  switch (kn_isa_active()) {
#if defined(__x86_64__)
    case KN_ISA_AVX512: return &kn_normalization_rows__avx512;
    case KN_ISA_AVX2: return &kn_normalization_rows__avx2;
#endif
    default: return &kn_normalization_rows__portable;
  }
}

static void normalize(const struct kn_normalization_arguments *arguments, int is_centered,
                      const struct kn_team *team) {
  const struct kn_normalization_rows *rows = normalization_rows();
  const size_t width = arguments->width;
  const struct kn_range range = kn_partition(arguments->rows, 1, team->index, team->count);
  for (size_t row = range.begin; row < range.end; row++) {
    const float *x = arguments->x + row * width;
    float *y = arguments->y + row * width;
    if (arguments->residual != NULL) {
      float *sum = arguments->sum != NULL ? arguments->sum + row * width : y;
      rows->add(width, x, arguments->residual + row * width, sum);
      x = sum;
    }
    const float mean = is_centered ? rows->sum(width, x) / (float)width : 0;
    const float variance = rows->sum_of_squares(width, x, mean) / (float)width;
    const float scale = 1.0f / sqrtf(variance + arguments->epsilon);
    rows->apply(width, x, mean, scale, arguments->weight, arguments->bias, y);
  }
}

void kn_layer_norm(const void *arguments, const struct kn_team *team) {
  normalize(arguments, 1, team);
}

void kn_rms_norm(const void *arguments, const struct kn_team *team) {
  normalize(arguments, 0, team);
}
