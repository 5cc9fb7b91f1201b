// Four lanes in the compiler's vector extension: SSE2, NEON or plain code; see vector_math.h.
#ifndef KN_VECTOR_MATH_PORTABLE_H
#define KN_VECTOR_MATH_PORTABLE_H

#include "base/vector_math.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define V_WIDTH 4
#define V_INLINE static inline __attribute__((always_inline, unused))

typedef float vf __attribute__((vector_size(16)));
typedef int32_t vi __attribute__((vector_size(16)));
typedef vi vm;

V_INLINE vf v_set(float x) { return (vf){x, x, x, x}; }
V_INLINE vf v_zero(void) { return v_set(0); }
V_INLINE vf v_load(const float *p) {
  vf x;
  memcpy(&x, p, sizeof x);
  return x;
}
V_INLINE void v_store(float *p, vf x) { memcpy(p, &x, sizeof x); }
V_INLINE vf v_load_first(const float *p, size_t n) {
  vf x = v_zero();
  for (size_t lane = 0; lane < n; lane++) x[lane] = p[lane];
  return x;
}
V_INLINE void v_store_first(float *p, size_t n, vf x) {
  for (size_t lane = 0; lane < n; lane++) p[lane] = x[lane];
}

V_INLINE vi v_set_int(int32_t x) { return (vi){x, x, x, x}; }
V_INLINE vi v_bits(vf x) { return (vi)x; }
V_INLINE vf v_from_bits(vi x) { return (vf)x; }
V_INLINE vf v_from_int(vi x) { return __builtin_convertvector(x, vf); }
V_INLINE vi v_add_int(vi a, vi b) { return a + b; }
V_INLINE vi v_sub_int(vi a, vi b) { return a - b; }
V_INLINE vi v_and_int(vi a, vi b) { return a & b; }
V_INLINE vi v_shift_right(vi x, int count) { return x >> count; }

V_INLINE vf v_add(vf a, vf b) { return a + b; }
V_INLINE vf v_sub(vf a, vf b) { return a - b; }
V_INLINE vf v_mul(vf a, vf b) { return a * b; }
V_INLINE vf v_div(vf a, vf b) { return a / b; }
V_INLINE vf v_fma(vf a, vf b, vf c) { return a * b + c; }
V_INLINE vf v_fnma(vf a, vf b, vf c) { return c - a * b; }
V_INLINE vm v_less(vf a, vf b) { return a < b; }
V_INLINE vf v_select(vm mask, vf yes, vf no) {
  return v_from_bits((v_bits(yes) & mask) | (v_bits(no) & ~mask));
}
V_INLINE vf v_min(vf a, vf b) { return v_select(v_less(a, b), a, b); }
V_INLINE vf v_max(vf a, vf b) { return v_select(v_less(b, a), a, b); }
V_INLINE vf v_abs(vf x) { return v_from_bits(v_bits(x) & v_set_int(INT32_MAX)); }
V_INLINE vf v_negate(vf x) { return -x; }
V_INLINE vf v_copysign(vf magnitude, vf sign) {
  return v_select(v_set_int(INT32_MAX), magnitude, sign);
}

// Adding 1.5·2²³ leaves no bits for a fraction; exact for |x| < 2²².
V_INLINE vf v_round(vf x) { return (x + v_set(0x1.8p23f)) - v_set(0x1.8p23f); }
// 2ⁿ for n in [-126, 127].
V_INLINE vf v_power_of_two(vi n) { return v_from_bits((n + v_set_int(127)) << 23); }
// Both factors are normal numbers, so that only the last product is rounded.
V_INLINE vf v_scale(vf x, vf n) {
  const vi whole = __builtin_convertvector(n, vi);
  const vi half = v_shift_right(whole, 1);
  return x * v_power_of_two(half) * v_power_of_two(whole - half);
}
V_INLINE vf v_scale_down(vf x, vf n) {
  const vi raised = __builtin_convertvector(n, vi) + v_set_int(64);
  return x * v_power_of_two(raised) * v_set(0x1p-64f);
}

V_INLINE float v_sum(vf x) { return (x[0] + x[2]) + (x[1] + x[3]); }
V_INLINE float v_maximum(vf x) {
  const float even = x[0] > x[2] ? x[0] : x[2], odd = x[1] > x[3] ? x[1] : x[3];
  return even > odd ? even : odd;
}

#include "base/vector_math_functions.h"

#endif
