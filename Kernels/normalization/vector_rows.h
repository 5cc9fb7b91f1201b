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

V_INLINE vf sum_with(vf sum, vf x, int is_squared) {
  return is_squared ? v_fma(x, x, sum) : sum + x;
}

V_INLINE float sum_of(size_t count, const float *x, float center, int is_squared) {
  const vf shift = v_set(center);
  vf sums[VECTORS];
  for (int v = 0; v < VECTORS; v++) sums[v] = v_zero();
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    for (int v = 0; v < VECTORS; v++) {
      sums[v] = sum_with(sums[v], v_load(x + i + v * V_WIDTH) - shift, is_squared);
    }
  }
  for (int v = 0; v < VECTORS && i < count; v++, i += V_WIDTH) {
    const size_t rest = count - i;
    const vf value = rest < V_WIDTH ? v_keep_first(v_load_first(x + i, rest), rest, shift)
                                    : v_load(x + i);
    sums[v] = sum_with(sums[v], value - shift, is_squared);
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

static void slopes_row(size_t count, const float *x, float center_of_all, float scale_of_all,
                       const float *weight, const float *dy, float sums[2]) {
  const vf center = v_set(center_of_all), scale = v_set(scale_of_all);
  vf g_sums[VECTORS], product_sums[VECTORS];
  for (int v = 0; v < VECTORS; v++) g_sums[v] = product_sums[v] = v_zero();
  for (size_t i = 0; i < count; i += LANES) {
    for (int v = 0; v < VECTORS && i + (size_t)v * V_WIDTH < count; v++) {
      const size_t j = i + (size_t)v * V_WIDTH, rest = count - j;
      // Lanes past the end are 0 in dy, and so in every product.
      vf g = v_load_part(dy + j, rest);
      if (weight != NULL) g = g * v_load_part(weight + j, rest);
      const vf n = (v_load_part(x + j, rest) - center) * scale;
      g_sums[v] += g;
      product_sums[v] = v_fma(g, n, product_sums[v]);
    }
  }
  for (int n = VECTORS / 2; n > 0; n /= 2) {
    for (int v = 0; v < n; v++) {
      g_sums[v] += g_sums[v + n];
      product_sums[v] += product_sums[v + n];
    }
  }
  sums[0] = V_FOLD(add, g_sums[0])[0];
  sums[1] = V_FOLD(add, product_sums[0])[0];
}

static void apply_gradient_row(size_t count, const float *x, float center_of_all,
                               float scale_of_all, const float *weight, const float *dy,
                               float mean_of_all, float slope_of_all, float *dx) {
  const vf center = v_set(center_of_all), scale = v_set(scale_of_all);
  const vf mean = v_set(mean_of_all), slope = v_set(slope_of_all);
  for (size_t i = 0; i < count; i += V_WIDTH) {
    const size_t rest = count - i;
    vf g = v_load_part(dy + i, rest);
    if (weight != NULL) g = g * v_load_part(weight + i, rest);
    const vf n = (v_load_part(x + i, rest) - center) * scale;
    v_store_part(dx + i, rest, scale * (g - mean - n * slope));
  }
}

static void sum_columns(size_t rows, size_t count, size_t stride, const float *x, const float *dy,
                        const float *statistics, float *weights, float *biases) {
  for (size_t i = 0; i < count; i += V_WIDTH) {
    const size_t rest = count - i;
    vf weight = v_zero(), bias = v_zero();
    for (size_t row = 0; row < rows; row++) {
      const vf center = v_set(statistics[2 * row]), scale = v_set(statistics[2 * row + 1]);
      const vf g = v_load_part(dy + row * stride + i, rest);
      weight = v_fma(g, (v_load_part(x + row * stride + i, rest) - center) * scale, weight);
      bias += g;
    }
    if (weights != NULL) v_store_part(weights + i, rest, weight);
    if (biases != NULL) v_store_part(biases + i, rest, bias);
  }
}

const struct kn_normalization_rows NORMALIZATION_ROWS = {.add = add_row,
                                                         .sum = sum_row,
                                                         .sum_of_squares = sum_of_squares_row,
                                                         .apply = apply_row,
                                                         .slopes = slopes_row,
                                                         .apply_gradient = apply_gradient_row,
                                                         .columns = sum_columns};
