// The driver of optimizers: elements are shared out, whole cache lines of a dense parameter.
#include <math.h>

#include "base/partition.h"
#include "kernels/isa.h"
#include "optimizer/steps.h"

static kn_optimizer_function *const *optimizer_functions(void) {
  switch (kn_isa_vectors()) {
#if defined(__x86_64__)
    case KN_ISA_AVX512: return kn_optimizer_functions__avx512;
    case KN_ISA_AVX2: return kn_optimizer_functions__avx2;
#endif
    default: return kn_optimizer_functions__portable;
  }
}

// In double: of 1 - 0.999f only four digits would be right.
static struct kn_optimizer_step step_of(const struct kn_optimizer_arguments *arguments) {
  const double rate = *arguments->rate, decay = arguments->weight_decay;
  struct kn_optimizer_step step = {
      .gradient_factor = *arguments->factor,
      .gradient_decay = arguments->is_decoupled ? 0 : (float)decay,
      .parameter_factor = arguments->is_decoupled ? (float)(1 - rate * decay) : 1,
      .rate = (float)rate,
      .epsilon = (float)arguments->epsilon,
  };
  for (int i = 0; i < 2; i++) {
    step.decay[i] = (float)arguments->decay[i];
    step.complement[i] = (float)(1 - arguments->decay[i]);
  }
  if (arguments->rule == KN_OPTIMIZER_ADAM) {
    const double number = *arguments->step;
    step.rate = (float)(rate / (1 - pow(arguments->decay[0], number)));
    step.square_root_factor = (float)(1 / sqrt(1 - pow(arguments->decay[1], number)));
  }
  return step;
}

void kn_optimizer_update(const void *pointer, const struct kn_team *team) {
  const struct kn_optimizer_arguments *arguments = pointer;
  const size_t total = arguments->rows * arguments->width;
  const int is_dense = arguments->rows < 2 || arguments->gradient_row_stride == arguments->width;
  const size_t width = is_dense ? total : arguments->width;
  const struct kn_range range = kn_partition(total, 16, team->index, team->count);
  const struct kn_optimizer_step step = step_of(arguments);
  kn_optimizer_function *function = optimizer_functions()[arguments->rule];
  for (size_t i = range.begin; i < range.end;) {
    const size_t row = i / width, column = i % width;
    const size_t rest = width - column, left = range.end - i;
    struct kn_optimizer_run run = {
        .count = rest < left ? rest : left,
        .gradient = arguments->gradient + row * arguments->gradient_row_stride + column,
        .parameter = arguments->parameter + i,
        .new_parameter = arguments->new_parameter + i,
    };
    for (int s = 0; s < 2 && arguments->new_state[s] != NULL; s++) {
      run.state[s] = arguments->state[s] + i;
      run.new_state[s] = arguments->new_state[s] + i;
    }
    function(&step, &run);
    i += run.count;
  }
}
