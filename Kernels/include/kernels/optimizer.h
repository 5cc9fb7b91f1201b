// Steps of optimizers, in one pass over memory.
#ifndef KERNELS_OPTIMIZER_H
#define KERNELS_OPTIMIZER_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/execution.h"

// How a parameter w follows its gradient g; r: learning rate, s and t: state.
enum kn_optimizer_rule {
  KN_OPTIMIZER_SGD,       // w -= r g
  KN_OPTIMIZER_MOMENTUM,  // s = d0 s + g; w -= r s
  KN_OPTIMIZER_NESTEROV,  // s = d0 s + g; w -= r (g + d0 s)
  KN_OPTIMIZER_RMS_PROP,  // s = d0 s + (1 - d0) g^2; w -= r g / (sqrt(s) + epsilon)
  KN_OPTIMIZER_ADAGRAD,   // s = s + g^2; w -= r g / (sqrt(s) + epsilon)
  // s = d0 s + (1 - d0) g; t = d1 t + (1 - d1) g^2; with n the number of the step
  // w -= r s / (1 - d0^n) / (sqrt(t / (1 - d1^n)) + epsilon)
  KN_OPTIMIZER_ADAM,
  KN_OPTIMIZER_COUNT
};

// The gradient is `factor` times what `gradient` holds; weight decay adds weight_decay * w to it,
// or, decoupled, takes rate * weight_decay * w from w.
//
// gradient: [rows, width], its rows gradient_row_stride apart; parameter and states: dense
// [rows, width]. New values may be written over the old ones (the very same memory), and overlap
// nothing else. Each element's bits depend on its own operands alone.
struct kn_optimizer_arguments {
  enum kn_optimizer_rule rule;
  double decay[2];
  double epsilon, weight_decay;
  bool is_decoupled;
  size_t rows, width, gradient_row_stride;
  const float *rate, *factor, *step;  // one element each, read when the kernel runs; steps from 1
  const float *gradient;
  const float *parameter;
  const float *state[2];  // as many as the rule has
  float *new_parameter;
  float *new_state[2];
};
void kn_optimizer_update(const void *arguments, const struct kn_team *team);

#endif
