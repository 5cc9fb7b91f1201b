// What the driver calls for each row.
#ifndef SOFTMAX_ROWS_H
#define SOFTMAX_ROWS_H

#include "kernels/softmax.h"

// One instruction set's functions.
struct kn_softmax_rows {
  // z = scale * x with the mask of the given kind applied, contiguous as x is; z may be x.
  // Returns the largest of z and `largest`, NaN not counted.
  float (*mask)(size_t count, const float *x, float scale, enum kn_softmax_mask kind,
                const void *mask, float largest, float *z);
  // z becomes softmax(z), or its logarithm, in place; largest is above -infinity.
  void (*softmax)(size_t count, float largest, float *z);
  void (*log_softmax)(size_t count, float largest, float *z);
  // The largest of x, NaN not counted.
  float (*largest)(size_t count, const float *x);
  // The logarithm of the sum of exp(x - largest).
  float (*log_sum)(size_t count, float largest, const float *x);
};
extern const struct kn_softmax_rows kn_softmax_rows__portable;
#if defined(__x86_64__)
extern const struct kn_softmax_rows kn_softmax_rows__avx2;
extern const struct kn_softmax_rows kn_softmax_rows__avx512;
#endif

// Those of the active instruction set.
const struct kn_softmax_rows *kn_softmax_rows(void);

#endif
