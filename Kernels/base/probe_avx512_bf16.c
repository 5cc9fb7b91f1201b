#if defined(__x86_64__)

#include "base/probe.h"

#include "base/isa_begin_avx512_bf16.h"

enum { CHAINS = 12 };

size_t kn_probe_multiply_pairs_avx512_bf16(size_t rounds) {
  __m512 sums[CHAINS];
  const __m512bh x = (__m512bh)_mm512_set1_epi16(0x3e80);  // 1/4
  for (size_t c = 0; c < CHAINS; c++) sums[c] = _mm512_set1_ps((float)c);
  for (size_t r = 0; r < rounds; r++) {
    for (size_t c = 0; c < CHAINS; c++) sums[c] = _mm512_dpbf16_ps(sums[c], x, x);
  }
  for (size_t c = 0; c < CHAINS; c++) __asm__ volatile("" : : "m"(sums[c]));
  return rounds * CHAINS * 16 * 4;
}

#include "base/isa_end.h"

#endif
