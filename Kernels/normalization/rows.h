// What the driver calls for each row.
#ifndef NORMALIZATION_ROWS_H
#define NORMALIZATION_ROWS_H

#include <math.h>

#include "kernels/normalization.h"

// One instruction set's functions; contiguous rows of count elements, y may be x.
struct kn_normalization_rows {
  // sum = x + residual, which it may be one of.
  void (*add)(size_t count, const float *x, const float *residual, float *sum);
  // The sums of x and of (x - center)^2, in an order that depends on count alone.
  float (*sum)(size_t count, const float *x);
  float (*sum_of_squares)(size_t count, const float *x, float center);
  // y = (x - center) * scale * weight + bias; NULL is 1 and 0.
  void (*apply)(size_t count, const float *x, float center, float scale, const float *weight,
                const float *bias, float *y);
  // With n = (x - center) * scale and g = dy * weight: the sums of g and of g * n.
  void (*slopes)(size_t count, const float *x, float center, float scale, const float *weight,
                 const float *dy, float sums[2]);
  // dx = scale * (g - mean - n * slope)
  void (*apply_gradient)(size_t count, const float *x, float center, float scale,
                         const float *weight, const float *dy, float mean, float slope, float *dx);
  // For `count` columns of rows `stride` apart, whose center and scale are in `statistics`:
  // weights = sum of dy * n, biases = sum of dy, rows ascending; either may be NULL.
  void (*columns)(size_t rows, size_t count, size_t stride, const float *x, const float *dy,
                  const float *statistics, float *weights, float *biases);
};
extern const struct kn_normalization_rows kn_normalization_rows__portable;
#if defined(__x86_64__)
extern const struct kn_normalization_rows kn_normalization_rows__avx2;
extern const struct kn_normalization_rows kn_normalization_rows__avx512;
#endif

// Those of the active instruction set.
const struct kn_normalization_rows *kn_active_normalization_rows(void);

// y = the row x, normalised; y may be x.
static inline void kn_normalize_row(const struct kn_normalization_rows *rows, size_t width,
                                    int is_centered, float epsilon, const float *weight,
                                    const float *bias, const float *x, float *y) {
  const float mean = is_centered ? rows->sum(width, x) / (float)width : 0;
  const float variance = rows->sum_of_squares(width, x, mean) / (float)width;
  const float scale = 1.0f / sqrtf(variance + epsilon);
  rows->apply(width, x, mean, scale, weight, bias, y);
}

#endif
