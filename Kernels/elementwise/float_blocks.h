// The float functions of one instruction set, in the table FLOAT_BLOCKS. It is included after
// vector_math_*.h by the file of each.
#include "base/vector_gelu.h"
#include "base/vector_ieee.h"
#include "elementwise/blocks.h"
#include "elementwise/math.h"

V_INLINE vf load(const float *from, size_t i, int repeats) {
  return repeats ? v_set(*from) : v_load(from + i);
}
V_INLINE vf load_first(const float *from, size_t i, size_t count, int repeats) {
  return repeats ? v_set(*from) : v_load_first(from + i, count);
}

#define KN_UNARY(NAME, EXPRESSION)                                                          \
  V_INLINE void loop_##NAME(const struct kn_block *block, int repeats) {                    \
    const size_t columns = block->columns;                                                  \
    for (size_t r = 0; r < block->rows; r++) {                                              \
      const float *xs = kn_block_input(block, 0, r);                                        \
      float *y = kn_block_output(block, r);                                                 \
      size_t i = 0;                                                                         \
      for (; i + V_WIDTH <= columns; i += V_WIDTH) {                                        \
        const vf x = load(xs, i, repeats);                                                  \
        v_store(y + i, EXPRESSION);                                                         \
      }                                                                                     \
      if (i < columns) {                                                                    \
        const vf x = load_first(xs, i, columns - i, repeats);                               \
        v_store_first(y + i, columns - i, EXPRESSION);                                      \
      }                                                                                     \
    }                                                                                       \
  }                                                                                         \
  static void block_##NAME(const struct kn_block *block) { KN_BLOCK_1(loop_##NAME, block) }

#define KN_BINARY(NAME, EXPRESSION)                                                         \
  V_INLINE void loop_##NAME(const struct kn_block *block, int repeats_a, int repeats_b) {   \
    const size_t columns = block->columns;                                                  \
    for (size_t r = 0; r < block->rows; r++) {                                              \
      const float *as = kn_block_input(block, 0, r), *bs = kn_block_input(block, 1, r);     \
      float *y = kn_block_output(block, r);                                                 \
      size_t i = 0;                                                                         \
      for (; i + V_WIDTH <= columns; i += V_WIDTH) {                                        \
        const vf a = load(as, i, repeats_a), b = load(bs, i, repeats_b);                    \
        v_store(y + i, EXPRESSION);                                                         \
      }                                                                                     \
      if (i < columns) {                                                                    \
        const size_t rest = columns - i;                                                    \
        const vf a = load_first(as, i, rest, repeats_a);                                    \
        const vf b = load_first(bs, i, rest, repeats_b);                                    \
        v_store_first(y + i, rest, EXPRESSION);                                             \
      }                                                                                     \
    }                                                                                       \
  }                                                                                         \
  static void block_##NAME(const struct kn_block *block) { KN_BLOCK_2(loop_##NAME, block) }
#include "elementwise/functions.inc"

const struct kn_float_blocks FLOAT_BLOCKS = {
#define KN_UNARY(NAME, ...) [KN_UNARY_##NAME] = block_##NAME,
    .unary = {
#include "elementwise/functions.inc"
    },
#define KN_BINARY(NAME, ...) [KN_BINARY_##NAME] = block_##NAME,
    .binary = {
#include "elementwise/functions.inc"
    },
};
