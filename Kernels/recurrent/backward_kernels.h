// The pointwise part of a step back, as kn_recurrent_gradient calls it.
#ifndef RECURRENT_BACKWARD_KERNELS_H
#define RECURRENT_BACKWARD_KERNELS_H

#include <stddef.h>

// A row at a step. Every pointer is for unit 0; slots and gates are `hidden` apart.
struct kn_backward_row {
  const float *saved;            // the slots
  const float *output;           // h'
  const float *output_gradient;  // or NULL
  const float *hidden_before;    // gru: h
  const float *cell_before;      // lstm: c
  const float *product;          // gru reset before: dn·Uₙᵀ
  float *hidden_gradient;        // of h' on the way in; on the way out of h, as far as no gate's sum
                                 // is between
  float *cell_gradient;          // lstm: of c', and then of c
  float *gates;                  // out: dg in a row
  float *panels;                 // and in gemm's panels, that of unit 0 and gate 0
  float *gated;                  // gru reset before: r∘h, for the product over all steps
};

struct kn_backward {
  size_t rows, hidden;
  size_t begin, end;            // units
  size_t panels, panel_stride;  // of a gate: two vectors wide each
  const struct kn_backward_row *row;
};

typedef void (*kn_backward_kernel)(const struct kn_backward *b);

#endif
