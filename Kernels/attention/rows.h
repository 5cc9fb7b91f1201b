// What the drivers call for each row, or for a few, in one instruction set.
#ifndef ATTENTION_ROWS_H
#define ATTENTION_ROWS_H

#include <stddef.h>

#include "gemm/gemm.h"

// The sum of exp(score - largest) of a query, while blocks of keys go by, is kept in lanes.
enum { KN_SUM_LANES = 16 };

struct kn_attention_rows {
  // Scores of `rows` queries against a block of keys, `stride` apart, become exp(scale * score -
  // largest) for the seen[r] first ones. The largest score and the sum of each row take them in;
  // factors[r] is what the blocks before still count: exp(largest before - largest).
  void (*softmax)(size_t rows, const size_t *seen, float scale, float *scores, size_t stride,
                  float *largest, float *sums, float *factors);
  // y = x divided by the sum of its lanes, for rows of `width`; 0 where that is 0. factors[r] is its
  // reciprocal, or 0.
  void (*divide)(size_t rows, size_t width, const float *sums, const float *x, size_t x_stride,
                 float *y, size_t y_stride, float *factors);
  // y = factor * x
  void (*multiply)(size_t count, float factor, const float *x, float *y);
  // x = exp(scale * x - largest) * factor
  void (*weigh)(size_t count, float scale, float largest, float factor, const float *x, float *y);
  // ds = scale * p * (dp - delta)
  void (*score_gradient)(size_t count, float scale, float delta, const float *p, float *dp);
  // y += factor * x
  void (*add_multiple)(size_t count, float factor, const float *x, float *y);
  // Σ x ∘ y
  float (*dot)(size_t count, const float *x, const float *y);
  // scores[j] = Σ_u vector[u] tanh(q[u] + keys[j * stride + u])
  void (*additive)(size_t width, const float *vector, const float *q, size_t count,
                   const float *keys, size_t stride, float *scores);
  // With t = tanh(q + keys[j]) and e = ds[j] * vector * (1 - t²), for `width` units:
  // dq += Σ_j e, dkeys[j] += e, dvector += Σ_j ds[j] t.
  void (*additive_gradient)(size_t width, const float *vector, const float *q, size_t count,
                            const float *keys, size_t stride, const float *ds, float *dq,
                            float *dkeys, size_t gradient_stride, float *dvector);
};

#define KN_ATTENTION_ISA(isa, name) extern const struct kn_attention_rows kn_attention_rows_##name;
#include "attention/kernels.inc"
#undef KN_ATTENTION_ISA

// Those of the active instruction set.
const struct kn_attention_rows *kn_attention_rows(void);

#endif
