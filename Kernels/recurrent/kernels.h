// The family's kernels of one instruction set, as its driver calls them.
#ifndef RECURRENT_KERNELS_H
#define RECURRENT_KERNELS_H

#include <stddef.h>

#include "recurrent/backward_kernels.h"
#include "recurrent/layout.h"

enum { KN_MAX_TILE_ROWS = 12, KN_MAX_TILE_FLOATS = 24 * 16 };

// out[r] = start[r] + rows[r] · panel for a few rows: every element is one chain of multiply-adds
// over k = 0, 1, …, depth − 1 that begins with `start`, in every kernel and for every row count.
// rows[r][k]: [depth] each. panel: [depth][blocks][width]. start: rows `start_stride` apart (0: the
// same for all). last: NULL, or what all rows' last block starts with instead. out: [rows][blocks][width].
// next: [depth][width] of weights that are wanted soon: a hint, any address will do.
typedef void (*kn_tile)(size_t depth, const float *const rows[], const float *panel,
                        const float *start, size_t start_stride, const float *last, float *out,
                        const float *next);

// The same for one row and many panels. start and out: panels `*_stride` apart. last: one block a panel.
typedef void (*kn_stripe)(size_t panels, size_t depth, const float *row, const float *packed,
                          const float *start, size_t start_stride, const float *last, float *out,
                          size_t out_stride);

// Finishes the cell of one panel's units for a few rows. Row r has its state at [at[r] + column].
struct kn_pointwise {
  size_t first, rows;  // rows first..<first + rows
  size_t column;      // the panel's first unit
  size_t units;       // how many of the panel's units exist: `output` has no room for more
  const float *sums;  // [rows][blocks][width]: what the phase's tile left
  const float *last;  // gru reset after: n's input product of the first row; last_stride apart
  size_t last_stride;
  const size_t *at;
  const float *hidden;
  float *new_hidden;
  float *second;          // lstm: c, in place; gru reset before: z, from phase 0 to phase 1
  float *gated;           // gru reset before: r∘h, from phase 0
  float *const *output;   // a row's h' for the caller, at unit 0; or NULL
  float *const *saved;    // a row's slots for the gradient, at unit 0; or NULL
  size_t saved_stride;    // from slot to slot
};

typedef void (*kn_pointwise_kernel)(const struct kn_pointwise *p);

// kn_recurrent_cell for units begin..<end of a row.
typedef void (*kn_cell_units)(const struct kn_recurrent_cell_arguments *arguments, size_t row,
                              size_t begin, size_t end);

struct kn_recurrent_kernels {
  size_t width;  // lanes
  size_t tile_rows[KN_MAX_BLOCKS + 1];  // the highest tile for a number of blocks
  kn_tile tile[KN_MAX_BLOCKS + 1][KN_MAX_TILE_ROWS + 1];
  size_t stripe_panels[KN_MAX_BLOCKS + 1];   // at once
  kn_stripe stripe[KN_MAX_BLOCKS + 1][2];    // for weights in the core's own cache, and from farther
  kn_pointwise_kernel pointwise[KN_CELL_COUNT][KN_MAX_PHASES];
  kn_cell_units cell[KN_CELL_COUNT];  // NULL for gru reset before
  kn_backward_kernel backward[KN_CELL_COUNT][KN_MAX_PHASES];
};

// Those of the active instruction set.
const struct kn_recurrent_kernels *kn_recurrent_kernels(void);

#endif
