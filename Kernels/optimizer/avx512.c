#if defined(__x86_64__)

#include "base/isa_begin_avx512.h"
#include "base/vector_math_avx512.h"

#define OPTIMIZER_FUNCTIONS kn_optimizer_functions__avx512
#include "optimizer/vector_steps.h"

#include "base/isa_end.h"

#endif
