// A member of the team at work on one direction, and its products.
#ifndef RECURRENT_MEMBER_H
#define RECURRENT_MEMBER_H

#include "recurrent/rows.h"

struct kn_recurrent_member {
  const struct kn_recurrent_arguments *a;
  const struct kn_recurrent_kernels *kernels;
  const struct kn_cell_layout *layout;
  const struct kn_recurrent_direction *direction;
  const struct kn_recurrent_states *states;
  const struct kn_recurrent_storage *storage;
  struct kn_range units;  // its own, with padding
  size_t padded_units;    // of the layer
  size_t rows;            // its own
  bool far;               // its weights don't stay in its core's own cache
};

// Units from `first` on that the layer really has, up to `units`.
static inline size_t kn_existing_units(const struct kn_recurrent_member *m, size_t first,
                                       size_t units) {
  if (first >= m->a->hidden) return 0;
  return m->a->hidden - first < units ? m->a->hidden - first : units;
}

// Its own units of x·W + bias, for the first `rows` rows of the storage's `inputs`.
void kn_recurrent_project(const struct kn_recurrent_member *m, size_t rows);

// Its own units of one phase of a step for the first `live` rows, whose inputs' products begin at row
// `chunk_row` of the chunk.
void kn_recurrent_step(const struct kn_recurrent_member *m, size_t step, size_t phase, size_t live,
                       size_t chunk_row);

#endif
