#if defined(__x86_64__)

#include <math.h>

#include "base/isa_begin_avx512.h"
#include "base/vector_math_avx512.h"

#define FLOAT_BLOCKS kn_float_blocks__avx512
#include "elementwise/float_blocks.h"

#include "base/isa_end.h"

#endif
