// The drivers of the normalisations: rows are shared out, and are short enough to stay in cache
// over the passes: mean, squares (about the mean, as their difference would cancel), result.
#include <math.h>

#include "base/partition.h"
#include "kernels/isa.h"
#include "normalization/rows.h"

const struct kn_normalization_rows *kn_active_normalization_rows(void) {
  switch (kn_isa_vectors()) {
#if defined(__x86_64__)
    case KN_ISA_AVX512: return &kn_normalization_rows__avx512;
    case KN_ISA_AVX2: return &kn_normalization_rows__avx2;
#endif
    default: return &kn_normalization_rows__portable;
  }
}

static void normalize(const struct kn_normalization_arguments *arguments, int is_centered,
                      const struct kn_team *team) {
  const struct kn_normalization_rows *rows = kn_active_normalization_rows();
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
    kn_normalize_row(rows, width, is_centered, arguments->epsilon, arguments->weight,
                     arguments->bias, x, y);
  }
}

void kn_layer_norm(const void *arguments, const struct kn_team *team) {
  normalize(arguments, 1, team);
}

void kn_rms_norm(const void *arguments, const struct kn_team *team) {
  normalize(arguments, 0, team);
}

size_t kn_normalization_gradient_workspace_size(size_t rows) { return 2 * rows; }

void kn_normalization_gradient(const void *opaque, const struct kn_team *team) {
  const struct kn_normalization_gradient_arguments *arguments = opaque;
  const struct kn_normalization_rows *functions = kn_active_normalization_rows();
  const size_t width = arguments->width;
  const struct kn_range rows = kn_partition(arguments->rows, 1, team->index, team->count);
  for (size_t row = rows.begin; row < rows.end; row++) {
    const float *x = arguments->x + row * width, *dy = arguments->dy + row * width;
    const float mean = arguments->is_centered ? functions->sum(width, x) / (float)width : 0;
    const float variance = functions->sum_of_squares(width, x, mean) / (float)width;
    const float scale = 1.0f / sqrtf(variance + arguments->epsilon);
    arguments->statistics[2 * row] = mean;
    arguments->statistics[2 * row + 1] = scale;
    float sums[2];
    functions->slopes(width, x, mean, scale, arguments->weight, dy, sums);
    functions->apply_gradient(width, x, mean, scale, arguments->weight, dy,
                              arguments->is_centered ? sums[0] / (float)width : 0,
                              sums[1] / (float)width, arguments->dx + row * width);
  }
  float *weights = arguments->weight_gradient, *biases = arguments->bias_gradient;
  if (weights == NULL && biases == NULL) return;
  // The vectors' columns are shared out in cache lines, once every row's statistics are there.
  kn_team_barrier(team);
  const struct kn_range columns = kn_partition(width, 16, team->index, team->count);
  if (columns.begin == columns.end) return;
  functions->columns(arguments->rows, columns.end - columns.begin, width,
                     arguments->x + columns.begin, arguments->dy + columns.begin,
                     arguments->statistics, weights != NULL ? weights + columns.begin : NULL,
                     biases != NULL ? biases + columns.begin : NULL);
}
