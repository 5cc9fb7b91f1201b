// Rows that the next head needs are asked for while this one's products run: those that another core
// wrote, or that lie in memory, arrive meanwhile.
#ifndef ATTENTION_AHEAD_H
#define ATTENTION_AHEAD_H

#include "attention/problem.h"
#include "gemm/gemm.h"

enum { KN_MAX_AHEAD = 8 };

struct kn_ahead {
  struct kn_ahead_rows {
    const float *first;
    size_t stride, count, width;
  } tensors[KN_MAX_AHEAD];
  size_t count, tensor, row;  // how many tensors, and where it goes on
};

static inline void kn_ahead_add(struct kn_ahead *ahead, const float *tensor,
                                const struct kn_attention_strides *strides, size_t b, size_t h,
                                size_t rows, size_t width) {
  if (rows == 0 || width == 0) return;
  const struct kn_ahead_rows some = {tensor + kn_attention_at(strides, b, 0, h), strides->time, rows,
                                     width};
  ahead->tensors[ahead->count++] = some;
}

// What a product of so many steps should ask for: a row at each.
static inline struct kn_gemm_ahead kn_ahead_take(struct kn_ahead *ahead, size_t steps) {
  if (ahead->tensor == ahead->count) return (struct kn_gemm_ahead){.first = NULL};
  const struct kn_ahead_rows *rows = &ahead->tensors[ahead->tensor];
  const struct kn_gemm_ahead taken = {rows->first + ahead->row * rows->stride, rows->stride,
                                      kn_divide_up(rows->width, KN_GEMM_LINE)};
  ahead->row += steps;
  if (ahead->row >= rows->count) {
    ahead->row = 0;
    ahead->tensor++;
  }
  return taken;
}

#endif
