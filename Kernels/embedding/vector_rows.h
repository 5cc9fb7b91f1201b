// The row function of one instruction set, EMBEDDING_ADD. It is included after vector_math_*.h by the
// file of each.
#include "base/vector_ieee.h"
#include "embedding/rows.h"

typedef uint16_t halves __attribute__((vector_size(2 * V_WIDTH)));

// The first `rest` of a vector's elements, 0 behind them; all where there are as many.
V_INLINE vf load_bfloat16(const uint16_t *from, size_t rest) {
  halves upper = {0};
  if (rest < V_WIDTH) {
    memcpy(&upper, from, rest * sizeof *from);
  } else {
    memcpy(&upper, from, sizeof upper);
  }
  return (vf)(__builtin_convertvector(upper, vi32) << 16);
}

V_INLINE void add_row(size_t count, const void *source, bool is_bfloat16, bool is_scaled,
                      float scale, const float *before, float *sum) {
  // A product that fuses with the sum would have other bits than one that is stored first.
#pragma clang fp contract(off)
  const vf factor = v_set(scale);
  for (size_t i = 0; i < count; i += V_WIDTH) {
    const size_t rest = count - i;
    vf x = is_bfloat16 ? load_bfloat16((const uint16_t *)source + i, rest)
                       : v_load_part((const float *)source + i, rest);
    if (is_scaled) x = x * factor;
    if (before != NULL) x = v_load_part(before + i, rest) + x;
    v_store_part(sum + i, rest, x);
  }
}

void EMBEDDING_ADD(size_t count, const void *source, bool is_bfloat16, float scale,
                   const float *before, float *sum) {
  if (is_bfloat16) {
    add_row(count, source, true, scale != 1, scale, before, sum);
  } else if (scale != 1) {
    add_row(count, source, false, true, scale, before, sum);
  } else {
    add_row(count, source, false, false, 1, before, sum);
  }
}
