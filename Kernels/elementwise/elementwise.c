// The driver of all elementwise kernels: walks the strided operands and calls a row function on
// contiguous runs, which it makes by copying where an operand is not contiguous itself.
#include <assert.h>

#include "base/partition.h"
#include "base/strided.h"
#include "elementwise/rows.h"
#include "kernels/isa.h"

// Elements expanded at a time: three operands of this size stay in the first-level cache.
enum { RUN = 512 };

// The team's shares begin at multiples of a cache line.
enum { LINE = 16 };

struct operand {
  const uint32_t *elements;  // of the current row
  ptrdiff_t stride;
  uint32_t expanded[RUN];
};

// Elements column..<column + count of the operand's row, contiguous. A repeated element is expanded
// by the row's first call for all that follow, which are no longer.
static const void *run_of(struct operand *operand, size_t column, size_t count, int is_first) {
  const ptrdiff_t stride = operand->stride;
  const uint32_t *from = operand->elements + (ptrdiff_t)column * stride;
  if (stride == 1) return from;
  if (stride != 0) {
    for (size_t i = 0; i < count; i++) operand->expanded[i] = from[(ptrdiff_t)i * stride];
  } else if (is_first) {
    for (size_t i = 0; i < count; i++) operand->expanded[i] = *from;
  }
  return operand->expanded;
}

static void apply_to_row(kn_row row, struct operand *operands, size_t operand_count, size_t begin,
                         size_t end, uint32_t *output) {
  int all_contiguous = 1;
  for (size_t o = 0; o < operand_count; o++) all_contiguous &= operands[o].stride == 1;
  const size_t run = all_contiguous ? end - begin : RUN;
  const void *inputs[KN_ELEMENTWISE_INPUTS];
  for (size_t column = begin; column < end; column += run) {
    const size_t count = end - column < run ? end - column : run;
    for (size_t o = 0; o < operand_count; o++) {
      inputs[o] = run_of(&operands[o], column, count, column == begin);
    }
    row(count, inputs, output + (column - begin));
  }
}

static void apply(const struct kn_elementwise_arguments *arguments, size_t operand_count, kn_row row,
                  const struct kn_team *team) {
  struct kn_nest nest;
  kn_nest_start(&nest, arguments->rank, arguments->shape);
  for (size_t o = 0; o < operand_count; o++) kn_nest_add(&nest, arguments->strides[o]);
  kn_nest_collapse(&nest);

  const size_t inner = nest.rank - 1, width = nest.shape[inner];
  const size_t total = kn_nest_count(&nest, nest.rank);
  const struct kn_range range = kn_partition(total, LINE, team->index, team->count);
  if (range.begin == range.end) return;

  struct operand operands[KN_ELEMENTWISE_INPUTS];
  for (size_t o = 0; o < operand_count; o++) operands[o].stride = nest.strides[o][inner];
  struct kn_walk walk;
  kn_walk_start(&walk, &nest, inner, range.begin / width);
  size_t column = range.begin % width;
  for (size_t position = range.begin; position < range.end; column = 0) {
    const size_t rest = range.end - position;
    const size_t count = width - column < rest ? width - column : rest;
    for (size_t o = 0; o < operand_count; o++) {
      operands[o].elements = (const uint32_t *)arguments->inputs[o] + walk.offsets[o];
    }
    apply_to_row(row, operands, operand_count, column, column + count,
                 (uint32_t *)arguments->output + position);
    position += count;
    kn_walk_next(&walk);
  }
}

static const struct kn_float_rows *float_rows(void) {
  switch (kn_isa_active()) {
#if defined(__x86_64__)
    case KN_ISA_AVX512: return &kn_float_rows__avx512;
    case KN_ISA_AVX2: return &kn_float_rows__avx2;
#endif
    default: return &kn_float_rows__portable;
  }
}

void kn_unary(const void *pointer, const struct kn_team *team) {
  const struct kn_elementwise_arguments *arguments = pointer;
  const int function = arguments->function;
  assert(function >= 0 && function < KN_UNARY_COUNT);
  const int is_float = function < KN_UNARY_FLOATS;
  apply(arguments, 1,
        is_float ? float_rows()->unary[function] : kn_unary_i32_rows[function - KN_UNARY_FLOATS],
        team);
}

void kn_binary(const void *pointer, const struct kn_team *team) {
  const struct kn_elementwise_arguments *arguments = pointer;
  const int function = arguments->function;
  assert(function >= 0 && function < KN_BINARY_COUNT);
  const int is_float = function < KN_BINARY_FLOATS;
  apply(arguments, 2,
        is_float ? float_rows()->binary[function] : kn_binary_i32_rows[function - KN_BINARY_FLOATS],
        team);
}

void kn_compare(const void *pointer, const struct kn_team *team) {
  const struct kn_elementwise_arguments *arguments = pointer;
  assert(arguments->function >= 0 && arguments->function < KN_COMPARE_COUNT);
  apply(arguments, 2, kn_compare_rows[arguments->function], team);
}

void kn_select(const void *pointer, const struct kn_team *team) {
  apply(pointer, 3, kn_select_row, team);
}

void kn_cast(const void *pointer, const struct kn_team *team) {
  const struct kn_elementwise_arguments *arguments = pointer;
  assert(arguments->function >= 0 && arguments->function < KN_CAST_COUNT);
  apply(arguments, 1, kn_cast_rows[arguments->function], team);
}
