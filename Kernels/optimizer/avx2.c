#if defined(__x86_64__)

#include "base/isa_begin_avx2.h"
#include "base/vector_math_avx2.h"

#define OPTIMIZER_FUNCTIONS kn_optimizer_functions__avx2
#include "optimizer/vector_steps.h"

#include "base/isa_end.h"

#endif
