// Eight lanes. To be included between isa_begin_avx2.h and isa_end.h; see vector_math.h.
#ifndef KN_VECTOR_MATH_AVX2_H
#define KN_VECTOR_MATH_AVX2_H

#include "base/vector_math.h"

#include <stddef.h>
#include <stdint.h>

#define V_WIDTH 8
#define V_INLINE static inline __attribute__((always_inline, unused))

typedef __m256 vf;
typedef __m256i vi;
typedef __m256 vm;

V_INLINE vi v_first(size_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

V_INLINE vf v_zero(void) { return _mm256_setzero_ps(); }
V_INLINE vf v_set(float x) { return _mm256_set1_ps(x); }
V_INLINE vf v_load(const float *p) { return _mm256_loadu_ps(p); }
V_INLINE void v_store(float *p, vf x) { _mm256_storeu_ps(p, x); }
V_INLINE vf v_load_first(const float *p, size_t n) { return _mm256_maskload_ps(p, v_first(n)); }
V_INLINE void v_store_first(float *p, size_t n, vf x) { _mm256_maskstore_ps(p, v_first(n), x); }

V_INLINE vf v_add(vf a, vf b) { return _mm256_add_ps(a, b); }
V_INLINE vf v_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
V_INLINE vf v_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
V_INLINE vf v_div(vf a, vf b) { return _mm256_div_ps(a, b); }
V_INLINE vf v_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
V_INLINE vf v_fnma(vf a, vf b, vf c) { return _mm256_fnmadd_ps(a, b, c); }
V_INLINE vf v_min(vf a, vf b) { return _mm256_min_ps(a, b); }
V_INLINE vf v_max(vf a, vf b) { return _mm256_max_ps(a, b); }
V_INLINE vf v_abs(vf x) { return _mm256_andnot_ps(v_set(-0.0f), x); }
V_INLINE vf v_negate(vf x) { return _mm256_xor_ps(v_set(-0.0f), x); }
V_INLINE vf v_copysign(vf magnitude, vf sign) {
  return _mm256_or_ps(v_abs(magnitude), _mm256_and_ps(v_set(-0.0f), sign));
}
V_INLINE vm v_less(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
V_INLINE vf v_select(vm mask, vf yes, vf no) { return _mm256_blendv_ps(no, yes, mask); }

V_INLINE vi v_set_int(int32_t x) { return _mm256_set1_epi32(x); }
V_INLINE vi v_bits(vf x) { return _mm256_castps_si256(x); }
V_INLINE vf v_from_bits(vi x) { return _mm256_castsi256_ps(x); }
V_INLINE vf v_from_int(vi x) { return _mm256_cvtepi32_ps(x); }
V_INLINE vi v_add_int(vi a, vi b) { return _mm256_add_epi32(a, b); }
V_INLINE vi v_sub_int(vi a, vi b) { return _mm256_sub_epi32(a, b); }
V_INLINE vi v_and_int(vi a, vi b) { return _mm256_and_si256(a, b); }
V_INLINE vi v_shift_right(vi x, int count) { return _mm256_srai_epi32(x, count); }

V_INLINE vf v_round(vf x) {
  return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
// 2ⁿ for n in [-126, 127].
V_INLINE vf v_power_of_two(vi n) {
  return v_from_bits(_mm256_slli_epi32(v_add_int(n, v_set_int(127)), 23));
}
// Both factors are normal numbers, so that only the last product is rounded.
V_INLINE vf v_scale(vf x, vf n) {
  const vi whole = _mm256_cvtps_epi32(n);
  const vi half = v_shift_right(whole, 1);
  return v_mul(v_mul(x, v_power_of_two(half)), v_power_of_two(v_sub_int(whole, half)));
}
V_INLINE vf v_scale_down(vf x, vf n) {
  const vi raised = v_add_int(_mm256_cvtps_epi32(n), v_set_int(64));
  return v_mul(v_mul(x, v_power_of_two(raised)), v_set(0x1p-64f));
}

V_INLINE float v_sum(vf x) {
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  four = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}
V_INLINE float v_maximum(vf x) {
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  four = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}

#include "base/vector_math_functions.h"

#endif
