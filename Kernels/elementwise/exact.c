// Functions without rounding: integers, comparisons, casts, selection.
#include "elementwise/blocks.h"

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

#define INLINE static inline __attribute__((always_inline))

// One input of type FROM as x, or two as a and b; a repeated element is read once per row, as
// output never is the memory of one.
#define BLOCK_1(NAME, FROM, TO, EXPRESSION)                                                 \
  INLINE void loop_##NAME(const struct kn_block *block, int repeats) {                      \
    for (size_t r = 0; r < block->rows; r++) {                                              \
      const FROM *xs = kn_block_input(block, 0, r);                                         \
      const FROM x0 = xs[0];                                                                \
      TO *y = kn_block_output(block, r);                                                    \
      for (size_t i = 0; i < block->columns; i++) {                                         \
        const FROM x = repeats ? x0 : xs[i];                                                \
        y[i] = (TO)(EXPRESSION);                                                            \
      }                                                                                     \
    }                                                                                       \
  }                                                                                         \
  static void block_##NAME(const struct kn_block *block) { KN_BLOCK_1(loop_##NAME, block) }

#define BLOCK_2(NAME, FROM, EXPRESSION)                                                     \
  INLINE void loop_##NAME(const struct kn_block *block, int repeats_a, int repeats_b) {     \
    for (size_t r = 0; r < block->rows; r++) {                                              \
      const FROM *as = kn_block_input(block, 0, r), *bs = kn_block_input(block, 1, r);      \
      const FROM a0 = as[0], b0 = bs[0];                                                    \
      int32_t *y = kn_block_output(block, r);                                               \
      for (size_t i = 0; i < block->columns; i++) {                                         \
        const FROM a = repeats_a ? a0 : as[i], b = repeats_b ? b0 : bs[i];                  \
        y[i] = (int32_t)(EXPRESSION);                                                       \
      }                                                                                     \
    }                                                                                       \
  }                                                                                         \
  static void block_##NAME(const struct kn_block *block) { KN_BLOCK_2(loop_##NAME, block) }

#define KN_UNARY_I32(NAME, EXPRESSION) BLOCK_1(NAME, int32_t, int32_t, EXPRESSION)
#define KN_BINARY_I32(NAME, EXPRESSION) BLOCK_2(NAME, int32_t, EXPRESSION)
#define KN_COMPARE(NAME, ELEMENT, EXPRESSION) BLOCK_2(NAME, ELEMENT, EXPRESSION)
#define KN_CAST(NAME, FROM, TO, EXPRESSION) BLOCK_1(NAME, FROM, TO, EXPRESSION)
#include "elementwise/functions.inc"

#define KN_UNARY_I32(NAME, ...) block_##NAME,
const kn_block_function kn_unary_i32_blocks[] = {
#include "elementwise/functions.inc"
};

#define KN_BINARY_I32(NAME, ...) block_##NAME,
const kn_block_function kn_binary_i32_blocks[] = {
#include "elementwise/functions.inc"
};

#define KN_COMPARE(NAME, ...) block_##NAME,
const kn_block_function kn_compare_blocks[] = {
#include "elementwise/functions.inc"
};

#define KN_CAST(NAME, ...) block_##NAME,
const kn_block_function kn_cast_blocks[] = {
#include "elementwise/functions.inc"
};

INLINE void select_loop(const struct kn_block *block, int repeats_condition, int repeats_a,
                        int repeats_b) {
  for (size_t r = 0; r < block->rows; r++) {
    const int32_t *condition = kn_block_input(block, 0, r);
    const uint32_t *as = kn_block_input(block, 1, r), *bs = kn_block_input(block, 2, r);
    const int32_t condition0 = condition[0];
    const uint32_t a0 = as[0], b0 = bs[0];
    uint32_t *y = kn_block_output(block, r);
    // The output may be an input, element by element: that keeps no lane from the others. Masks
    // instead of a conditional: what dropout chooses by, no branch predictor guesses.
#pragma clang loop vectorize(assume_safety)
    for (size_t i = 0; i < block->columns; i++) {
      const uint32_t a = repeats_a ? a0 : as[i], b = repeats_b ? b0 : bs[i];
      const int32_t chooses = repeats_condition ? condition0 : condition[i];
      const uint32_t mask = chooses != 0 ? UINT32_MAX : 0;
      y[i] = (a & mask) | (b & ~mask);
    }
  }
}

void kn_select_block(const struct kn_block *block) {
  switch (block->repeats[0] + 2 * block->repeats[1] + 4 * block->repeats[2]) {
    case 0: select_loop(block, 0, 0, 0); break;
    case 1: select_loop(block, 1, 0, 0); break;
    case 2: select_loop(block, 0, 1, 0); break;
    case 3: select_loop(block, 1, 1, 0); break;
    case 4: select_loop(block, 0, 0, 1); break;
    case 5: select_loop(block, 1, 0, 1); break;
    case 6: select_loop(block, 0, 1, 1); break;
    default: select_loop(block, 1, 1, 1); break;
  }
}
