// The float row functions of one instruction set, in the table FLOAT_ROWS. It is included after
// vector_math_*.h by the file of each.
#include "base/vector_ieee.h"
#include "elementwise/math.h"
#include "elementwise/rows.h"

#define KN_UNARY(NAME, EXPRESSION)                                                          \
  static void unary_##NAME(size_t count, const void *const *inputs, void *output) {         \
    const float *xs = inputs[0];                                                            \
    float *y = output;                                                                      \
    size_t i = 0;                                                                           \
    for (; i + V_WIDTH <= count; i += V_WIDTH) {                                            \
      const vf x = v_load(xs + i);                                                          \
      v_store(y + i, EXPRESSION);                                                           \
    }                                                                                       \
    if (i < count) {                                                                        \
      const vf x = v_load_first(xs + i, count - i);                                         \
      v_store_first(y + i, count - i, EXPRESSION);                                          \
    }                                                                                       \
  }
#define KN_BINARY(NAME, EXPRESSION)                                                         \
  static void binary_##NAME(size_t count, const void *const *inputs, void *output) {        \
    const float *as = inputs[0], *bs = inputs[1];                                           \
    float *y = output;                                                                      \
    size_t i = 0;                                                                           \
    for (; i + V_WIDTH <= count; i += V_WIDTH) {                                            \
      const vf a = v_load(as + i), b = v_load(bs + i);                                      \
      v_store(y + i, EXPRESSION);                                                           \
    }                                                                                       \
    if (i < count) {                                                                        \
      const vf a = v_load_first(as + i, count - i), b = v_load_first(bs + i, count - i);    \
      v_store_first(y + i, count - i, EXPRESSION);                                          \
    }                                                                                       \
  }
#include "elementwise/functions.inc"

const struct kn_float_rows FLOAT_ROWS = {
#define KN_UNARY(NAME, ...) [KN_UNARY_##NAME] = unary_##NAME,
    .unary = {
#include "elementwise/functions.inc"
    },
#define KN_BINARY(NAME, ...) [KN_BINARY_##NAME] = binary_##NAME,
    .binary = {
#include "elementwise/functions.inc"
    },
};
