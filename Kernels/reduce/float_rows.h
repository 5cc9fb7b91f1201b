// The float reductions of one instruction set, in the table REDUCE_ROWS. It is included after
// vector_math_*.h by the file of each.
#include <math.h>

#include "base/vector_ieee.h"
#include "reduce/rows.h"

enum { VECTORS = PARTIALS / V_WIDTH };

// Partial sums l and l + 16 first, then l and l + 8, and so on. columns and fold run over the
// columns between width and the next multiple of V_WIDTH as well where they only touch partials.
#define KN_REDUCE(NAME, START, EXPRESSION)                                                  \
  V_INLINE vf join_##NAME(vf a, vf b) { return EXPRESSION; }                                \
                                                                                            \
  static void block_##NAME(size_t count, const void *x, void *total) {                      \
    const float *from = x;                                                                  \
    vf partials[VECTORS];                                                                   \
    for (int v = 0; v < VECTORS; v++) partials[v] = v_set(START);                           \
    size_t k = 0;                                                                           \
    for (; k + PARTIALS <= count; k += PARTIALS) {                                          \
      for (int v = 0; v < VECTORS; v++) {                                                   \
        partials[v] = join_##NAME(partials[v], v_load(from + k + v * V_WIDTH));             \
      }                                                                                     \
    }                                                                                       \
    for (int v = 0; v < VECTORS && k < count; v++, k += V_WIDTH) {                          \
      const size_t rest = count - k;                                                        \
      const vf x_rest = rest < V_WIDTH                                                      \
                            ? v_keep_first(v_load_first(from + k, rest), rest, v_set(START)) \
                            : v_load(from + k);                                             \
      partials[v] = join_##NAME(partials[v], x_rest);                                       \
    }                                                                                       \
    for (int n = VECTORS / 2; n > 0; n /= 2) {                                              \
      for (int v = 0; v < n; v++) partials[v] = join_##NAME(partials[v], partials[v + n]);  \
    }                                                                                       \
    const vf folded = V_FOLD(join_##NAME, partials[0]);                                     \
    float *result = total;                                                                  \
    *result = join_##NAME(v_set(*result), folded)[0];                                       \
  }                                                                                         \
                                                                                            \
  static void columns_##NAME(size_t first, size_t count, const void *x, ptrdiff_t stride,   \
                             size_t width, void *partials) {                                \
    const float *from = x;                                                                  \
    for (size_t k = 0; k < count; k++, from += stride) {                                    \
      float *to = (float *)partials + (first + k) % PARTIALS * COLUMNS;                     \
      const int is_new = first + k < PARTIALS;                                              \
      for (size_t c = 0; c < width; c += V_WIDTH) {                                         \
        const vf before = is_new ? v_set(START) : v_load(to + c);                           \
        const size_t rest = width - c;                                                      \
        const vf x_here = rest < V_WIDTH ? v_load_first(from + c, rest) : v_load(from + c); \
        v_store(to + c, join_##NAME(before, x_here));                                       \
      }                                                                                     \
    }                                                                                       \
  }                                                                                         \
                                                                                            \
  static void fold_##NAME(size_t width, void *partials, void *totals) {                     \
    float *lanes = partials, *to = totals;                                                  \
    for (size_t c = 0; c < width; c += V_WIDTH) {                                           \
      for (size_t n = PARTIALS / 2; n > 0; n /= 2) {                                        \
        for (size_t p = 0; p < n; p++) {                                                    \
          float *low = lanes + p * COLUMNS + c;                                             \
          v_store(low, join_##NAME(v_load(low), v_load(low + n * COLUMNS)));                \
        }                                                                                   \
      }                                                                                     \
      const size_t rest = width - c;                                                        \
      if (rest >= V_WIDTH) {                                                                \
        v_store(to + c, join_##NAME(v_load(to + c), v_load(lanes + c)));                    \
      } else {                                                                              \
        const vf total = join_##NAME(v_load_first(to + c, rest), v_load(lanes + c));        \
        v_store_first(to + c, rest, total);                                                 \
      }                                                                                     \
    }                                                                                       \
  }
#include "reduce/functions.inc"

// v_max takes its second operand when either is NaN: the largest so far.
static float largest(size_t count, const float *x) {
  vf best[4] = {v_set(-INFINITY), v_set(-INFINITY), v_set(-INFINITY), v_set(-INFINITY)};
  size_t i = 0;
  for (; i + 4 * V_WIDTH <= count; i += 4 * V_WIDTH) {
    for (int v = 0; v < 4; v++) best[v] = v_max(v_load(x + i + v * V_WIDTH), best[v]);
  }
  const vf all = v_max(v_max(best[0], best[1]), v_max(best[2], best[3]));
  float result = V_FOLD(v_max, all)[0];
  for (; i < count; i++) result = x[i] > result ? x[i] : result;
  return result;
}

const struct kn_reduce_rows REDUCE_ROWS = {
#define KN_REDUCE(NAME, START, ...)                                     \
  [KN_REDUCE_##NAME] = {.start.f32 = START,                             \
                        .block = block_##NAME,                          \
                        .columns = columns_##NAME,                      \
                        .fold = fold_##NAME},
    .functions = {
#include "reduce/functions.inc"
    },
    .largest = largest,
};
