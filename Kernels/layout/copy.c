// The driver of copies: it orders the axes as destination lies in memory, then copies contiguous
// rows, transposes tiles, or as a last resort moves single elements.
#include <assert.h>
#include <string.h>

#include "base/partition.h"
#include "base/strided.h"
#include "kernels/isa.h"
#include "kernels/layout.h"
#include "layout/transpose.h"

enum { DESTINATION, SOURCE };

// The team's shares begin at multiples of a cache line, if destination does.
enum { LINE = 16 };

static ptrdiff_t magnitude(ptrdiff_t stride) { return stride < 0 ? -stride : stride; }

static void swap_dimensions(struct kn_nest *nest, size_t a, size_t b) {
  const size_t size = nest->shape[a];
  nest->shape[a] = nest->shape[b];
  nest->shape[b] = size;
  for (size_t o = 0; o < nest->operands; o++) {
    const ptrdiff_t stride = nest->strides[o][a];
    nest->strides[o][a] = nest->strides[o][b];
    nest->strides[o][b] = stride;
  }
}

// Largest destination stride first.
static void sort_dimensions(struct kn_nest *nest) {
  const ptrdiff_t *strides = nest->strides[DESTINATION];
  for (size_t d = 1; d < nest->rank; d++) {
    for (size_t e = d; e > 0 && magnitude(strides[e - 1]) < magnitude(strides[e]); e--) {
      swap_dimensions(nest, e - 1, e);
    }
  }
}

static void copy_elements(size_t count, const uint32_t *source, ptrdiff_t source_stride,
                          uint32_t *destination, ptrdiff_t destination_stride) {
  if (source_stride == 1 && destination_stride == 1) {
    memcpy(destination, source, count * sizeof *source);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    destination[(ptrdiff_t)i * destination_stride] = source[(ptrdiff_t)i * source_stride];
  }
}

static void copy_rows(const struct kn_nest *nest, const uint32_t *source, uint32_t *destination,
                      const struct kn_team *team) {
  const size_t inner = nest->rank - 1, width = nest->shape[inner];
  const ptrdiff_t to = nest->strides[DESTINATION][inner], from = nest->strides[SOURCE][inner];
  const size_t total = kn_nest_count(nest, nest->rank);
  const struct kn_range range = kn_partition(total, LINE, team->index, team->count);
  if (range.begin == range.end) return;
  struct kn_walk walk;
  kn_walk_start(&walk, nest, inner, range.begin / width);
  size_t column = range.begin % width;
  for (size_t position = range.begin; position < range.end; column = 0) {
    const size_t rest = range.end - position;
    const size_t count = width - column < rest ? width - column : rest;
    copy_elements(count, source + walk.offsets[SOURCE] + (ptrdiff_t)column * from, from,
                  destination + walk.offsets[DESTINATION] + (ptrdiff_t)column * to, to);
    position += count;
    kn_walk_next(&walk);
  }
}

kn_transpose_tile kn_transpose_tile_active(void) {
  switch (kn_isa_vectors()) {
#if defined(__x86_64__)
    case KN_ISA_AVX512: return kn_transpose_tile__avx512;
    case KN_ISA_AVX2: return kn_transpose_tile__avx2;
#endif
    default: return kn_transpose_tile__portable;
  }
}

// The last two axes: rows are contiguous in source, columns in destination. Members take bands of
// TILE rows.
static void transpose(const struct kn_nest *nest, const uint32_t *source, uint32_t *destination,
                      const struct kn_team *team) {
  const kn_transpose_tile tile = kn_transpose_tile_active();
  const size_t outer = nest->rank - 2, rows = nest->shape[outer], columns = nest->shape[outer + 1];
  const ptrdiff_t to = nest->strides[DESTINATION][outer], from = nest->strides[SOURCE][outer + 1];
  const size_t bands = (rows + TILE - 1) / TILE;
  const struct kn_range range =
      kn_partition(kn_nest_count(nest, outer) * bands, 1, team->index, team->count);
  if (range.begin == range.end) return;
  struct kn_walk walk;
  kn_walk_start(&walk, nest, outer, range.begin / bands);
  for (size_t band = range.begin; band < range.end; band++) {
    const size_t r = band % bands * TILE, height = rows - r < TILE ? rows - r : TILE;
    const uint32_t *in = source + walk.offsets[SOURCE] + r;
    uint32_t *out = destination + walk.offsets[DESTINATION] + (ptrdiff_t)r * to;
    size_t c = 0;
    for (; height == TILE && c + TILE <= columns; c += TILE) {
      tile(in + (ptrdiff_t)c * from, from, out + c, to);
    }
    for (size_t i = 0; i < height; i++) {
      copy_elements(columns - c, in + (ptrdiff_t)c * from + i, from,
                    out + (ptrdiff_t)i * to + c, 1);
    }
    if ((band + 1) % bands == 0) kn_walk_next(&walk);
  }
}

void kn_copy(const void *pointer, const struct kn_team *team) {
  const struct kn_copy_arguments *arguments = pointer;
  struct kn_nest nest;
  kn_nest_start(&nest, arguments->rank, arguments->shape);
  kn_nest_add(&nest, arguments->destination_strides);
  kn_nest_add(&nest, arguments->source_strides);
  sort_dimensions(&nest);
  kn_nest_collapse(&nest);
  const size_t inner = nest.rank - 1;
  if (kn_nest_count(&nest, nest.rank) == 0) return;

  // An axis along which source is contiguous moves next to the one of destination.
  size_t contiguous = 0;
  while (contiguous < inner && nest.strides[SOURCE][contiguous] != 1) contiguous++;
  const int is_transposed = contiguous < inner && nest.strides[DESTINATION][inner] == 1 &&
                            nest.strides[SOURCE][inner] != 1;
  if (!is_transposed) {
    copy_rows(&nest, arguments->source, arguments->destination, team);
    return;
  }
  for (size_t d = contiguous; d + 1 < inner; d++) swap_dimensions(&nest, d, d + 1);
  transpose(&nest, arguments->source, arguments->destination, team);
}
