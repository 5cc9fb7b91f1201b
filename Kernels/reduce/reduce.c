// The driver of reductions: it finds runs of elements, contiguous along the reduced axes or along
// the kept ones. Every way gives the same bits, so the fastest is taken.
#include <assert.h>
#include <string.h>

#include "base/partition.h"
#include "base/sizes.h"
#include "base/strided.h"
#include "kernels/isa.h"
#include "reduce/rows.h"

// The team's shares begin at multiples of a cache line.
enum { LINE = 16 };

// Fewer columns than this are not worth a pass of their own.
enum { FEW_COLUMNS = 8 };

struct reduction {
  const struct kn_reduce_row *row;
  struct kn_nest reduced;
  size_t count;  // elements that make one output
};

const struct kn_reduce_rows *kn_reduce_rows(void) {
  switch (kn_isa_vectors()) {
#if defined(__x86_64__)
    case KN_ISA_AVX512: return &kn_reduce_rows__avx512;
    case KN_ISA_AVX2: return &kn_reduce_rows__avx2;
#endif
    default: return &kn_reduce_rows__portable;
  }
}

// One output, element by element of input.
static void reduce_one(const struct reduction *reduction, const uint32_t *input, uint32_t *output) {
  const struct kn_nest *nest = &reduction->reduced;
  const size_t inner = nest->rank - 1;
  const ptrdiff_t stride = nest->strides[0][inner];
  memcpy(output, &reduction->row->start, sizeof *output);
  if (nest->rank == 1 && stride == 1) {
    for (size_t k = 0; k < reduction->count; k += BLOCK) {
      reduction->row->block(kn_smaller(reduction->count - k, BLOCK), input + k, output);
    }
    return;
  }
  uint32_t gathered[BLOCK];
  size_t filled = 0;
  struct kn_walk walk;
  kn_walk_start(&walk, nest, inner, 0);
  for (size_t done = 0; done < reduction->count; done += nest->shape[inner]) {
    const uint32_t *from = input + walk.offsets[0];
    for (size_t i = 0; i < nest->shape[inner]; i++) {
      gathered[filled++] = from[(ptrdiff_t)i * stride];
      if (filled == BLOCK) {
        reduction->row->block(filled, gathered, output);
        filled = 0;
      }
    }
    kn_walk_next(&walk);
  }
  if (filled > 0) reduction->row->block(filled, gathered, output);
}

// `width` outputs whose elements lie side by side, at most COLUMNS.
static void reduce_columns(const struct reduction *reduction, const uint32_t *input, size_t width,
                           uint32_t *output) {
  const struct kn_nest *nest = &reduction->reduced;
  const struct kn_reduce_row *row = reduction->row;
  const size_t inner = nest->rank - 1, length = nest->shape[inner];
  const ptrdiff_t stride = nest->strides[0][inner];
  uint32_t start, partials[PARTIALS * COLUMNS];
  memcpy(&start, &row->start, sizeof start);
  for (size_t c = 0; c < width; c++) output[c] = start;

  struct kn_walk walk;
  kn_walk_start(&walk, nest, inner, 0);
  for (size_t done = 0; done < reduction->count;) {
    const size_t i = done % length, count = kn_smaller(length - i, BLOCK - done % BLOCK);
    if (done % BLOCK == 0) {
      // Those that no element will start.
      for (size_t p = kn_smaller(reduction->count - done, PARTIALS); p < PARTIALS; p++) {
        for (size_t c = 0; c < COLUMNS; c++) partials[p * COLUMNS + c] = start;
      }
    }
    const uint32_t *from = input + walk.offsets[0] + (ptrdiff_t)i * stride;
    row->columns(done % BLOCK, count, from, stride, width, partials);
    done += count;
    if (done % length == 0) kn_walk_next(&walk);
    if (done % BLOCK == 0 || done == reduction->count) row->fold(width, partials, output);
  }
}

void kn_reduce(const void *pointer, const struct kn_team *team) {
  const struct kn_reduce_arguments *arguments = pointer;
  const int function = arguments->function;
  assert(function >= 0 && function < KN_REDUCE_COUNT);
  struct kn_nest kept;
  struct reduction reduction = {
      .row = function < KN_REDUCE_FLOATS ? &kn_reduce_rows()->functions[function]
                                         : &kn_reduce_i32_rows[function - KN_REDUCE_FLOATS]};
  kn_nest_start(&kept, arguments->kept_rank, arguments->kept_shape);
  kn_nest_add(&kept, arguments->kept_strides);
  kn_nest_collapse(&kept);
  kn_nest_start(&reduction.reduced, arguments->reduced_rank, arguments->reduced_shape);
  kn_nest_add(&reduction.reduced, arguments->reduced_strides);
  kn_nest_collapse(&reduction.reduced);
  reduction.count = kn_nest_count(&reduction.reduced, reduction.reduced.rank);

  const size_t inner = kept.rank - 1, width = kept.shape[inner];
  const ptrdiff_t stride = kept.strides[0][inner];
  const int by_columns = stride == 1 && width >= FEW_COLUMNS &&
                         reduction.reduced.strides[0][reduction.reduced.rank - 1] != 1;
  const size_t most = by_columns ? COLUMNS : 1;

  const size_t total = kn_nest_count(&kept, kept.rank);
  const struct kn_range range = kn_partition(total, LINE, team->index, team->count);
  if (range.begin == range.end) return;
  struct kn_walk walk;
  kn_walk_start(&walk, &kept, inner, range.begin / width);
  size_t column = range.begin % width;
  for (size_t position = range.begin; position < range.end;) {
    const size_t count = kn_smaller(kn_smaller(width - column, range.end - position), most);
    const uint32_t *input =
        (const uint32_t *)arguments->input + walk.offsets[0] + (ptrdiff_t)column * stride;
    uint32_t *output = (uint32_t *)arguments->output + position;
    if (by_columns) {
      reduce_columns(&reduction, input, count, output);
    } else {
      reduce_one(&reduction, input, output);
    }
    if (function == KN_REDUCE_MEAN) {
      float *means = (float *)arguments->output + position;
      for (size_t c = 0; c < count; c++) means[c] /= (float)reduction.count;
    }
    position += count;
    column += count;
    if (column == width) {
      column = 0;
      kn_walk_next(&walk);
    }
  }
}
