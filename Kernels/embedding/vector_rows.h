// The row function of one instruction set, EMBEDDING_SUM. It is included after vector_math_*.h by the
// file of each.
#include "base/vector_ieee.h"
#include "embedding/rows.h"

// So many vectors take in all sources before they are stored.
enum { VECTORS = 4 };

typedef uint16_t halves __attribute__((vector_size(2 * V_WIDTH)));

// The first `rest` elements, 0 behind them; a whole vector where there are as many.
V_INLINE vf load_bfloat16(const uint16_t *from, size_t rest) {
  halves upper = {0};
  if (rest < V_WIDTH) {
    memcpy(&upper, from, rest * sizeof *from);
  } else {
    memcpy(&upper, from, sizeof upper);
  }
  return (vf)(__builtin_convertvector(upper, vi32) << 16);
}

// `vectors` vectors from element `start`; of the last of them `rest` elements.
V_INLINE void sum_block(int vectors, size_t start, size_t rest, size_t count,
                        const struct kn_embedding_source *sources, float *sum) {
  // A product that fuses with the sum would have other bits than one that is stored first.
#pragma clang fp contract(off)
  vf sums[VECTORS];
  for (int v = 0; v < vectors; v++) sums[v] = v_zero();
  for (size_t i = 0; i < count; i++) {
    vf x[VECTORS];
    for (int v = 0; v < vectors; v++) {
      const size_t first = start + (size_t)v * V_WIDTH;
      x[v] = sources[i].is_bfloat16
                 ? load_bfloat16((const uint16_t *)sources[i].row + first, rest)
                 : v_load_part((const float *)sources[i].row + first, rest);
    }
    if (sources[i].scale != 1) {
      const vf scale = v_set(sources[i].scale);
      for (int v = 0; v < vectors; v++) x[v] = x[v] * scale;
    }
    // The first source is copied, not added to 0: that would lose its denormals, and the sign of -0.
    for (int v = 0; v < vectors; v++) sums[v] = i > 0 ? sums[v] + x[v] : x[v];
  }
  for (int v = 0; v < vectors; v++) v_store_part(sum + start + (size_t)v * V_WIDTH, rest, sums[v]);
}

void EMBEDDING_SUM(size_t width, size_t count, const struct kn_embedding_source *sources,
                   float *sum) {
  size_t i = 0;
  for (; i + VECTORS * V_WIDTH <= width; i += VECTORS * V_WIDTH) {
    sum_block(VECTORS, i, V_WIDTH, count, sources, sum);
  }
  for (; i < width; i += V_WIDTH) sum_block(1, i, width - i, count, sources, sum);
}
