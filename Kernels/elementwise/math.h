// sin, cos and power on vectors, computed in double precision, half of the lanes at a time: before
// the one rounding at the end they are within 0.1 ulp.
#ifndef ELEMENTWISE_MATH_H
#define ELEMENTWISE_MATH_H

#include <math.h>

#include "base/vector_ieee.h"

typedef float vh __attribute__((vector_size(2 * V_WIDTH)));  // half of the lanes of a vf
typedef double vd __attribute__((vector_size(4 * V_WIDTH)));
typedef uint64_t vu64 __attribute__((vector_size(4 * V_WIDTH)));

V_INLINE vd d_of(vh x) { return __builtin_convertvector(x, vd); }
V_INLINE vh h_of(vd x) { return __builtin_convertvector(x, vh); }
V_INLINE vd d_set(double x) { return x - (vd){0}; }
V_INLINE vd d_choose(vu64 condition, vd yes, vd no) {
  return (vd)((condition & (vu64)yes) | (~condition & (vu64)no));
}

// Adding 1.5 * 2^52 rounds to an integer, and leaves it in the low bits.
static const double ROUNDER = 0x1.8p52;

// log(x) for positive normal x. x = 2^e * m with m in [sqrt(1/2), sqrt(2)), s = (m - 1) / (m + 1):
// log(m) = 2 * (s + s^3/3 + s^5/5 + ...), |s| < 0.172, cut where the terms pass 2^-44 of the sum.
V_INLINE vd d_log(vd x) {
  const uint64_t half_root = 0x3fe6a09e667f3bcd;  // the bits of sqrt(1/2)
  const vu64 biased = ((vu64)x + (0x3ff0000000000000 - half_root)) >> 52;
  const vd m = (vd)((vu64)x - ((biased - 1023) << 52));
  // As the low bits of 2^52 an integer becomes a double.
  const vd e = (vd)(biased | 0x4330000000000000) - (0x1p52 + 1023);
  const vd s = (m - 1) / (m + 1), s2 = s * s;
  vd sum = s2 * (1.0 / 15) + 1.0 / 13;
  sum = sum * s2 + 1.0 / 11;
  sum = sum * s2 + 1.0 / 9;
  sum = sum * s2 + 1.0 / 7;
  sum = sum * s2 + 1.0 / 5;
  sum = sum * s2 + 1.0 / 3;
  sum = sum * s2 + 1;
  return e * 0.69314718055994530942 + 2 * s * sum;
}

// exp(x) for |x| < 700: x = n * log(2) + r, |r| < 0.347, Taylor's series up to r^9 / 9!.
V_INLINE vd d_exp(vd x) {
  const vd shifted = x * 1.4426950408889634074 + ROUNDER;
  const vd n = shifted - ROUNDER;
  const vd r = x - n * 0.69314718055994530942;
  vd sum = r * (1.0 / 362880) + 1.0 / 40320;
  sum = sum * r + 1.0 / 5040;
  sum = sum * r + 1.0 / 720;
  sum = sum * r + 1.0 / 120;
  sum = sum * r + 1.0 / 24;
  sum = sum * r + 1.0 / 6;
  sum = sum * r + 0.5;
  sum = sum * r + 1;
  sum = sum * r + 1;
  return (vd)((vu64)sum + ((vu64)shifted << 52));
}

// sin and cos at r in [-pi/4, pi/4].
V_INLINE vd d_sin_quarter(vd r) {
  const vd r2 = r * r;
  vd sum = r2 * (1.0 / 362880) - 1.0 / 5040;
  sum = sum * r2 + 1.0 / 120;
  sum = sum * r2 - 1.0 / 6;
  return r + r * (r2 * sum);
}
V_INLINE vd d_cos_quarter(vd r) {
  const vd r2 = r * r;
  vd sum = r2 * (-1.0 / 3628800) + 1.0 / 40320;
  sum = sum * r2 - 1.0 / 720;
  sum = sum * r2 + 1.0 / 24;
  return 1 + r2 * (sum * r2 - 0.5);
}

// sin(x + quarters * pi/2) for |x| < 2^20. x = n * pi/2 + r, where pi/2 is a sum whose first part
// has 33 bits, so that n times it is exact.
V_INLINE vh h_sine(vh x, int quarters) {
  const vd shifted = d_of(x) * 0.63661977236758134308 + ROUNDER;
  const vd n = shifted - ROUNDER;
  const vd r = (d_of(x) - n * 0x1.921fb544p0) - n * 0x1.0b4611a626331p-34;
  const vu64 quadrant = (vu64)shifted + (uint64_t)quarters;
  const vd magnitude = d_choose(-(quadrant & 1), d_cos_quarter(r), d_sin_quarter(r));
  return h_of((vd)((vu64)magnitude ^ (quadrant & 2) << 62));
}

// exp(b * log a) for a >= 0. Beyond +-200 the result, rounded to float, is infinite or zero.
V_INLINE vh h_power(vh a, vh b) {
  const vd magnitude = d_of(a);
  vd logarithm = d_log(magnitude);
  logarithm = d_choose((vu64)(magnitude == d_set(INFINITY)), magnitude, logarithm);
  logarithm = d_choose((vu64)(magnitude == d_set(0)), d_set(-INFINITY), logarithm);
  vd exponent = d_of(b) * logarithm;
  exponent = d_choose((vu64)(exponent > 200), d_set(200), exponent);
  exponent = d_choose((vu64)(exponent < -200), d_set(-200), exponent);
  return h_of(d_exp(exponent));
}

V_INLINE vf v_sine(vf x, int quarters) {
  vh halves[2];
  vf y;
  memcpy(halves, &x, sizeof x);
  for (int h = 0; h < 2; h++) halves[h] = h_sine(halves[h], quarters);
  memcpy(&y, halves, sizeof y);
  // What is larger, infinite or NaN is rare: left to the C library.
  const vi32 is_large = ~(v_abs(x) < v_set(0x1p20f));
  for (int i = 0; i < V_WIDTH; i++) {
    if (is_large[i]) y[i] = (float)(quarters ? cos((double)x[i]) : sin((double)x[i]));
  }
  return y;
}
V_INLINE vf v_sin(vf x) { return v_sine(x, 0); }
V_INLINE vf v_cos(vf x) { return v_sine(x, 1); }

// a^b, with the sign and the exceptions of C's pow.
V_INLINE vf v_power(vf a, vf b) {
  const vf magnitude = v_abs(a), infinity = v_set(INFINITY);
  vh as[2], bs[2];
  vf y;
  memcpy(as, &magnitude, sizeof magnitude);
  memcpy(bs, &b, sizeof b);
  for (int h = 0; h < 2; h++) as[h] = h_power(as[h], bs[h]);
  memcpy(&y, as, sizeof y);

  // A float is an odd integer if it is an integer and half of it is not.
  const vf half = b * v_set(0.5f);
  const vi32 is_whole = v_floor(b) == b, is_odd = is_whole & (v_floor(half) != half);
  const vi32 is_negative = (vi32)a < 0;
  y = (vf)((vi32)y | (is_odd & is_negative & INT32_MIN));
  y = v_choose((a < v_zero()) & ~is_whole & (magnitude != infinity), v_set(NAN), y);
  y = v_choose((a != a) | (b != b), a + b, y);
  const vi32 is_one = (b == v_zero()) | (a == v_set(1)) |
                      ((a == v_set(-1)) & (v_abs(b) == infinity));
  return v_choose(is_one, v_set(1), y);
}

#endif
