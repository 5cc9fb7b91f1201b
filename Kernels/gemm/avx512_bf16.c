#include "gemm/gemm.h"

#if defined(__x86_64__)
#include "base/isa_begin_avx512_bf16.h"
#include "base/vector_math_avx512.h"

// sum + x[1] * b[1], then + x[0] * b[0], where every word of x and b holds two bfloat16.
V_INLINE vf multiply_pairs(vf x, vf b, vf sum) {
  return _mm512_dpbf16_ps(sum, (__m512bh)x, (__m512bh)b);
}

static void round_pairs(const float *x, size_t count, float *words) {
  enum { EACH = 2 * V_WIDTH };
  for (size_t i = 0; i < count; i += EACH, words += V_WIDTH) {
    const size_t left = count - i;
    if (left >= EACH) {
      v_store(words, (vf)_mm512_cvtne2ps_pbh(v_load(x + i + V_WIDTH), v_load(x + i)));
    } else {
      const size_t low = left < V_WIDTH ? left : V_WIDTH;
      const vf first = v_load_first(x + i, low), second = v_load_first(x + i + low, left - low);
      v_store_first(words, (left + 1) / 2, (vf)_mm512_cvtne2ps_pbh(second, first));
    }
  }
}

#define GEMM_ISA avx512_bf16
#define GEMM_PAIRS
#define GEMM_UNROLL 1
#define GEMM_ROWS {14, 6, 3}
#include "gemm/microkernel.h"

#include "base/isa_end.h"
#endif
