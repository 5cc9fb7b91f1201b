// Inside kn_recurrent_gradient: what its parts work on, laid out in the caller's workspace.
//
// Steps within the rows' lengths follow each other, row by row in order of time: `rows` of them, the
// same for both directions. What the products over all steps need is kept in that order.
#ifndef RECURRENT_GRADIENT_H
#define RECURRENT_GRADIENT_H

#include "gemm/gemm.h"
#include "kernels/recurrent_gradient.h"
#include "recurrent/kernels.h"
#include "recurrent/plan.h"

// Columns that two matrices of gates have in common, in units of `hidden`.
struct kn_gradient_part {
  uint8_t from;   // among the columns that the pointwise step leaves
  uint8_t to;     // among those of the weights
  uint8_t count;
  bool gated;     // multiplied with r∘h instead of h
};

// What the pointwise step leaves of a cell: columns for the products over all steps.
struct kn_gradient_layout {
  size_t columns;                          // in units of `hidden`
  size_t input_parts, hidden_parts;
  struct kn_gradient_part input_part[2];   // columns that belong to W
  struct kn_gradient_part hidden_part[2];  // to U
};

extern const struct kn_gradient_layout kn_gradient_layouts[KN_CELL_COUNT];

struct kn_gradient_direction {
  float *weights;           // Uᵀ in panels, as gemm packs it
  float *step[2];           // [places, step_stride]: dg of even and odd steps
  float *hidden_gradient;   // [places, state_stride]
  float *cell_gradient;     // lstm
  float *product;           // gru reset before: dn·Uₙᵀ
  float *before;            // [rows, hidden]: the h that each step began with
  float *gates;             // [rows, gates_stride]
  float *gated;             // [rows, hidden], gru reset before: r∘h
};

struct kn_gradient_storage {
  struct kn_gradient_direction direction[2];
  size_t step_stride, state_stride, gates_stride;
  float *zeros;              // [hidden]
  float *x, *x_gradient;     // [rows, input]: with lengths; else NULL
  float *products;           // gemm's workspace
  // A member's own.
  size_t *offsets;           // [batch + 1]: a row's first step among `rows`
  size_t *order, *lengths;   // as in storage.h
  size_t *counts, *at;
  struct kn_backward_row *row[2];
};

// What one member does of a step: units of all rows, with a barrier after each half of a step; or
// all units of some rows, with none.
struct kn_gradient_share {
  struct kn_range units;
  size_t first_row, row_step;
  size_t first_place;  // of its rows in matrices of [places]
  bool barriers;
};

struct kn_gradient_share kn_gradient_share(const struct kn_recurrent_gradient_arguments *arguments,
                                           size_t width, size_t member, size_t count);

// Lays out the storage of member `index`; returns the floats for the whole team of `count`, without
// those of the products, which come last.
size_t kn_gradient_storage(const struct kn_recurrent_gradient_arguments *arguments, size_t index,
                           size_t count, float *workspace,
                           struct kn_gradient_storage *storage);

// Everything but the steps: dx, dW, dU and the biases' gradients.
void kn_gradient_products(const struct kn_recurrent_gradient_arguments *arguments,
                          const struct kn_gradient_storage *storage, const struct kn_team *team);

// Floats of gemm workspace for these.
size_t kn_gradient_products_size(const struct kn_recurrent_gradient_arguments *arguments,
                                 size_t threads);

#endif
