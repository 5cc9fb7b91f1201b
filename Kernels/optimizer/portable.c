#include "base/vector_math_portable.h"

#define OPTIMIZER_FUNCTIONS kn_optimizer_functions__portable
#include "optimizer/vector_steps.h"
