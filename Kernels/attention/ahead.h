// Rows that the next head needs are asked for while this one's products run.
#ifndef ATTENTION_AHEAD_H
#define ATTENTION_AHEAD_H

#include "attention/problem.h"
#include "gemm/ahead.h"

static inline void kn_ahead_add(struct kn_gemm_ahead *ahead, const float *tensor,
                                const struct kn_attention_strides *strides, size_t b, size_t h,
                                size_t rows, size_t width) {
  kn_gemm_ahead_add(ahead, tensor + kn_attention_at(strides, b, 0, h), strides->time, rows, width);
}

#endif
