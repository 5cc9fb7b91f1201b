#include <string.h>

#include "base/bfloat16.h"
#include "base/partition.h"
#include "base/sizes.h"
#include "gemm/gemm.h"
#include "layout/transpose.h"

typedef float four __attribute__((vector_size(16), aligned(4), may_alias));

static void transpose_4x4(const float *from, size_t from_stride, float *to, size_t to_stride) {
  const four a = *(const four *)from, b = *(const four *)(from + from_stride);
  const four c = *(const four *)(from + 2 * from_stride), d = *(const four *)(from + 3 * from_stride);
  const four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  const four ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const four cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const four cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  *(four *)to = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
  *(four *)(to + to_stride) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
  *(four *)(to + 2 * to_stride) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
  *(four *)(to + 3 * to_stride) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

static void transpose_edge(const float *from, size_t rows, size_t columns, size_t from_stride,
                           float *to, size_t to_stride) {
  const size_t whole_rows = rows / 4 * 4, whole_columns = columns / 4 * 4;
  for (size_t i = 0; i < whole_rows; i += 4) {
    for (size_t j = 0; j < whole_columns; j += 4) {
      transpose_4x4(from + i * from_stride + j, from_stride, to + j * to_stride + i, to_stride);
    }
  }
  for (size_t i = 0; i < rows; i++) {
    for (size_t j = i < whole_rows ? whole_columns : 0; j < columns; j++) {
      to[j * to_stride + i] = from[i * from_stride + j];
    }
  }
}

// Columns that are turned in one go are a pair of cache lines. Rows are asked for ahead: far ones are
// new pages to the CPU, whose own prefetching stops there.
void kn_gemm_transpose(const float *from, size_t rows, size_t columns, size_t from_stride,
                       float *to, size_t to_stride) {
  const kn_transpose_tile transpose_tile = kn_transpose_tile_active();
  const size_t whole_rows = rows / TILE * TILE, whole_columns = columns / TILE * TILE;
  for (size_t j = 0; j < whole_columns; j += 2 * TILE) {
    const size_t end = j + 2 * TILE < whole_columns ? j + 2 * TILE : whole_columns;
    for (size_t i = 0; i < whole_rows; i += TILE) {
      for (size_t row = i + TILE; row < i + 2 * TILE && row < rows; row++) {
        __builtin_prefetch(from + row * from_stride + j);
        __builtin_prefetch(from + row * from_stride + end - 1);
      }
      for (size_t part = j; part < end; part += TILE) {
        transpose_tile((const uint32_t *)(from + i * from_stride + part), (ptrdiff_t)from_stride,
                       (uint32_t *)(to + part * to_stride + i), (ptrdiff_t)to_stride);
      }
    }
  }
  transpose_edge(from + whole_columns, whole_rows, columns - whole_columns, from_stride,
                 to + whole_columns * to_stride, to_stride);
  transpose_edge(from + whole_rows * from_stride, rows - whole_rows, columns, from_stride,
                 to + whole_rows, to_stride);
}

// Panels of rows that lie in one piece. A whole panel's width is a multiple of four.
static void copy_panel(size_t width, const float *b, size_t k, size_t columns, size_t row_stride,
                       float *panel) {
  if (columns < width) {
    for (size_t p = 0; p < k; p++) {
      memcpy(panel + p * width, b + p * row_stride, columns * sizeof *b);
    }
    return;
  }
  for (size_t p = 0; p < k; p++) {
    kn_gemm_ask_for(b + kn_smaller(p + KN_GEMM_AHEAD, k - 1) * row_stride, width);
    for (size_t j = 0; j < width; j += 4) {
      *(four *)(panel + p * width + j) = *(const four *)(b + p * row_stride + j);
    }
  }
}

// One panel of `columns` columns, filled up with zeros to `width`.
static void pack_panel(size_t width, const float *b, size_t k, size_t columns, size_t row_stride,
                       size_t column_stride, float *panel) {
  if (columns < width && k > 0) memset(panel, 0, k * width * sizeof *panel);
  if (column_stride == 1) {
    copy_panel(width, b, k, columns, row_stride, panel);
  } else if (row_stride == 1) {
    kn_gemm_transpose(b, columns, k, column_stride, panel, width);
  } else {
    for (size_t p = 0; p < k; p++) {
      for (size_t j = 0; j < columns; j++) {
        panel[p * width + j] = b[p * row_stride + j * column_stride];
      }
    }
  }
}

void kn_gemm_pack_panels(size_t width, const float *b, size_t k, size_t n, size_t row_stride,
                         size_t column_stride, float *panels, size_t panel_stride) {
  for (size_t column = 0; column < n; column += width, panels += panel_stride) {
    const size_t columns = kn_smaller(n - column, width);
    pack_panel(width, b + column * column_stride, k, columns, row_stride, column_stride, panels);
  }
}

size_t kn_gemm_packed_size(size_t k, size_t n) {
  const size_t width = kn_gemm_kernels_for(kn_isa_active())->width;
  return kn_round_up(n, width) * k;
}

size_t kn_gemm_packed_bfloat16_size(size_t k, size_t n) {
  const struct kn_gemm_kernels *kernels = kn_gemm_kernels_for(kn_isa_active());
  const size_t panels = kn_divide_up(n, kernels->width);
  return panels * kn_gemm_steps(kernels, KN_WEIGHTS_BFLOAT16, k) *
         kn_gemm_panel_words(kernels, KN_WEIGHTS_BFLOAT16);
}

void kn_gemm_pack_share(const float *b, size_t k, size_t n, size_t row_stride,
                        size_t column_stride, float *packed, const struct kn_team *team) {
  const size_t width = kn_gemm_kernels_for(kn_isa_active())->width;
  const struct kn_range own = kn_partition(n, width, team->index, team->count);
  kn_gemm_pack_panels(width, b + own.begin * column_stride, k, own.end - own.begin, row_stride,
                      column_stride, packed + own.begin * k, k * width);
}

void kn_gemm_pack(const float *b, size_t k, size_t n, size_t row_stride, size_t column_stride,
                  float *packed) {
  const struct kn_team alone = {0, 1, NULL};
  kn_gemm_pack_share(b, k, n, row_stride, column_stride, packed, &alone);
}

// words[j] = first[j] in the lower half, second[j] in the upper.
static void round_words(const float *first, const float *second, size_t count, uint32_t *words) {
  for (size_t j = 0; j < count; j++) {
    words[j] = kn_to_bfloat16(first[j]) | (uint32_t)kn_to_bfloat16(second[j]) << 16;
  }
}

// A slice of a panel is packed as float32 in the first-level cache, then rounded. A word holds two
// elements, half a panel apart in a step of k or a step of k apart in a column.
void kn_gemm_pack_bfloat16_share(const float *b, size_t k, size_t n, size_t row_stride,
                                 size_t column_stride, float *packed, const struct kn_team *team) {
  enum { DEPTH = 64 };
  float slice[DEPTH * KN_GEMM_MAX_WIDTH];
  const enum kn_weight_type type = KN_WEIGHTS_BFLOAT16;
  const struct kn_gemm_kernels *kernels = kn_gemm_kernels_for(kn_isa_active());
  const size_t width = kernels->width, step = kn_gemm_panel_words(kernels, type);
  const bool is_paired = kn_gemm_multiplies_pairs(kernels, type);
  const size_t rows = is_paired ? 2 : 1, apart = is_paired ? width : width / 2;
  const struct kn_range own = kn_partition(n, width, team->index, team->count);
  for (size_t column = own.begin; column < own.end; column += width) {
    const size_t columns = kn_smaller(n - column, width);
    uint32_t *words = (uint32_t *)packed + column / width * step * kn_gemm_steps(kernels, type, k);
    for (size_t p = 0; p < k; p += DEPTH) {
      const size_t depth = kn_smaller(k - p, DEPTH);
      pack_panel(width, b + p * row_stride + column * column_stride, depth, columns, row_stride,
                 column_stride, slice);
      if (depth % rows != 0) memset(slice + depth * width, 0, width * sizeof *slice);
      for (size_t q = 0; q < depth; q += rows, words += step) {
        round_words(slice + q * width, slice + q * width + apart, step, words);
      }
    }
  }
}
