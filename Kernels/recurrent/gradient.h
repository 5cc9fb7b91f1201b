// Inside kn_recurrent_gradient: what its parts work on, laid out in the caller's workspace.
//
// Rows are in order of length, as in storage.h: place p of a batch has the p-th longest row. Steps
// within the rows' lengths follow each other step by step, and in a step by place: `first[step]` is
// where a step begins. What the products over all steps need is kept in that order.
#ifndef RECURRENT_GRADIENT_H
#define RECURRENT_GRADIENT_H

#include "base/partition.h"
#include "gemm/gemm.h"
#include "kernels/recurrent_gradient.h"
#include "recurrent/kernels.h"
#include "recurrent/rows.h"

// Gates that lie next to each other both in what the pointwise step leaves and in the weights.
struct kn_gradient_part {
  uint8_t from;  // among the gates that the pointwise step leaves
  uint8_t to;    // among those of the weights
  uint8_t count;
  bool gated;    // multiplied with r∘h instead of h
};

// What the pointwise step leaves of a cell: gates for the products.
struct kn_gradient_layout {
  size_t gates;
  size_t step_gate;                        // where those begin that U multiplies, in U's order
  size_t input_parts, hidden_parts;
  struct kn_gradient_part input_part[2];   // gates that belong to W
  struct kn_gradient_part hidden_part[2];  // to U
};

extern const struct kn_gradient_layout kn_gradient_layouts[KN_CELL_COUNT];

struct kn_gradient_direction {
  float *hidden_weights;   // Uᵀ in panels, as gemm packs it
  float *input_weights;    // Wᵀ likewise; not without x_gradient
  float *hidden_gradient;  // [batch, state_stride]
  float *cell_gradient;    // lstm
  float *product;          // gru reset before: dn·Uₙᵀ
  float *gates;            // [steps, gates_stride]: dg, the left operand of dg·Uᵀ and dg·Wᵀ
  float *panels;           // dg as gemm packs a right operand, that of dW and dU
  float *gated;            // [steps, hidden], gru reset before: r∘h
  // Left operands of dW and dU: [input, operand_stride] and twice [hidden, operand_stride].
  float *x, *before, *gated_columns;
};

struct kn_gradient_storage {
  struct kn_gradient_direction direction[2];
  size_t state_stride, gates_stride, operand_stride, buffer_stride;
  size_t panels, panel_stride;  // of a gate
  float *ones;                  // [steps]
  // A member's own.
  float *buffer;                // [KN_GRADIENT_ROWS, buffer_stride]
  float *zeros;                 // [hidden]
  size_t *order, *lengths;      // as in storage.h
  size_t *counts, *at;
  size_t *first;                // [time + 1]
  struct kn_backward_row *row[2];
};

// Rows of dx that are computed at a time, beside where they go.
enum { KN_GRADIENT_ROWS = 112 };

// Where among dense steps [batch, time] the step of a place is.
static inline size_t kn_gradient_dense(const struct kn_recurrent_gradient_arguments *a,
                                       const struct kn_gradient_storage *s, size_t d, size_t place,
                                       size_t step) {
  const bool reverse = a->direction[d].reverse;
  return s->order[place] * a->time + kn_place_in_time(reverse, s->lengths[place], step);
}

// The h that the step of a place began with.
static inline const float *kn_gradient_before(const struct kn_recurrent_gradient_arguments *a,
                                              const struct kn_gradient_storage *s, size_t d,
                                              size_t place, size_t step) {
  const float *initial = a->direction[d].initial_hidden;
  if (step == 0) return initial == NULL ? s->zeros : initial + s->order[place] * a->hidden;
  const size_t dense = kn_gradient_dense(a, s, d, place, step - 1);
  return a->output + (dense * a->directions + d) * a->hidden;
}

// What one member does of a step: units of all rows, with a barrier after each half of a step, and
// all directions together; or all units of the rows at every row_step-th place, with none, and one
// direction after the other in the same memory.
struct kn_gradient_share {
  struct kn_range units;
  size_t first_row, row_step;
  bool by_rows;
};

struct kn_gradient_share kn_gradient_share(const struct kn_recurrent_gradient_arguments *arguments,
                                           size_t member, size_t count);

// Lays out the storage of member `index`; returns the floats for the whole team of `count`.
size_t kn_gradient_storage(const struct kn_recurrent_gradient_arguments *arguments, size_t index,
                           size_t count, float *workspace,
                           struct kn_gradient_storage *storage);

// The order of rows, for the member itself.
void kn_gradient_order(const struct kn_recurrent_gradient_arguments *arguments,
                       const struct kn_gradient_storage *storage);

// A member's part of what must be there before a direction's steps.
void kn_gradient_prepare(const struct kn_recurrent_gradient_arguments *arguments,
                         const struct kn_gradient_storage *storage, size_t d,
                         const struct kn_team *team);

// A member's part of r∘h, as columns.
void kn_gradient_turn_gated(const struct kn_recurrent_gradient_arguments *arguments,
                            const struct kn_gradient_storage *storage, size_t d,
                            const struct kn_team *team);

// Everything of a direction but the steps: dx, dW, dU and the biases' gradients.
void kn_gradient_products(const struct kn_recurrent_gradient_arguments *arguments,
                          const struct kn_gradient_storage *storage, size_t d,
                          const struct kn_team *team);

#endif
