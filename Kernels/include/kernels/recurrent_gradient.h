// The way back through recurrent layers: gradients of all that kn_recurrent reads.
#ifndef KERNELS_RECURRENT_GRADIENT_H
#define KERNELS_RECURRENT_GRADIENT_H

#include "kernels/recurrent.h"

// Weights and their gradients are merged: the gates' matrices side by side, [depth, gates * hidden],
// and biases [gates * hidden], in the order of kernels/recurrent.h. All is dense.
struct kn_recurrent_gradient_direction {
  const float *input_weights, *hidden_weights;
  const float *initial_hidden, *initial_cell;                // [batch, hidden], or NULL: zeros
  const float *final_hidden_gradient, *final_cell_gradient;  // [batch, hidden], or NULL: zeros
  float *input_weights_gradient, *hidden_weights_gradient;
  float *bias_gradient;                                      // or NULL
  float *hidden_bias_gradient;  // [hidden], or NULL; gru reset after only: that of n
  float *initial_hidden_gradient, *initial_cell_gradient;    // [batch, hidden], or NULL
  bool reverse;
};

// With dg the gradients of the gates' sums, over all steps within the rows' lengths:
//
//     dx = dg·Wᵀ   dW = Σ xᵀ·dg   dU = Σ hₜ₋₁ᵀ·dg   db = Σ dg   dhₜ₋₁ = dgₜ·Uᵀ
//
// where n of a gru has r∘dg (reset after) or r∘h (reset before) on the side of the state. Past its
// length a row has no part in the sums, and 0 in dx.
struct kn_recurrent_gradient_arguments {
  enum kn_cell cell;
  size_t time, batch, input, hidden;
  const float *x;                // [batch, time, input]
  const float *output;           // [batch, time, directions * hidden]
  const float *output_gradient;  // likewise, or NULL: zeros
  const float *saved;            // by kn_recurrent; not read for rnn
  const int32_t *lengths;        // [batch], or NULL
  size_t directions;             // 1 or 2
  struct kn_recurrent_gradient_direction direction[2];
  float *x_gradient;             // or NULL
  float *workspace;  // its contents don't matter, before and after; 64-byte boundary
};

// Floats of workspace for a team of up to `threads`. Only the cell, sizes, `directions` and whether
// `x_gradient` is NULL are read.
size_t kn_recurrent_gradient_workspace_size(
    const struct kn_recurrent_gradient_arguments *arguments, size_t threads);

// arguments: struct kn_recurrent_gradient_arguments. The bits are the same for every team.
void kn_recurrent_gradient(const void *arguments, const struct kn_team *team);

#endif
