// Inside the gemm family: microkernels, and the product of one thread.
//
// The right operand is packed in panels of `width` columns, each k-major: panel [k][width], the last
// one filled up with zeros. A microkernel keeps a tile of C in registers, up to `rows` rows by one,
// two or four panels (few rows need more columns to keep the FMA units busy), while k runs. It
// may begin at what C holds, so k is cut into blocks wherever caches like it: every element is the
// same chain of fused multiply-adds however it is cut.
//
// In bfloat16, a step of a panel is a vector of 4-byte words: their lower halves are the first half
// of the columns, their upper halves the second, so that a shift and a mask widen them. Where pairs
// are multiplied at once (KN_ISA_AVX512_BF16), panel [ceil(k / 2)][width] has a word for each column
// at a step, elements (2q, j) and (2q + 1, j) of B; and a word of A is two of its elements, rounded.
// What is below then counts such steps of k, so that no cut parts a pair.
#ifndef GEMM_GEMM_H
#define GEMM_GEMM_H

#include "gemm/ahead.h"
#include "kernels/gemm.h"
#include "kernels/isa.h"

// A tile of whole panels: c[i][j] (+)= sum over p of a[i * a_row_stride + p * a_column_stride] *
// panel element (p, j).
struct kn_gemm_tile {
  size_t k;
  const float *a;
  size_t a_row_stride, a_column_stride;
  const float *panel;   // strides count 4-byte words
  size_t panel_step;    // from one step of k to the next: the width, where packed
  size_t panel_stride;  // from one panel to the next
  float *c;
  size_t c_row_stride;
  bool begins_at_c;
  // Memory that comes after this panel: every step of k asks for the line at `next` and moves on.
  const char *next;
  size_t next_stride;  // bytes; only tiles of one panel ask
  // Rows of A that the next tile will read and that may be far, or NULL: steps of k ask for their
  // lines in the order in which they will be read.
  const float *next_rows;
  // When the sums are complete: what is stored is scale * sum + bias.
  bool is_scaled;
  float scale;
  const float *bias;  // or NULL
};

typedef void (*kn_gemm_microkernel)(const struct kn_gemm_tile *tile);

// Has a tile of one panel ask for what there is ahead, if there is any.
static inline void kn_gemm_tile_asks(struct kn_gemm_tile *tile, struct kn_gemm_ahead *ahead) {
  size_t stride;
  const float *first = kn_gemm_ahead_take(ahead, tile->k, &stride);
  if (first == NULL) return;
  tile->next = (const char *)first;
  tile->next_stride = stride * sizeof(float);
}

// The part of the arguments that finishes an element whose sum is complete.
struct kn_gemm_epilogue {
  const float *bias;
  const float *residual;
  size_t residual_row_stride;
  bool residual_is_factor;
  float *slope;
  size_t slope_row_stride;
  enum kn_activation activation;
  float scale;
};

// The same for a part of C that begins at a row and a column.
static inline struct kn_gemm_epilogue kn_gemm_epilogue_at(struct kn_gemm_epilogue epilogue,
                                                          size_t row, size_t column) {
  if (epilogue.bias != NULL) epilogue.bias += column;
  if (epilogue.residual != NULL) {
    epilogue.residual += row * epilogue.residual_row_stride + column;
  }
  if (epilogue.slope != NULL) epilogue.slope += row * epilogue.slope_row_stride + column;
  return epilogue;
}

// Finishes a part of C: from its sums, which may already have been scaled and shifted by the bias.
typedef void (*kn_gemm_finish)(const struct kn_gemm_epilogue *epilogue, size_t rows, size_t columns,
                               const float *sums, size_t sums_row_stride, bool is_scaled, float *c,
                               size_t c_row_stride);

enum { KN_GEMM_MAX_ROWS = 14, KN_GEMM_PANEL_CLASSES = 3, KN_GEMM_WEIGHT_TYPES = 2 };

// One instruction set's kernels. microkernels[type][class][rows - 1] takes 1 << class panels.
struct kn_gemm_kernels {
  size_t width;
  size_t rows[KN_GEMM_PANEL_CLASSES];  // the highest tile of each class, falling
  kn_gemm_microkernel microkernels[KN_GEMM_WEIGHT_TYPES][KN_GEMM_PANEL_CLASSES][KN_GEMM_MAX_ROWS];
  kn_gemm_finish finish;
  // sums [width] += the sum of a packed panel's steps.
  void (*add_steps)(const float *panel, size_t k, float *sums);
  // Rounds x [count] to words of two bfloat16, an odd one's partner zero; NULL where kernels widen
  // bfloat16 weights.
  void (*round_pairs)(const float *x, size_t count, float *words);
};

