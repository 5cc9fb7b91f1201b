// The product of one thread: blocks for the caches, tiles for the registers.
#include <string.h>

#include "gemm/gemm.h"

enum { MAX_COLUMNS = KN_GEMM_MAX_WIDTH << (KN_GEMM_PANEL_CLASSES - 1) };

const struct kn_gemm_kernels *kn_gemm_kernels_for(enum kn_isa isa) {
#if defined(__x86_64__)
  if (isa == KN_ISA_AVX512_BF16) return &kn_gemm_kernels_avx512_bf16;
  if (isa == KN_ISA_AVX512) return &kn_gemm_kernels_avx512;
  if (isa == KN_ISA_AVX2) return &kn_gemm_kernels_avx2;
#endif
  (void)isa;
  return &kn_gemm_kernels_portable;
}

static size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static void finish(const struct kn_gemm_kernels *kernels, const struct kn_gemm_block *block,
                   size_t row, size_t column, size_t rows, size_t columns, bool is_scaled) {
  const struct kn_gemm_epilogue epilogue = kn_gemm_epilogue_at(*block->epilogue, row, column);
  kernels->finish(&epilogue, rows, columns, block->c + row * block->c_row_stride + column,
                  block->c_row_stride, is_scaled);
}

// At the right edge, the tile is computed beside C: microkernels know whole panels only.
static void multiply_edge(kn_gemm_microkernel microkernel, struct kn_gemm_tile tile, size_t rows,
                          size_t columns) {
  float beside[KN_GEMM_MAX_ROWS * MAX_COLUMNS];
  const size_t stride = MAX_COLUMNS, c_row_stride = tile.c_row_stride;
  float *c = tile.c;
  if (tile.begins_at_c) {
    for (size_t i = 0; i < rows; i++) {
      memcpy(beside + i * stride, c + i * c_row_stride, columns * sizeof *c);
    }
  }
  tile.c = beside;
  tile.c_row_stride = stride;
  microkernel(&tile);
  for (size_t i = 0; i < rows; i++) {
    memcpy(c + i * c_row_stride, beside + i * stride, columns * sizeof *c);
  }
}

// Brings the rows of C that a tile will touch nearer while the tile before it is computed.
static void prefetch_rows(const float *c, size_t c_row_stride, size_t rows, size_t columns) {
  for (size_t i = 0; i < rows; i++) {
    for (size_t j = 0; j < columns; j += 16) __builtin_prefetch(c + i * c_row_stride + j, 1);
  }
}

// All rows against one group of panels.
static void multiply_group(const struct kn_gemm_kernels *kernels, const struct kn_gemm_block *block,
                           const struct kn_gemm_tile *first, size_t class, size_t columns,
                           size_t column, bool last) {
  const size_t tiles = divide_up(block->m, kernels->rows[class]);
  const size_t each = block->m / tiles, extra = block->m % tiles;
  const bool edge = columns < kernels->width << class;
  const struct kn_gemm_epilogue *epilogue = last ? block->epilogue : NULL;
  struct kn_gemm_tile group = *first;
  // Whole tiles are scaled and shifted in registers; what else there is to do takes another pass.
  const bool is_scaled = epilogue != NULL && !edge;
  if (is_scaled) {
    group.is_scaled = true;
    group.scale = epilogue->scale;
    if (epilogue->bias != NULL) group.bias = epilogue->bias + column;
  }
  const bool is_finished = is_scaled && epilogue->activation == KN_ACTIVATION_NONE &&
                           epilogue->residual == NULL;
  // The tiles share out the next panel: it arrives while this one is used from a nearer cache. A
  // single tile has nothing to wait with, and the CPU's own prefetching follows the panel.
  if (tiles > 1) {
    group.next = (const char *)(group.panel + group.panel_stride);
    group.next_stride =
        kn_gemm_panel_words(kernels, block->panel_type) * sizeof(float) / tiles;
  }
  for (size_t t = 0, row = 0; t < tiles; t++) {
    const size_t rows = each + (t < extra ? 1 : 0);
    struct kn_gemm_tile tile = group;
    tile.a += row * block->a_row_stride;
    tile.c += row * block->c_row_stride;
    tile.next += t * tile.next_stride * tile.k;
    const kn_gemm_microkernel microkernel =
        kernels->microkernels[block->panel_type][class][rows - 1];
    if (edge) {
      multiply_edge(microkernel, tile, rows, columns);
    } else {
      if (t + 1 < tiles) {
        prefetch_rows(tile.c + rows * tile.c_row_stride, tile.c_row_stride, each, columns);
      }
      microkernel(&tile);
    }
    if (epilogue != NULL && !is_finished) {
      finish(kernels, block, row, column, rows, columns, is_scaled);
    }
    row += rows;
  }
}

// All rows against all columns, for k from p on.
static void multiply_slice(const struct kn_gemm_kernels *kernels, const struct kn_gemm_block *block,
                           size_t p, size_t k) {
  const size_t width = kernels->width, panels = divide_up(block->n, width);
  const bool last = p + k == block->k;
  for (size_t panel = 0; panel < panels;) {
    // More panels at once where one pass has all rows.
    size_t class = KN_GEMM_PANEL_CLASSES - 1;
    while (class > 0 && (block->m > kernels->rows[class] || panel + (1u << class) > panels)) {
      class--;
    }
    const size_t column = panel * width;
    const struct kn_gemm_tile group = {
        .k = k,
        .a = block->a + p * block->a_column_stride,
        .a_row_stride = block->a_row_stride,
        .a_column_stride = block->a_column_stride,
        .panel = block->panels + panel * block->panel_stride + p * block->panel_step,
        .panel_step = block->panel_step,
        .panel_stride = block->panel_stride,
        .c = block->c + column,
        .c_row_stride = block->c_row_stride,
        .begins_at_c = block->begins_at_c || p > 0,
        .next = (const char *)block->panels,
    };
    multiply_group(kernels, block, &group, class, smaller(block->n - column, width << class),
                   column, last);
    panel += 1u << class;
  }
}

size_t kn_gemm_block_rows(const struct kn_gemm_kernels *kernels, size_t depth) {
  const size_t tiles = KN_GEMM_BLOCK_SIZE / (depth > 0 ? depth : 1) / kernels->rows[0];
  return (tiles > 1 ? tiles : 1) * kernels->rows[0];
}

void kn_gemm_multiply(const struct kn_gemm_kernels *kernels, const struct kn_gemm_block *block) {
  const size_t slices = divide_up(block->k, KN_GEMM_BLOCK_K);
  const size_t slice = slices > 1 ? divide_up(block->k, slices) : block->k;
  const size_t row_blocks = divide_up(block->m, kn_gemm_block_rows(kernels, slice));
  for (size_t i = 0, row = 0; i < row_blocks; i++) {
    struct kn_gemm_block part = *block;
    struct kn_gemm_epilogue epilogue;
    part.m = block->m / row_blocks + (i < block->m % row_blocks ? 1 : 0);
    part.a += row * block->a_row_stride;
    part.c += row * block->c_row_stride;
    if (block->epilogue != NULL) {
      epilogue = kn_gemm_epilogue_at(*block->epilogue, row, 0);
      part.epilogue = &epilogue;
    }
    size_t p = 0;
    do {
      const size_t depth = smaller(slice, block->k - p);
      multiply_slice(kernels, &part, p, depth);
      p += depth;
    } while (p < block->k);
    row += part.m;
  }
}
