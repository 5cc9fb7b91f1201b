// More operations on the vectors of vector_math_*.h, for the files that include one of those:
// comparisons in the compiler's vector extension, and functions that keep NaN.
#ifndef BASE_VECTOR_IEEE_H
#define BASE_VECTOR_IEEE_H

#include <stdint.h>
#include <string.h>

// A comparison's result, -1 or 0 in each lane; also a vector of integers.
typedef int32_t vi32 __attribute__((vector_size(4 * V_WIDTH)));

V_INLINE vi32 v_load_i32(const int32_t *from) {
  vi32 x;
  memcpy(&x, from, sizeof x);
  return x;
}
V_INLINE void v_store_i32(int32_t *to, vi32 x) { memcpy(to, &x, sizeof x); }

// The first `rest` elements, 0 behind them; a whole vector where there are as many.
V_INLINE vf v_load_part(const float *from, size_t rest) {
  return rest < V_WIDTH ? v_load_first(from, rest) : v_load(from);
}
V_INLINE void v_store_part(float *to, size_t rest, vf x) {
  if (rest < V_WIDTH) {
    v_store_first(to, rest, x);
  } else {
    v_store(to, x);
  }
}

V_INLINE vf v_choose(vi32 condition, vf yes, vf no) {
  return (vf)((condition & (vi32)yes) | (~condition & (vi32)no));
}

// The lanes of x, turned by W places: lane i holds x[i + W].
#if V_WIDTH == 16
#define V_TURN(X, W)                                                                        \
  __builtin_shufflevector(X, X, W, W + 1, W + 2, W + 3, W + 4, W + 5, W + 6, W + 7, W + 8,  \
                          W + 9, W + 10, W + 11, W + 12, W + 13, W + 14, W + 15)
#elif V_WIDTH == 8
#define V_TURN(X, W) \
  __builtin_shufflevector(X, X, W, W + 1, W + 2, W + 3, W + 4, W + 5, W + 6, W + 7)
#else
#define V_TURN(X, W) __builtin_shufflevector(X, X, W, W + 1, W + 2, W + 3)
#endif

// All lanes of x joined by a function of two vectors, in lane 0: lanes i and i + 8 first, then i
// and i + 4, then i + 2, then i + 1.
#define V_FOLD(JOIN, X)                                                       \
  ({                                                                          \
    vf folded_ = (X);                                                         \
    if (V_WIDTH == 16) folded_ = JOIN(folded_, V_TURN(folded_, V_WIDTH / 2)); \
    if (V_WIDTH >= 8) folded_ = JOIN(folded_, V_TURN(folded_, 4));            \
    folded_ = JOIN(folded_, V_TURN(folded_, 2));                              \
    JOIN(folded_, V_TURN(folded_, 1));                                        \
  })

// x in the first `count` lanes, `filler` in the others.
V_INLINE vf v_keep_first(vf x, size_t count, vf filler) {
#if V_WIDTH == 16
  const vi32 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif V_WIDTH == 8
  const vi32 lanes = {0, 1, 2, 3, 4, 5, 6, 7};
#else
  const vi32 lanes = {0, 1, 2, 3};
#endif
  return v_choose(lanes < (int32_t)count, x, filler);
}

// NaN if either is NaN.
V_INLINE vf v_greatest(vf a, vf b) { return v_choose((a > b) | (a != a), a, b); }
V_INLINE vf v_least(vf a, vf b) { return v_choose((a < b) | (a != a), a, b); }

V_INLINE vf v_sqrt(vf x) { return __builtin_elementwise_sqrt(x); }

// 0 and NaN are their own signs.
V_INLINE vf v_sign(vf x) {
  return v_choose((x > v_zero()) | (x < v_zero()), v_copysign(v_set(1), x), x);
}

V_INLINE vf v_floor(vf x) {
#if V_WIDTH > 4 || defined(__aarch64__)
  return __builtin_elementwise_floor(x);
#else
  // From 2^23 on every float is whole; below, adding 2^23 leaves no bits for a fraction.
  const vf magnitude = v_abs(x), whole = v_set(0x1p23f);
  const vf rounded = v_copysign((magnitude + whole) - whole, x);
  const vf floored = v_choose(rounded > x, rounded - v_set(1), rounded);
  return v_choose(magnitude < whole, floored, x);
#endif
}

#endif
