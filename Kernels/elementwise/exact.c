// Row functions without rounding: integers, comparisons, casts, selection.
#include <math.h>

#include "elementwise/rows.h"

// The one quotient that overflows, INT32_MIN / -1, wraps around as negation does.
static inline int32_t divide_i32(int32_t a, int32_t b) {
  if (b == 0) return 0;
  return b == -1 ? (int32_t)(0u - (uint32_t)a) : a / b;
}

static inline int32_t remainder_i32(int32_t a, int32_t b) {
  return b == 0 || b == -1 ? 0 : a % b;
}

// 2147483520 is the largest float below 2^31.
static inline int32_t truncated(float x) {
  const float above = x > -2147483648.0f ? x : -2147483648.0f;
  const float within = above < 2147483520.0f ? above : 2147483520.0f;
  const int32_t value = x >= 2147483648.0f ? INT32_MAX : (int32_t)within;
  return x != x ? 0 : value;
}

#define KN_UNARY_I32(NAME, EXPRESSION)                                                      \
  static void unary_##NAME(size_t count, const void *const *inputs, void *output) {         \
    const int32_t *xs = inputs[0];                                                          \
    int32_t *y = output;                                                                    \
    for (size_t i = 0; i < count; i++) {                                                    \
      const int32_t x = xs[i];                                                              \
      y[i] = (int32_t)(EXPRESSION);                                                         \
    }                                                                                       \
  }
#define KN_BINARY_I32(NAME, EXPRESSION)                                                     \
  static void binary_##NAME(size_t count, const void *const *inputs, void *output) {        \
    const int32_t *as = inputs[0], *bs = inputs[1];                                         \
    int32_t *y = output;                                                                    \
    for (size_t i = 0; i < count; i++) {                                                    \
      const int32_t a = as[i], b = bs[i];                                                   \
      y[i] = (int32_t)(EXPRESSION);                                                         \
    }                                                                                       \
  }
#define KN_COMPARE(NAME, ELEMENT, EXPRESSION)                                               \
  static void compare_##NAME(size_t count, const void *const *inputs, void *output) {       \
    const ELEMENT *as = inputs[0], *bs = inputs[1];                                         \
    int32_t *y = output;                                                                    \
    for (size_t i = 0; i < count; i++) {                                                    \
      const ELEMENT a = as[i], b = bs[i];                                                   \
      y[i] = EXPRESSION;                                                                    \
    }                                                                                       \
  }
#define KN_CAST(NAME, FROM, TO, EXPRESSION)                                                 \
  static void cast_##NAME(size_t count, const void *const *inputs, void *output) {          \
    const FROM *xs = inputs[0];                                                             \
    TO *y = output;                                                                         \
    for (size_t i = 0; i < count; i++) {                                                    \
      const FROM x = xs[i];                                                                 \
      y[i] = EXPRESSION;                                                                    \
    }                                                                                       \
  }
#include "elementwise/functions.inc"

#define KN_UNARY_I32(NAME, ...) unary_##NAME,
const kn_row kn_unary_i32_rows[] = {
#include "elementwise/functions.inc"
};

#define KN_BINARY_I32(NAME, ...) binary_##NAME,
const kn_row kn_binary_i32_rows[] = {
#include "elementwise/functions.inc"
};

#define KN_COMPARE(NAME, ...) compare_##NAME,
const kn_row kn_compare_rows[] = {
#include "elementwise/functions.inc"
};

#define KN_CAST(NAME, ...) cast_##NAME,
const kn_row kn_cast_rows[] = {
#include "elementwise/functions.inc"
};

void kn_select_row(size_t count, const void *const *inputs, void *output) {
  const int32_t *condition = inputs[0];
  const uint32_t *a = inputs[1], *b = inputs[2];
  uint32_t *y = output;
  for (size_t i = 0; i < count; i++) {
    // Both are read first: a plain conditional would keep the loop scalar.
    const uint32_t when_true = a[i], when_false = b[i];
    y[i] = condition[i] ? when_true : when_false;
  }
}
