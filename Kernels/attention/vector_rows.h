// The row functions of one instruction set, in the table ATTENTION_ROWS. It is included after
// vector_math_*.h by the file of each.
#include <math.h>
#include <string.h>

#include "attention/rows.h"
#include "base/vector_ieee.h"

V_INLINE vf add(vf a, vf b) { return a + b; }

// The largest of scale * x, NaN not counted; v_max takes its second operand when either is NaN.
V_INLINE float largest_of(size_t count, float scale, const float *x) {
  const vf factor = v_set(scale);
  vf best[2] = {v_set(-INFINITY), v_set(-INFINITY)};
  size_t i = 0;
  for (; i + 2 * V_WIDTH <= count; i += 2 * V_WIDTH) {
    best[0] = v_max(v_load(x + i) * factor, best[0]);
    best[1] = v_max(v_load(x + i + V_WIDTH) * factor, best[1]);
  }
  for (; i + V_WIDTH <= count; i += V_WIDTH) best[0] = v_max(v_load(x + i) * factor, best[0]);
  if (i < count) {
    const vf rest = v_load_first(x + i, count - i) * factor;
    best[1] = v_max(v_keep_first(rest, count - i, v_set(-INFINITY)), best[1]);
  }
  return V_FOLD(v_max, v_max(best[0], best[1]))[0];
}

// A row that has seen nothing but -infinity is not shifted: its terms are 0.
V_INLINE vf shift_of(float largest) { return v_set(largest == -INFINITY ? 0 : largest); }

V_INLINE vf exponential(vf x, vf scale, vf shift) {
  return v_exp_of_negative(v_fma(x, scale, -shift));
}

V_INLINE void raise_largest(size_t rows, const size_t *seen, float scale, const float *scores,
                            size_t stride, float *largest, float *factors) {
  float change[KN_GEMM_MAX_ROWS + V_WIDTH];
  for (size_t r = 0; r < rows; r++) {
    const float before = largest[r], here = largest_of(seen[r], scale, scores + r * stride);
    largest[r] = here > before ? here : before;
    change[r] = largest[r] == before ? 0 : before - largest[r];
  }
  for (size_t r = 0; r < rows; r += V_WIDTH) {
    v_store(change + r, v_exp_of_negative(v_load(change + r)));
  }
  for (size_t r = 0; r < rows; r++) factors[r] = change[r];
}

static void softmax_block(size_t rows, const size_t *seen, float scale_of_all, float *scores,
                          size_t stride, float *largest, float *sums, float *factors) {
  raise_largest(rows, seen, scale_of_all, scores, stride, largest, factors);
  const vf scale = v_set(scale_of_all);
  for (size_t r = 0; r < rows; r++) {
    float *x = scores + r * stride, *lanes = sums + r * KN_SUM_LANES;
    const size_t count = seen[r];
    const vf shift = shift_of(largest[r]);
    vf sum = v_load(lanes) * v_set(factors[r]);
    size_t i = 0;
#pragma clang loop unroll_count(4)
    for (; i + V_WIDTH <= count; i += V_WIDTH) {
      const vf e = exponential(v_load(x + i), scale, shift);
      v_store(x + i, e);
      sum += e;
    }
    if (i < count) {
      const vf e = exponential(v_load_first(x + i, count - i), scale, shift);
      v_store_first(x + i, count - i, e);
      sum += v_keep_first(e, count - i, v_zero());
    }
    v_store(lanes, sum);
  }
}

V_INLINE void multiply_row(size_t count, float factor_of_all, const float *x, float *y) {
  const vf factor = v_set(factor_of_all);
  size_t i = 0;
  for (; i + V_WIDTH <= count; i += V_WIDTH) v_store(y + i, v_load(x + i) * factor);
  if (i < count) v_store_first(y + i, count - i, v_load_first(x + i, count - i) * factor);
}

static void multiply_one_row(size_t count, float factor, const float *x, float *y) {
  multiply_row(count, factor, x, y);
}

static void divide_rows(size_t rows, size_t width, const float *sums, const float *x,
                        size_t x_stride, float *y, size_t y_stride, float *factors) {
  for (size_t r = 0; r < rows; r++) {
    const float sum = V_FOLD(add, v_load(sums + r * KN_SUM_LANES))[0];
    factors[r] = sum == 0 ? 0 : 1 / sum;
  }
  for (size_t r = 0; r < rows; r++) {
    if (factors[r] != 0) {
      multiply_row(width, factors[r], x + r * x_stride, y + r * y_stride);
    } else {
      memset(y + r * y_stride, 0, width * sizeof *y);
    }
  }
}

