// The product of one thread: blocks for the caches, tiles for the registers.
#include <string.h>

#include "base/sizes.h"
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

// Computes a tile at the beginning of a row of C, and what else there is to do if `epilogue` is not
// NULL: in place, or beside C. That is where C is narrower than the panels; and where the tile has
// another pass to come and C is not near: it is then touched once, when it may have arrived.
static void multiply_and_finish(const struct kn_gemm_kernels *kernels,
                                kn_gemm_microkernel microkernel, struct kn_gemm_tile tile,
                                size_t rows, size_t columns, bool is_beside,
                                const struct kn_gemm_epilogue *epilogue) {
  float beside[KN_GEMM_MAX_ROWS * MAX_COLUMNS];
  float *const c = tile.c;
  const size_t c_row_stride = tile.c_row_stride;
  if (is_beside) {
    tile.c = beside;
    tile.c_row_stride = MAX_COLUMNS;
    for (size_t i = 0; i < rows && tile.begins_at_c; i++) {
      memcpy(beside + i * MAX_COLUMNS, c + i * c_row_stride, columns * sizeof *c);
    }
  }
  microkernel(&tile);
  if (epilogue != NULL) {
    kernels->finish(epilogue, rows, columns, tile.c, tile.c_row_stride, tile.is_scaled, c,
                    c_row_stride);
  } else if (is_beside) {
    for (size_t i = 0; i < rows; i++) {
      memcpy(c + i * c_row_stride, beside + i * MAX_COLUMNS, columns * sizeof *c);
    }
  }
}

static void prefetch_rows(const float *first, size_t row_stride, size_t rows, size_t columns) {
  for (size_t i = 0; i < rows; i++) kn_gemm_ask_for(first + i * row_stride, columns);
}

// What a tile will touch beside its operands, asked for while the tile before it is computed.
static void prefetch_tile(const float *c, size_t c_row_stride,
                          const struct kn_gemm_epilogue *epilogue, size_t rows, size_t columns) {
  prefetch_rows(c, c_row_stride, rows, columns);
  if (epilogue->slope != NULL) {
    prefetch_rows(epilogue->slope, epilogue->slope_row_stride, rows, columns);
  }
  if (epilogue->residual != NULL) {
    prefetch_rows(epilogue->residual, epilogue->residual_row_stride, rows, columns);
  }
}

// All rows against one group of panels.
static void multiply_group(const struct kn_gemm_kernels *kernels, const struct kn_gemm_block *block,
                           const struct kn_gemm_tile *first, size_t class, size_t columns,
                           size_t column, bool last) {
  const size_t tiles = kn_divide_up(block->m, kernels->rows[class]);
  const size_t each = block->m / tiles, extra = block->m % tiles;
  struct kn_gemm_tile group = *first;
  struct kn_gemm_epilogue epilogue = {.activation = KN_ACTIVATION_NONE};
  const bool is_edge = columns < kernels->width << class, is_ended = last && block->epilogue != NULL;
  if (is_ended) epilogue = kn_gemm_epilogue_at(*block->epilogue, 0, column);
  // Whole tiles are scaled and shifted in registers; what else there is to do takes another pass.
  if (is_ended && !is_edge) {
    group.is_scaled = true;
    group.scale = epilogue.scale;
    group.bias = epilogue.bias;
  }
  const bool is_finished = !is_ended || (!is_edge && epilogue.activation == KN_ACTIVATION_NONE &&
                                         epilogue.residual == NULL);
  // Sums that begin at C have brought it near; but of rows a multiple of 2 KiB apart few stay there.
  const bool is_near = first->begins_at_c && block->c_row_stride % 512 != 0;
  const bool is_beside = is_edge || (!is_finished && !is_near);
  // The tiles share out the next panel, or what is to be asked for beside the panels: it arrives while
  // this one is used from a nearer cache. A single tile has nothing to wait with, and the CPU's own
  // prefetching follows the panel.
  const bool is_last_panel = column + columns == block->n;
  const bool asks_ahead = (is_last_panel || block->distance == KN_GEMM_NEAR) && block->ahead != NULL;
  if (!asks_ahead && tiles > 1) {
    group.next = (const char *)(group.panel + group.panel_stride);
    group.next_stride =
        kn_gemm_panel_words(kernels, block->panel_type) * sizeof(float) / tiles;
  }
  // The first panel is the one that finds rows of A far away, unless they were packed column by column.
  const bool asks_for_rows = column == 0 && block->a_column_stride == 1;
  for (size_t t = 0, row = 0; t < tiles; t++) {
    const size_t rows = each + (t < extra ? 1 : 0);
    struct kn_gemm_tile tile = group;
    tile.a += row * block->a_row_stride;
    if (asks_for_rows && t + 1 < tiles) tile.next_rows = tile.a + rows * block->a_row_stride;
    tile.c += row * block->c_row_stride;
    if (asks_ahead) {
      kn_gemm_tile_asks(&tile, block->ahead);
    } else {
      tile.next += t * tile.next_stride * tile.k;
    }
    if (t + 1 < tiles) {
      const struct kn_gemm_epilogue next = kn_gemm_epilogue_at(epilogue, row + rows, 0);
      prefetch_tile(tile.c + rows * tile.c_row_stride, tile.c_row_stride, &next, each, columns);
    }
    const struct kn_gemm_epilogue here = kn_gemm_epilogue_at(epilogue, row, 0);
    multiply_and_finish(kernels, kernels->microkernels[block->panel_type][class][rows - 1], tile, rows,
                        columns, is_beside, is_finished ? NULL : &here);
    row += rows;
  }
}

