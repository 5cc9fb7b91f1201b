// The driver of all elementwise kernels: it cuts the strided operands into blocks whose rows are
// contiguous or repeat an element, and makes them so by copying where they are neither.
#include <assert.h>

#include "base/partition.h"
#include "base/sizes.h"
#include "base/strided.h"
#include "elementwise/blocks.h"
#include "kernels/isa.h"

// Elements copied at a time: three operands of this size stay in the first-level cache.
enum { RUN = 512 };

// The team's shares begin at multiples of a cache line.
enum { LINE = 16 };

// The largest block at a position, of at most `limit` elements: whole rows, as many as follow along
// the second axis from the end, or a part of a row. Parts of rows are short if they are copied.
static void measure(struct kn_block *block, const struct kn_nest *nest, const struct kn_walk *walk,
                    size_t column, size_t limit, int is_copied) {
  const size_t inner = nest->rank - 1, width = nest->shape[inner];
  block->rows = 1;
  block->columns = kn_smaller(width - column, limit);
  if (is_copied) {
    block->columns = kn_smaller(block->columns, RUN);
  } else if (inner > 0 && column == 0 && limit > width) {
    block->rows = kn_smaller(nest->shape[inner - 1] - walk->index[inner - 1], limit / width);
  }
}

static void apply(const struct kn_elementwise_arguments *arguments, size_t operand_count,
                  kn_block_function function, const struct kn_team *team) {
  struct kn_nest nest;
  kn_nest_start(&nest, arguments->rank, arguments->shape);
  for (size_t o = 0; o < operand_count; o++) kn_nest_add(&nest, arguments->strides[o]);
  kn_nest_collapse(&nest);

  const size_t inner = nest.rank - 1, width = nest.shape[inner];
  const size_t total = kn_nest_count(&nest, nest.rank);
  const struct kn_range range = kn_partition(total, LINE, team->index, team->count);
  if (range.begin == range.end) return;

  struct kn_block block;
  int is_copied = 0;
  for (size_t o = 0; o < operand_count; o++) {
    const ptrdiff_t stride = nest.strides[o][inner];
    block.repeats[o] = stride == 0;
    block.row_strides[o] = inner > 0 ? nest.strides[o][inner - 1] : 0;
    is_copied |= stride != 0 && stride != 1;
  }
  uint32_t copies[KN_ELEMENTWISE_INPUTS][RUN];
  for (size_t position = range.begin; position < range.end;) {
    const size_t column = position % width;
    struct kn_walk walk;
    kn_walk_start(&walk, &nest, inner, position / width);
    measure(&block, &nest, &walk, column, range.end - position, is_copied);
    for (size_t o = 0; o < operand_count; o++) {
      const ptrdiff_t stride = nest.strides[o][inner];
      const uint32_t *from = (const uint32_t *)arguments->inputs[o] + walk.offsets[o] +
                             (ptrdiff_t)column * stride;
      block.inputs[o] = from;
      if (stride == 0 || stride == 1) continue;
      for (size_t i = 0; i < block.columns; i++) copies[o][i] = from[(ptrdiff_t)i * stride];
      block.inputs[o] = copies[o];
    }
    block.output = (uint32_t *)arguments->output + position;
    function(&block);
    position += block.rows * block.columns;
  }
}

static const struct kn_float_blocks *float_blocks(void) {
  switch (kn_isa_vectors()) {
#if defined(__x86_64__)
    case KN_ISA_AVX512: return &kn_float_blocks__avx512;
    case KN_ISA_AVX2: return &kn_float_blocks__avx2;
#endif
    default: return &kn_float_blocks__portable;
  }
}

void kn_unary(const void *pointer, const struct kn_team *team) {
  const struct kn_elementwise_arguments *arguments = pointer;
  const int function = arguments->function;
  assert(function >= 0 && function < KN_UNARY_COUNT);
  const kn_block_function block = function < KN_UNARY_FLOATS
                                      ? float_blocks()->unary[function]
                                      : kn_unary_i32_blocks[function - KN_UNARY_FLOATS];
  apply(arguments, 1, block, team);
}

void kn_binary(const void *pointer, const struct kn_team *team) {
  const struct kn_elementwise_arguments *arguments = pointer;
  const int function = arguments->function;
  assert(function >= 0 && function < KN_BINARY_COUNT);
  const kn_block_function block = function < KN_BINARY_FLOATS
                                      ? float_blocks()->binary[function]
                                      : kn_binary_i32_blocks[function - KN_BINARY_FLOATS];
  apply(arguments, 2, block, team);
}

void kn_compare(const void *pointer, const struct kn_team *team) {
  const struct kn_elementwise_arguments *arguments = pointer;
  assert(arguments->function >= 0 && arguments->function < KN_COMPARE_COUNT);
  apply(arguments, 2, kn_compare_blocks[arguments->function], team);
}

void kn_select(const void *pointer, const struct kn_team *team) {
  apply(pointer, 3, kn_select_block, team);
}

void kn_cast(const void *pointer, const struct kn_team *team) {
  const struct kn_elementwise_arguments *arguments = pointer;
  assert(arguments->function >= 0 && arguments->function < KN_CAST_COUNT);
  apply(arguments, 1, kn_cast_blocks[arguments->function], team);
}
