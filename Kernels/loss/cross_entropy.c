// Rows are shared out; softmax's row functions do the passes over the classes.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/index_status.h"
#include "base/partition.h"
#include "kernels/loss.h"
#include "softmax/rows.h"

// Whether a row counts; a label that is none is reported.
static bool has_label(const struct kn_cross_entropy_arguments *arguments, size_t row) {
  const int32_t label = arguments->labels[row];
  if (arguments->has_ignored && label == arguments->ignored) return false;
  if (label >= 0 && (size_t)label < arguments->classes) return true;
  kn_report_index(arguments->status, row, label);
  return false;
}

// The sum of x - shift, in lanes that let the compiler use vectors.
static float shifted_sum(size_t count, const float *x, float shift) {
  enum { LANES = 16 };
  float sums[LANES] = {0};
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    for (size_t lane = 0; lane < LANES; lane++) sums[lane] += x[i + lane] - shift;
  }
  for (; i < count; i++) sums[i % LANES] += x[i] - shift;
  for (size_t n = LANES / 2; n > 0; n /= 2) {
    for (size_t lane = 0; lane < n; lane++) sums[lane] += sums[lane + n];
  }
  return sums[0];
}

// log p[c] = x[c] - largest - log_sum, so that the loss is
// log_sum - (1 - s) (x[y] - largest) - s/C sum over c of (x[c] - largest).
void kn_cross_entropy(const void *pointer, const struct kn_team *team) {
  const struct kn_cross_entropy_arguments *arguments = pointer;
  assert(arguments->count < UINT32_MAX);
  const struct kn_softmax_rows *rows = kn_softmax_rows();
  const size_t classes = arguments->classes;
  const float smoothing = arguments->smoothing;
  const struct kn_range range = kn_partition(arguments->count, 1, team->index, team->count);
  for (size_t row = range.begin; row < range.end; row++) {
    if (!has_label(arguments, row)) {
      arguments->output[row] = 0;
      continue;
    }
    const float *x = arguments->logits + row * classes;
    const float largest = rows->largest(classes, x);
    const float own = x[arguments->labels[row]] - largest;
    float loss = rows->log_sum(classes, largest, x) - (1 - smoothing) * own;
    // Only if there is any: 0 times the -infinity of a class that is ruled out would be NaN.
    if (smoothing != 0) loss -= smoothing / (float)classes * shifted_sum(classes, x, largest);
    arguments->output[row] = loss;
  }
}

void kn_cross_entropy_gradient(const void *pointer, const struct kn_team *team) {
  const struct kn_cross_entropy_arguments *arguments = pointer;
  assert(arguments->count < UINT32_MAX);
  const struct kn_softmax_rows *rows = kn_softmax_rows();
  const size_t classes = arguments->classes;
  const float share = arguments->smoothing / (float)classes;
  const struct kn_range range = kn_partition(arguments->count, 1, team->index, team->count);
  for (size_t row = range.begin; row < range.end; row++) {
    float *dx = arguments->output + row * classes;
    if (!has_label(arguments, row)) {
      memset(dx, 0, classes * sizeof *dx);
      continue;
    }
    const float *x = arguments->logits + row * classes;
    const float upstream = arguments->upstream[row];
    const float largest = rows->mask(classes, x, 1, KN_MASK_NONE, NULL, -INFINITY, dx);
    rows->softmax(classes, largest, dx);
    dx[arguments->labels[row]] -= 1 - arguments->smoothing;
    for (size_t c = 0; c < classes; c++) dx[c] = (dx[c] - share) * upstream;
  }
}
