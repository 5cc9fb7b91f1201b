#if defined(__x86_64__)

#include <math.h>

#include "base/isa_begin_avx2.h"
#include "base/vector_math_avx2.h"

enum { V_PRODUCTS = 16 };

typedef __m256i v_sums;

V_INLINE v_sums v_add_products(const int16_t *r, const int8_t *bytes, v_sums sums) {
  const __m256i wide = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)bytes));
  const __m256i products = _mm256_madd_epi16(wide, _mm256_loadu_si256((const __m256i *)r));
  return _mm256_add_epi32(sums, products);
}

V_INLINE int32_t v_total(v_sums sums) {
  const __m128i four =
      _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  const __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xb1)));
}

#define SHORTLIST_ROWS kn_shortlist_rows__avx2
#include "shortlist/vector_rows.h"

#include "base/isa_end.h"

#endif
