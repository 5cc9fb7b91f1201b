// The row functions of one instruction set, in the table NORMALIZATION_ROWS. It is included after
// vector_math_*.h by the file of each.
#include "base/vector_ieee.h"
#include "normalization/rows.h"

// Sums run in this many lanes whatever the instruction set.
enum { LANES = 32, VECTORS = LANES / V_WIDTH };

V_INLINE vf add(vf a, vf b) { return a + b; }

static void add_row(size_t count, const float *x, const float *residual, float *sum) {
  size_t i = 0;
  for (; i + V_WIDTH <= count; i += V_WIDTH) v_store(sum + i, v_load(x + i) + v_load(residual + i));
  if (i < count) {
    const vf tail = v_load_first(x + i, count - i) + v_load_first(residual + i, count - i);
    v_store_first(sum + i, count - i, tail);
  }
}

// The tail is filled up with the center, which adds nothing.
V_INLINE float sum_of(size_t count, const float *x, float center, int is_squared) {
  const vf shift = v_set(center);
  vf sums[VECTORS];
  for (int v = 0; v < VECTORS; v++) sums[v] = v_zero();
  float tail[LANES];
  for (size_t i = 0; i < count; i += LANES) {
    const float *from = x + i;
    if (i + LANES > count) {
      for (size_t j = 0; j < LANES; j++) tail[j] = i + j < count ? x[i + j] : center;
      from = tail;
    }
    for (int v = 0; v < VECTORS; v++) {
      const vf value = v_load(from + v * V_WIDTH) - shift;
      sums[v] = is_squared ? v_fma(value, value, sums[v]) : sums[v] + value;
    }
  }
  for (int n = VECTORS / 2; n > 0; n /= 2) {
    for (int v = 0; v < n; v++) sums[v] += sums[v + n];
  }
  return V_FOLD(add, sums[0])[0];
}

static float sum_row(size_t count, const float *x) { return sum_of(count, x, 0, 0); }

static float sum_of_squares_row(size_t count, const float *x, float center) {
  return sum_of(count, x, center, 1);
}

static void apply_row(size_t count, const float *x, float center_of_all, float scale_of_all,
                      const float *weight, const float *bias, float *y) {
  const vf center = v_set(center_of_all), scale = v_set(scale_of_all);
  size_t i = 0;
  for (; i + V_WIDTH <= count; i += V_WIDTH) {
    const vf w = weight != NULL ? v_load(weight + i) : v_set(1);
    const vf b = bias != NULL ? v_load(bias + i) : v_zero();
    v_store(y + i, v_fma((v_load(x + i) - center) * scale, w, b));
  }
  if (i < count) {
    const size_t rest = count - i;
    const vf w = weight != NULL ? v_load_first(weight + i, rest) : v_set(1);
    const vf b = bias != NULL ? v_load_first(bias + i, rest) : v_zero();
    v_store_first(y + i, rest, v_fma((v_load_first(x + i, rest) - center) * scale, w, b));
  }
}

const struct kn_normalization_rows NORMALIZATION_ROWS = {.add = add_row,
                                                         .sum = sum_row,
                                                         .sum_of_squares = sum_of_squares_row,
                                                         .apply = apply_row};