// All rows against all columns, for k from p on.
static void multiply_slice(const struct kn_gemm_kernels *kernels, const struct kn_gemm_block *block,
                           size_t p, size_t k) {
  const size_t width = kernels->width, panels = kn_divide_up(block->n, width);
  const bool last = p + k == block->k;
  // Steps of half a panel's bytes are too slow for it.
  const bool is_streamed = block->distance == KN_GEMM_FAR && block->panel_step == width;
  for (size_t panel = 0; panel < panels;) {
    // More panels at once where one pass has all rows. From memory one comes as fast as several, or
    // faster: the CPU's own prefetching follows a single stream best.
    size_t class = is_streamed ? 0 : KN_GEMM_PANEL_CLASSES - 1;
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
    multiply_group(kernels, block, &group, class, kn_smaller(block->n - column, width << class),
                   column, last);
    panel += 1u << class;
  }
}

size_t kn_gemm_block_rows(const struct kn_gemm_kernels *kernels, size_t depth) {
  const size_t tiles = KN_GEMM_BLOCK_SIZE / (depth > 0 ? depth : 1) / kernels->rows[0];
  return (tiles > 1 ? tiles : 1) * kernels->rows[0];
}

// In how many parts to cut k. Far panels are cut so short, if they are long, that all rows find room
// beside them: blocks of rows would each read them anew.
static size_t slices_of(const struct kn_gemm_block *block) {
  enum { SHORT = 768 };
  const size_t slices = kn_divide_up(block->k, KN_GEMM_BLOCK_K);
  const size_t whole = kn_divide_up(block->m * block->k, KN_GEMM_BLOCK_SIZE);
  const bool is_better = block->distance == KN_GEMM_FAR && whole > slices && block->k >= whole * SHORT;
  return is_better ? whole : slices;
}

void kn_gemm_multiply(const struct kn_gemm_kernels *kernels, const struct kn_gemm_block *block) {
  const size_t slices = slices_of(block);
  const size_t slice = slices > 1 ? kn_divide_up(block->k, slices) : block->k;
  const size_t row_blocks = kn_divide_up(block->m, kn_gemm_block_rows(kernels, slice));
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
      const size_t depth = kn_smaller(slice, block->k - p);
      multiply_slice(kernels, &part, p, depth);
      p += depth;
    } while (p < block->k);
    row += part.m;
  }
}
