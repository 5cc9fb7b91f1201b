// What the driver calls: one function over a block of rows.
#ifndef ELEMENTWISE_BLOCKS_H
#define ELEMENTWISE_BLOCKS_H

#include "kernels/elementwise.h"

// output[r, c] = f(inputs[0][r, c], ...) for r < rows, c < columns. output is dense. The rows of an
// input lie row_strides apart, and each is contiguous or repeats its first element.
struct kn_block {
  size_t rows, columns;
  const void *inputs[KN_ELEMENTWISE_INPUTS];
  ptrdiff_t row_strides[KN_ELEMENTWISE_INPUTS];
  int repeats[KN_ELEMENTWISE_INPUTS];
  void *output;
};

typedef void (*kn_block_function)(const struct kn_block *block);

static inline const void *kn_block_input(const struct kn_block *block, int input, size_t row) {
  return (const uint32_t *)block->inputs[input] + (ptrdiff_t)row * block->row_strides[input];
}
static inline void *kn_block_output(const struct kn_block *block, size_t row) {
  return (uint32_t *)block->output + row * block->columns;
}

// Calls an inlined loop(block, repeats[0], ...) with constants, so that each case has its own code.
#define KN_BLOCK_1(LOOP, BLOCK) \
  if ((BLOCK)->repeats[0]) {    \
    LOOP(BLOCK, 1);             \
  } else {                      \
    LOOP(BLOCK, 0);             \
  }
#define KN_BLOCK_2(LOOP, BLOCK)                            \
  switch ((BLOCK)->repeats[0] + 2 * (BLOCK)->repeats[1]) { \
    case 0: LOOP(BLOCK, 0, 0); break;                      \
    case 1: LOOP(BLOCK, 1, 0); break;                      \
    case 2: LOOP(BLOCK, 0, 1); break;                      \
    default: LOOP(BLOCK, 1, 1); break;                     \
  }

enum { KN_UNARY_FLOATS = KN_UNARY_NOT, KN_BINARY_FLOATS = KN_BINARY_ADD_I32 };

// The float functions, compiled for each instruction set.
struct kn_float_blocks {
  kn_block_function unary[KN_UNARY_FLOATS];
  kn_block_function binary[KN_BINARY_FLOATS];
};
extern const struct kn_float_blocks kn_float_blocks__portable;
#if defined(__x86_64__)
extern const struct kn_float_blocks kn_float_blocks__avx2;
extern const struct kn_float_blocks kn_float_blocks__avx512;
#endif

// What has no rounding is left to the compiler's vectoriser.
extern const kn_block_function kn_unary_i32_blocks[KN_UNARY_COUNT - KN_UNARY_FLOATS];
extern const kn_block_function kn_binary_i32_blocks[KN_BINARY_COUNT - KN_BINARY_FLOATS];
extern const kn_block_function kn_compare_blocks[KN_COMPARE_COUNT];
extern const kn_block_function kn_cast_blocks[KN_CAST_COUNT];
void kn_select_block(const struct kn_block *block);

#endif
