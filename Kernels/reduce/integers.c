// Reductions of int32_t: any order gives the same bits, and the compiler vectorises them.
#include "reduce/rows.h"

#define KN_REDUCE_I32(NAME, START, EXPRESSION)                                              \
  static inline int32_t join_##NAME(int32_t a, int32_t b) { return EXPRESSION; }            \
                                                                                            \
  static void block_##NAME(size_t count, const void *x, void *total) {                      \
    const int32_t *from = x;                                                                \
    int32_t result = *(int32_t *)total;                                                     \
    for (size_t k = 0; k < count; k++) result = join_##NAME(result, from[k]);               \
    *(int32_t *)total = result;                                                             \
  }                                                                                         \
                                                                                            \
  static void columns_##NAME(size_t first, size_t count, const void *x, ptrdiff_t stride,   \
                             size_t width, void *partials) {                                \
    const int32_t *from = x;                                                                \
    for (size_t k = 0; k < count; k++, from += stride) {                                    \
      int32_t *to = (int32_t *)partials + (first + k) % PARTIALS * COLUMNS;                 \
      const int is_new = first + k < PARTIALS;                                              \
      for (size_t c = 0; c < width; c++) {                                                  \
        to[c] = join_##NAME(is_new ? START : to[c], from[c]);                               \
      }                                                                                     \
    }                                                                                       \
  }                                                                                         \
                                                                                            \
  static void fold_##NAME(size_t width, void *partials, void *totals) {                     \
    int32_t *to = totals;                                                                   \
    for (size_t p = 0; p < PARTIALS; p++) {                                                 \
      const int32_t *from = (const int32_t *)partials + p * COLUMNS;                        \
      for (size_t c = 0; c < width; c++) to[c] = join_##NAME(to[c], from[c]);               \
    }                                                                                       \
  }
#include "reduce/functions.inc"

const struct kn_reduce_row kn_reduce_i32_rows[] = {
#define KN_REDUCE_I32(NAME, START, ...) \
  {.start.i32 = START, .block = block_##NAME, .columns = columns_##NAME, .fold = fold_##NAME},
#include "reduce/functions.inc"
};
