// Sixteen lanes. To be included between isa_begin_avx512.h and isa_end.h; see vector_math.h.
#ifndef KN_VECTOR_MATH_AVX512_H
#define KN_VECTOR_MATH_AVX512_H

#include "base/vector_math.h"

#include <stddef.h>
#include <stdint.h>

#define V_WIDTH 16
#define V_INLINE static inline __attribute__((always_inline, unused))

typedef __m512 vf;
typedef __m512i vi;
typedef __mmask16 vm;

V_INLINE vm v_first(size_t n) { return (vm)((1u << n) - 1); }

V_INLINE vf v_zero(void) { return _mm512_setzero_ps(); }
V_INLINE vf v_set(float x) { return _mm512_set1_ps(x); }
V_INLINE vf v_load(const float *p) { return _mm512_loadu_ps(p); }
V_INLINE void v_store(float *p, vf x) { _mm512_storeu_ps(p, x); }
V_INLINE vf v_load_first(const float *p, size_t n) { return _mm512_maskz_loadu_ps(v_first(n), p); }
V_INLINE void v_store_first(float *p, size_t n, vf x) { _mm512_mask_storeu_ps(p, v_first(n), x); }

V_INLINE vf v_add(vf a, vf b) { return _mm512_add_ps(a, b); }
V_INLINE vf v_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
V_INLINE vf v_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
V_INLINE vf v_div(vf a, vf b) { return _mm512_div_ps(a, b); }
V_INLINE vf v_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
V_INLINE vf v_fnma(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); }
V_INLINE vf v_min(vf a, vf b) { return _mm512_min_ps(a, b); }
V_INLINE vf v_max(vf a, vf b) { return _mm512_max_ps(a, b); }
V_INLINE vf v_abs(vf x) { return _mm512_andnot_ps(v_set(-0.0f), x); }
V_INLINE vf v_negate(vf x) { return _mm512_xor_ps(v_set(-0.0f), x); }
V_INLINE vf v_copysign(vf magnitude, vf sign) {
  return _mm512_or_ps(v_abs(magnitude), _mm512_and_ps(v_set(-0.0f), sign));
}
V_INLINE vm v_less(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
V_INLINE vf v_select(vm mask, vf yes, vf no) { return _mm512_mask_blend_ps(mask, no, yes); }

V_INLINE vf v_round(vf x) {
  return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
V_INLINE vf v_scale(vf x, vf n) { return _mm512_scalef_ps(x, n); }
V_INLINE vf v_scale_down(vf x, vf n) { return _mm512_scalef_ps(x, n); }

V_INLINE vi v_set_int(int32_t x) { return _mm512_set1_epi32(x); }
V_INLINE vi v_bits(vf x) { return _mm512_castps_si512(x); }
V_INLINE vf v_from_bits(vi x) { return _mm512_castsi512_ps(x); }
V_INLINE vf v_from_int(vi x) { return _mm512_cvtepi32_ps(x); }
V_INLINE vi v_add_int(vi a, vi b) { return _mm512_add_epi32(a, b); }
V_INLINE vi v_sub_int(vi a, vi b) { return _mm512_sub_epi32(a, b); }
V_INLINE vi v_and_int(vi a, vi b) { return _mm512_and_si512(a, b); }
V_INLINE vi v_shift_right(vi x, int count) { return _mm512_srai_epi32(x, (unsigned)count); }

V_INLINE float v_sum(vf x) { return _mm512_reduce_add_ps(x); }
V_INLINE float v_maximum(vf x) { return _mm512_reduce_max_ps(x); }

#include "base/vector_math_functions.h"

#endif
