// How gates lie in packed weights.
#ifndef RECURRENT_LAYOUT_H
#define RECURRENT_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/recurrent.h"

// A panel is [depth][blocks][width]: `width` columns (a vector's lanes) of each of a few gates of the
// same units, so that a register tile over one panel ends with all that those units' cell needs:
//
//     lstm   i f g o  of width units         gru reset after   r z n  of width units
//     rnn    a a      of 2 · width units     gru reset before  r z    of width units, in phase 0
//                                                              n n    of 2 · width, in phase 1
//
// A phase is what can be computed before another barrier; its panels follow each other.
enum { KN_MAX_BLOCKS = 4, KN_MAX_PHASES = 2 };

struct kn_cell_phase {
  size_t units;                 // of a panel, in widths
  uint8_t gate[KN_MAX_BLOCKS];  // of each block
  uint8_t unit[KN_MAX_BLOCKS];  // the block's first unit in the panel, in widths
};

struct kn_cell_layout {
  size_t gates, blocks, phases;
  size_t granule;      // units that are never split, in widths: a whole number of each phase's panels
  size_t slots;        // that a unit's step keeps for the gradient
  size_t states;       // matrices of [batch, units] that a direction works on
  bool separate_last;  // the last block's hidden product is not added to its input product
  struct kn_cell_phase phase[KN_MAX_PHASES];
};

extern const struct kn_cell_layout kn_cell_layouts[KN_CELL_COUNT];

// Units with padding up to a whole granule: all columns of a packed matrix are gates * this.
static inline size_t kn_padded_units(const struct kn_cell_layout *layout, size_t hidden,
                                     size_t width) {
  const size_t granule = layout->granule * width;
  return (hidden + granule - 1) / granule * granule;
}

// Columns of the phases before `phase`, for `units` units.
static inline size_t kn_columns_before(const struct kn_cell_layout *layout, size_t phase,
                                       size_t units) {
  return phase == 0 ? 0 : units / layout->phase[0].units * layout->blocks;
}

#endif
