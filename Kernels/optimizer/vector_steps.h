// The rules of one instruction set, in the table OPTIMIZER_FUNCTIONS. It is included after
// vector_math_*.h by the file of each.
#include "base/vector_ieee.h"
#include "optimizer/steps.h"

// What w goes down by, over the rate; changes the states.
V_INLINE vf direction(enum kn_optimizer_rule rule, const struct kn_optimizer_step *step, vf g,
                      vf state[2]) {
  const vf decay = v_set(step->decay[0]), complement = v_set(step->complement[0]);
  const vf epsilon = v_set(step->epsilon);
  switch (rule) {
    case KN_OPTIMIZER_MOMENTUM:
      state[0] = v_fma(decay, state[0], g);
      return state[0];
    case KN_OPTIMIZER_NESTEROV:
      state[0] = v_fma(decay, state[0], g);
      return v_fma(decay, state[0], g);
    case KN_OPTIMIZER_RMS_PROP:
      state[0] = v_fma(decay, state[0], v_mul(v_mul(complement, g), g));
      return v_div(g, v_add(v_sqrt(state[0]), epsilon));
    case KN_OPTIMIZER_ADAGRAD:
      state[0] = v_fma(g, g, state[0]);
      return v_div(g, v_add(v_sqrt(state[0]), epsilon));
    case KN_OPTIMIZER_ADAM: {
      state[0] = v_fma(decay, state[0], v_mul(complement, g));
      const vf square = v_mul(v_mul(v_set(step->complement[1]), g), g);
      state[1] = v_fma(v_set(step->decay[1]), state[1], square);
      const vf root = v_sqrt(state[1]);
      return v_div(state[0], v_fma(root, v_set(step->square_root_factor), epsilon));
    }
    default: return g;
  }
}

// The `count` elements from `i`, at most a vector's.
V_INLINE void update(enum kn_optimizer_rule rule, int states, const struct kn_optimizer_step *step,
                     const struct kn_optimizer_run *run, size_t i, size_t count) {
  const vf w = v_load_part(run->parameter + i, count);
  const vf gradient = v_load_part(run->gradient + i, count);
  const vf g = v_fma(v_set(step->gradient_decay), w, v_mul(v_set(step->gradient_factor), gradient));
  vf state[2];
  for (int s = 0; s < states; s++) state[s] = v_load_part(run->state[s] + i, count);
  const vf down = direction(rule, step, g, state);
  const vf kept = v_mul(w, v_set(step->parameter_factor));
  v_store_part(run->new_parameter + i, count, v_fnma(v_set(step->rate), down, kept));
  for (int s = 0; s < states; s++) v_store_part(run->new_state[s] + i, count, state[s]);
}

#define RULE(name, NAME, STATES)                                                             \
  static void name(const struct kn_optimizer_step *step, const struct kn_optimizer_run *run) {\
    size_t i = 0;                                                                            \
    for (; i + V_WIDTH <= run->count; i += V_WIDTH) {                                        \
      update(KN_OPTIMIZER_##NAME, STATES, step, run, i, V_WIDTH);                            \
    }                                                                                        \
    if (i < run->count) {                                                                    \
      update(KN_OPTIMIZER_##NAME, STATES, step, run, i, run->count - i);                     \
    }                                                                                        \
  }
RULE(sgd, SGD, 0)
RULE(momentum, MOMENTUM, 1)
RULE(nesterov, NESTEROV, 1)
RULE(rms_prop, RMS_PROP, 1)
RULE(adagrad, ADAGRAD, 1)
RULE(adam, ADAM, 2)

kn_optimizer_function *const OPTIMIZER_FUNCTIONS[KN_OPTIMIZER_COUNT] = {
    sgd, momentum, nesterov, rms_prop, adagrad, adam};
