// What the driver calls for each run of elements.
#ifndef OPTIMIZER_STEPS_H
#define OPTIMIZER_STEPS_H

#include "kernels/optimizer.h"

// A step's numbers, the same for all elements.
struct kn_optimizer_step {
  float gradient_factor, gradient_decay;  // g = gradient_factor * gradient + gradient_decay * w
  float parameter_factor;                 // what is left of w by decoupled decay
  float rate;                             // Adam's corrects the first moment too
  float decay[2], complement[2];          // d and 1 - d
  float square_root_factor;               // Adam's correction of the second moment's root
  float epsilon;
};

// Contiguous runs of count elements.
struct kn_optimizer_run {
  size_t count;
  const float *gradient, *parameter, *state[2];
  float *new_parameter, *new_state[2];
};

typedef void kn_optimizer_function(const struct kn_optimizer_step *step,
                                   const struct kn_optimizer_run *run);

// One instruction set's functions, by rule.
extern kn_optimizer_function *const kn_optimizer_functions__portable[KN_OPTIMIZER_COUNT];
#if defined(__x86_64__)
extern kn_optimizer_function *const kn_optimizer_functions__avx2[KN_OPTIMIZER_COUNT];
extern kn_optimizer_function *const kn_optimizer_functions__avx512[KN_OPTIMIZER_COUNT];
#endif

#endif
