// The row functions of one instruction set, in the table SOFTMAX_ROWS. It is included after
// vector_math_*.h by the file of each.
#include <math.h>

#include "base/vector_ieee.h"
#include "softmax/rows.h"

// Sums run in this many lanes whatever the instruction set.
enum { LANES = 32, VECTORS = LANES / V_WIDTH };

V_INLINE vf add(vf a, vf b) { return a + b; }

V_INLINE vf masked(vf x, vf scale, enum kn_softmax_mask kind, vf mask) {
  switch (kind) {
    case KN_MASK_ADDITIVE: return v_fma(x, scale, mask);
    case KN_MASK_SELECT: return v_choose((vi32)mask != 0, x * scale, v_set(-INFINITY));
    default: return x * scale;
  }
}

// v_max takes its second operand when either is NaN: the largest so far.
V_INLINE float mask_row(size_t count, const float *x, float scale_of_all,
                        enum kn_softmax_mask kind, const float *mask, float largest, float *z) {
  const vf scale = v_set(scale_of_all), nothing = v_set(-INFINITY);
  vf best = v_set(largest);
  size_t i = 0;
  for (; i + V_WIDTH <= count; i += V_WIDTH) {
    const vf bits = kind == KN_MASK_NONE ? v_zero() : v_load(mask + i);
    const vf value = masked(v_load(x + i), scale, kind, bits);
    best = v_max(value, best);
    v_store(z + i, value);
  }
  if (i < count) {
    const size_t rest = count - i;
    const vf bits = kind == KN_MASK_NONE ? v_zero() : v_load_first(mask + i, rest);
    const vf value = masked(v_load_first(x + i, rest), scale, kind, bits);
    best = v_max(v_keep_first(value, rest, nothing), best);
    v_store_first(z + i, rest, value);
  }
  return V_FOLD(v_max, best)[0];
}

static float mask_any_row(size_t count, const float *x, float scale, enum kn_softmax_mask kind,
                          const void *mask, float largest, float *z) {
  switch (kind) {
    case KN_MASK_ADDITIVE:
      return mask_row(count, x, scale, KN_MASK_ADDITIVE, mask, largest, z);
    case KN_MASK_SELECT: return mask_row(count, x, scale, KN_MASK_SELECT, mask, largest, z);
    default: return mask_row(count, x, scale, KN_MASK_NONE, mask, largest, z);
  }
}

static float largest_of_row(size_t count, const float *x) {
  vf best = v_set(-INFINITY);
  size_t i = 0;
  for (; i + V_WIDTH <= count; i += V_WIDTH) best = v_max(v_load(x + i), best);
  if (i < count) {
    const vf rest = v_keep_first(v_load_first(x + i, count - i), count - i, best);
    best = v_max(rest, best);
  }
  return V_FOLD(v_max, best)[0];
}

// The sum of exp(z - largest), whose terms are kept unless `kept` is NULL.
V_INLINE float exponentials(size_t count, float largest, const float *z, float *kept) {
  const vf shift = v_set(largest);
  vf sums[VECTORS];
  for (int v = 0; v < VECTORS; v++) sums[v] = v_zero();
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    for (int v = 0; v < VECTORS; v++) {
      const vf e = v_exp(v_load(z + i + v * V_WIDTH) - shift);
      if (kept != NULL) v_store(kept + i + v * V_WIDTH, e);
      sums[v] += e;
    }
  }
  for (int v = 0; v < VECTORS && i < count; v++, i += V_WIDTH) {
    const size_t rest = count - i;
    if (rest >= V_WIDTH) {
      const vf e = v_exp(v_load(z + i) - shift);
      if (kept != NULL) v_store(kept + i, e);
      sums[v] += e;
    } else {
      const vf e = v_exp(v_load_first(z + i, rest) - shift);
      if (kept != NULL) v_store_first(kept + i, rest, e);
      sums[v] += v_keep_first(e, rest, v_zero());
    }
  }
  for (int n = VECTORS / 2; n > 0; n /= 2) {
    for (int v = 0; v < n; v++) sums[v] += sums[v + n];
  }
  return V_FOLD(add, sums[0])[0];
}

static void softmax_row(size_t count, float largest, float *z) {
  const vf factor = v_set(1.0f / exponentials(count, largest, z, z));
  size_t i = 0;
  for (; i + V_WIDTH <= count; i += V_WIDTH) v_store(z + i, v_load(z + i) * factor);
  if (i < count) v_store_first(z + i, count - i, v_load_first(z + i, count - i) * factor);
}

static void log_softmax_row(size_t count, float largest, float *z) {
  const vf shift = v_set(largest), sum = v_log(v_set(exponentials(count, largest, z, NULL)));
  size_t i = 0;
  for (; i + V_WIDTH <= count; i += V_WIDTH) v_store(z + i, v_load(z + i) - shift - sum);
  if (i < count) v_store_first(z + i, count - i, v_load_first(z + i, count - i) - shift - sum);
}

static float log_sum_of_row(size_t count, float largest, const float *x) {
  return v_log(v_set(exponentials(count, largest, x, NULL)))[0];
}

const struct kn_softmax_rows SOFTMAX_ROWS = {.mask = mask_any_row,
                                             .softmax = softmax_row,
                                             .log_softmax = log_softmax_row,
                                             .largest = largest_of_row,
                                             .log_sum = log_sum_of_row};
