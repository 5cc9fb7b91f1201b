#if defined(__x86_64__)

#include <math.h>

#include "base/isa_begin_avx512.h"
#include "base/vector_math_avx512.h"

enum { V_PRODUCTS = 32 };

typedef __m512i v_sums;

V_INLINE v_sums v_add_products(const int16_t *r, const int8_t *bytes, v_sums sums) {
  const __m512i wide = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)bytes));
  return _mm512_add_epi32(sums, _mm512_madd_epi16(wide, _mm512_loadu_si512(r)));
}

V_INLINE int32_t v_total(v_sums sums) { return _mm512_reduce_add_epi32(sums); }

#define SHORTLIST_ROWS kn_shortlist_rows__avx512
#include "shortlist/vector_rows.h"

#include "base/isa_end.h"

#endif
