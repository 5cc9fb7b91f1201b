// What the driver calls: one reduction over a block of elements, in the order that
// kernels/reduce.h promises.
#ifndef REDUCE_ROWS_H
#define REDUCE_ROWS_H

#include "kernels/reduce.h"

enum { PARTIALS = 32, BLOCK = 2048, COLUMNS = 64 };

struct kn_reduce_row {
  // The bits of what a total starts with.
  union {
    float f32;
    int32_t i32;
  } start;
  // *total joins the contiguous elements x[0..<count], count <= BLOCK.
  void (*block)(size_t count, const void *x, void *total);
  // partials[(first + k) % PARTIALS][c] joins x[k * stride + c], for k < count and c < width, where
  // partials is [PARTIALS, COLUMNS], and starts anew for the first PARTIALS elements of a block.
  void (*columns)(size_t first, size_t count, const void *x, ptrdiff_t stride, size_t width,
                  void *partials);
  // totals[c] joins all of partials[...][c], c < width; partials are used up.
  void (*fold)(size_t width, void *partials, void *totals);
};

enum { KN_REDUCE_FLOATS = KN_REDUCE_SUM_I32 };

// The float functions, compiled for each instruction set.
struct kn_reduce_rows {
  struct kn_reduce_row functions[KN_REDUCE_FLOATS];
  // The largest of x[0..<count], NaN not counted; -infinity if there is none.
  float (*largest)(size_t count, const float *x);
};
extern const struct kn_reduce_rows kn_reduce_rows__portable;
#if defined(__x86_64__)
extern const struct kn_reduce_rows kn_reduce_rows__avx2;
extern const struct kn_reduce_rows kn_reduce_rows__avx512;
#endif

const struct kn_reduce_rows *kn_reduce_rows(void);

extern const struct kn_reduce_row kn_reduce_i32_rows[KN_REDUCE_COUNT - KN_REDUCE_FLOATS];

#endif
