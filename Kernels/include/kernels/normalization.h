// Layer normalisation and RMS normalisation of rows.
#ifndef KERNELS_NORMALIZATION_H
#define KERNELS_NORMALIZATION_H

#include <stddef.h>

#include "kernels/execution.h"

// With s = x + residual, row by row of `width` elements:
//     kn_layer_norm  y = (s - mean(s)) / sqrt(mean((s - mean(s))^2) + epsilon) * weight + bias
//     kn_rms_norm    y = s / sqrt(mean(s^2) + epsilon) * weight + bias
// x, residual, sum, y: [rows, width], dense; weight, bias: [width]. residual, weight, bias and sum
// may be NULL: a residual of 0, a weight of 1, a bias of 0, and s not kept; sum only with residual.
// y may be x, residual or sum, and sum may be x or residual. A row's bits depend on that row alone.
struct kn_normalization_arguments {
  size_t rows, width;
  float epsilon;
  const float *x, *residual, *weight, *bias;
  float *sum, *y;
};
void kn_layer_norm(const void *arguments, const struct kn_team *team);
void kn_rms_norm(const void *arguments, const struct kn_team *team);

#endif