extern const struct kn_gemm_kernels kn_gemm_kernels_portable;
#if defined(__x86_64__)
extern const struct kn_gemm_kernels kn_gemm_kernels_avx2, kn_gemm_kernels_avx512,
    kn_gemm_kernels_avx512_bf16;
#endif

const struct kn_gemm_kernels *kn_gemm_kernels_for(enum kn_isa isa);

static inline bool kn_gemm_multiplies_pairs(const struct kn_gemm_kernels *kernels,
                                            enum kn_weight_type type) {
  return type == KN_WEIGHTS_BFLOAT16 && kernels->round_pairs != NULL;
}

// The steps of a packed panel of depth k.
static inline size_t kn_gemm_steps(const struct kn_gemm_kernels *kernels, enum kn_weight_type type,
                                   size_t k) {
  return kn_gemm_multiplies_pairs(kernels, type) ? k / 2 + k % 2 : k;
}

// The 4-byte words that a step takes.
static inline size_t kn_gemm_panel_words(const struct kn_gemm_kernels *kernels,
                                         enum kn_weight_type type) {
  const bool halves = type == KN_WEIGHTS_BFLOAT16 && !kn_gemm_multiplies_pairs(kernels, type);
  return halves ? kernels->width / 2 : kernels->width;
}

// Where blocking cuts. Every cut of k is another pass over C, so k is cut late: panels that long
// stream from the second-level cache, which also holds BLOCK_SIZE floats of A while they do.
enum { KN_GEMM_BLOCK_K = 2048, KN_GEMM_BLOCK_SIZE = 84 * 2048, KN_GEMM_MAX_WIDTH = 32 };

// How many rows of B ahead of the one being packed are asked for: to the CPU each is another stream, of
// a line or two.
enum { KN_GEMM_AHEAD = 64 };

// Has the lines of some floats brought into the second-level cache: the first can wait for fewer.
static inline void kn_gemm_ask_for(const float *first, size_t floats) {
  for (size_t j = 0; j < floats; j += KN_GEMM_LINE) __builtin_prefetch(first + j, 0, 2);
  __builtin_prefetch(first + floats - 1, 0, 2);
}

// The rows of A that are multiplied at a time when k is cut to `depth`.
size_t kn_gemm_block_rows(const struct kn_gemm_kernels *kernels, size_t depth);

// Where panels are read from.
enum kn_gemm_distance {
  KN_GEMM_CACHED,  // one cache or another
  KN_GEMM_NEAR,    // the core's own cache: they need not be asked for
  KN_GEMM_FAR,     // memory
};

// A product that one thread computes by itself, over whole panels of the right operand but for the
// last: what kn_gemm is made of, and other families' building block.
struct kn_gemm_block {
  size_t m, n, k;
  const float *a;
  size_t a_row_stride, a_column_stride;
  const float *panels;
  enum kn_weight_type panel_type;
  // A right operand of whole panels is multiplied where it lies: with its row stride as the step, and
  // the width as the stride of panels.
  size_t panel_step, panel_stride;
  float *c;
  size_t c_row_stride;
  bool begins_at_c;
  const struct kn_gemm_epilogue *epilogue;  // for row 0 and column 0 of the block; or NULL
  enum kn_gemm_distance distance;           // of the panels
  // What to ask for beside the panels, or NULL: while the last panel is multiplied, or all along where
  // they are near.
  struct kn_gemm_ahead *ahead;
};

void kn_gemm_multiply(const struct kn_gemm_kernels *kernels, const struct kn_gemm_block *block);

// Fills panels of `width` columns, `panel_stride` apart, from a right operand [k, n].
void kn_gemm_pack_panels(size_t width, const float *b, size_t k, size_t n, size_t row_stride,
                         size_t column_stride, float *panels, size_t panel_stride);

// to[j * to_stride + i] = from[i * from_stride + j]
void kn_gemm_transpose(const float *from, size_t rows, size_t columns, size_t from_stride,
                       float *to, size_t to_stride);

#endif
