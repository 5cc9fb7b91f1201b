// Layer normalisation and RMS normalisation of rows.
#ifndef KERNELS_NORMALIZATION_H
#define KERNELS_NORMALIZATION_H

#include <stdbool.h>
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

// Gradients of y from that of it, dy, without residual: with n the row as it is normalised and
// s = 1 / sqrt(...), g = dy * weight,
//     dx = s * (g - mean(g) - n * mean(g * n))        without mean(g) where nothing is centered
//     weight_gradient = sum of dy * n over rows       bias_gradient = sum of dy over rows, ascending
// dx: [rows, width], no other tensor's memory. weight NULL: 1; weight_gradient, bias_gradient: [width],
// or NULL. statistics: kn_normalization_gradient_workspace_size floats. A row of dx depends on that
// row alone; the vectors' bits on rows and width.
struct kn_normalization_gradient_arguments {
  size_t rows, width;
  float epsilon;
  bool is_centered;
  const float *x, *weight, *dy;
  float *dx, *weight_gradient, *bias_gradient;
  float *statistics;
};
size_t kn_normalization_gradient_workspace_size(size_t rows);
void kn_normalization_gradient(const void *arguments, const struct kn_team *team);

#endif