static void weigh_row(size_t count, float scale_of_all, float largest, float factor_of_all,
                      const float *x, float *y) {
  const vf scale = v_set(scale_of_all), shift = shift_of(largest), factor = v_set(factor_of_all);
  size_t i = 0;
#pragma clang loop unroll_count(4)
  for (; i + V_WIDTH <= count; i += V_WIDTH) {
    v_store(y + i, exponential(v_load(x + i), scale, shift) * factor);
  }
  if (i < count) {
    const vf e = exponential(v_load_first(x + i, count - i), scale, shift);
    v_store_first(y + i, count - i, e * factor);
  }
}

static void score_gradient_row(size_t count, float scale_of_all, float delta_of_all, const float *p,
                               float *dp) {
  const vf scale = v_set(scale_of_all), delta = v_set(delta_of_all);
  size_t i = 0;
  for (; i + V_WIDTH <= count; i += V_WIDTH) {
    v_store(dp + i, (v_load(dp + i) - delta) * v_load(p + i) * scale);
  }
  if (i < count) {
    const size_t rest = count - i;
    v_store_first(dp + i, rest,
                  (v_load_first(dp + i, rest) - delta) * v_load_first(p + i, rest) * scale);
  }
}

static void add_multiple_of_row(size_t count, float factor_of_all, const float *x, float *y) {
  const vf factor = v_set(factor_of_all);
  size_t i = 0;
  for (; i + V_WIDTH <= count; i += V_WIDTH) {
    v_store(y + i, v_fma(factor, v_load(x + i), v_load(y + i)));
  }
  if (i < count) {
    const vf sum = v_fma(factor, v_load_first(x + i, count - i), v_load_first(y + i, count - i));
    v_store_first(y + i, count - i, sum);
  }
}

static float dot_of_rows(size_t count, const float *x, const float *y) {
  vf sum = v_zero();
  size_t i = 0;
  for (; i + V_WIDTH <= count; i += V_WIDTH) sum = v_fma(v_load(x + i), v_load(y + i), sum);
  if (i < count) {
    const size_t rest = count - i;
    sum = v_fma(v_load_first(x + i, rest), v_load_first(y + i, rest), sum);
  }
  return V_FOLD(add, sum)[0];
}

static void additive_scores(size_t width, const float *vector, const float *q, size_t count,
                            const float *keys, size_t stride, float *scores) {
  for (size_t j = 0; j < count; j++) {
    const float *k = keys + j * stride;
    vf sum = v_zero();
    size_t u = 0;
#pragma clang loop unroll_count(2)
    for (; u + V_WIDTH <= width; u += V_WIDTH) {
      sum = v_fma(v_load(vector + u), v_tanh(v_load(q + u) + v_load(k + u)), sum);
    }
    if (u < width) {
      const size_t rest = width - u;
      const vf t = v_tanh(v_load_first(q + u, rest) + v_load_first(k + u, rest));
      sum = v_fma(v_load_first(vector + u, rest), t, sum);
    }
    scores[j] = V_FOLD(add, sum)[0];
  }
}

static void additive_gradient(size_t width, const float *vector, const float *q, size_t count,
                              const float *keys, size_t stride, const float *ds, float *dq,
                              float *dkeys, size_t gradient_stride, float *dvector) {
  for (size_t u = 0; u < width; u += V_WIDTH) {
    const size_t units = width - u;
    const vf v = v_load_up_to(vector + u, units), query = v_load_up_to(q + u, units);
    vf q_sum = v_load_up_to(dq + u, units), vector_sum = v_load_up_to(dvector + u, units);
    for (size_t j = 0; j < count; j++) {
      const vf t = v_tanh(query + v_load_up_to(keys + j * stride + u, units));
      const vf gradient = v_set(ds[j]);
      float *dk = dkeys + j * gradient_stride + u;
      const vf e = gradient * v * v_fnma(t, t, v_set(1));
      q_sum += e;
      vector_sum = v_fma(gradient, t, vector_sum);
      v_store_up_to(dk, units, v_load_up_to(dk, units) + e);
    }
    v_store_up_to(dq + u, units, q_sum);
    v_store_up_to(dvector + u, units, vector_sum);
  }
}

const struct kn_attention_rows ATTENTION_ROWS = {.softmax = softmax_block,
                                                 .divide = divide_rows,
                                                 .multiply = multiply_one_row,
                                                 .weigh = weigh_row,
                                                 .score_gradient = score_gradient_row,
                                                 .add_multiple = add_multiple_of_row,
                                                 .dot = dot_of_rows,
                                                 .additive = additive_scores,
                                                 .additive_gradient = additive_gradient};
