// Losses of rows of logits, and their gradients.
#ifndef KERNELS_LOSS_H
#define KERNELS_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/execution.h"
#include "kernels/index_status.h"

// With p = softmax(logits[i, :]), y = labels[i], s = smoothing, C = classes:
//   kn_cross_entropy            output[i] = -(1 - s) log p[y] - s/C sum over c of log p[c]
//   kn_cross_entropy_gradient   output[i, c] = upstream[i] (p[c] - (1 - s) [c = y] - s/C)
//
// logits: dense [count, classes], count < 2^32 - 1; labels, upstream: dense [count]; output: dense
// [count], or of the gradient [count, classes], and may then be the logits. A row whose label is
// `ignored` gives zeros, whatever its logits; so does one whose label is outside 0..<classes, and the
// status remembers it. A row's bits depend on that row alone.
struct kn_cross_entropy_arguments {
  size_t count, classes;
  float smoothing;
  bool has_ignored;
  int32_t ignored;
  const float *logits;
  const int32_t *labels;
  const float *upstream;  // read by the gradient
  float *output;
  struct kn_index_status *status;
};
void kn_cross_entropy(const void *arguments, const struct kn_team *team);
void kn_cross_entropy_gradient(const void *arguments, const struct kn_team *team);

#endif
