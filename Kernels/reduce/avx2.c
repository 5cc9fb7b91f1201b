#if defined(__x86_64__)

#include <math.h>

#include "base/isa_begin_avx2.h"
#include "base/vector_math_avx2.h"

#define REDUCE_ROWS kn_reduce_rows__avx2
#include "reduce/float_rows.h"

#include "base/isa_end.h"

#endif
