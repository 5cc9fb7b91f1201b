// Memory that will be read or written soon, and that another core wrote or that lies far away, is asked
// for while products run, a cache line at every step of k: it arrives meanwhile.
#ifndef GEMM_AHEAD_H
#define GEMM_AHEAD_H

#include <stddef.h>

#include "base/sizes.h"

enum { KN_GEMM_LINE = 16 };  // floats of a cache line

enum { KN_GEMM_MAX_AHEAD = 8 };

// Lines of several matrices, the first of every row, then the second of every row.
struct kn_gemm_ahead {
  struct kn_gemm_ahead_rows {
    const float *first;
    size_t stride, count, lines;
  } matrices[KN_GEMM_MAX_AHEAD];
  size_t count, matrix, line, row;  // how many matrices, and where it goes on
};

// Adds rows of `width` floats, `stride` apart.
static inline void kn_gemm_ahead_add(struct kn_gemm_ahead *ahead, const float *first, size_t stride,
                                     size_t rows, size_t width) {
  if (rows == 0 || width == 0) return;
  // Rows that begin anywhere in a line may touch one more.
  const size_t lines = kn_divide_up(width, KN_GEMM_LINE) + (stride % KN_GEMM_LINE != 0 ? 1 : 0);
  ahead->matrices[ahead->count++] = (struct kn_gemm_ahead_rows){first, stride, rows, lines};
}

// A line in each of so many rows, or as many as there are: the first, and how far it is to the next. NULL
// when there is nothing more.
static inline const float *kn_gemm_ahead_take(struct kn_gemm_ahead *ahead, size_t steps,
                                              size_t *stride) {
  if (ahead->matrix == ahead->count) return NULL;
  const struct kn_gemm_ahead_rows *rows = &ahead->matrices[ahead->matrix];
  const float *first = rows->first + ahead->row * rows->stride + ahead->line * KN_GEMM_LINE;
  *stride = rows->stride;
  ahead->row += steps;
  if (ahead->row >= rows->count) {
    ahead->row = 0;
    ahead->line++;
    if (ahead->line == rows->lines) {
      ahead->line = 0;
      ahead->matrix++;
    }
  }
  return first;
}

#endif
