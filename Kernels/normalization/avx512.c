#if defined(__x86_64__)

#include "base/isa_begin_avx512.h"
#include "base/vector_math_avx512.h"

#define NORMALIZATION_ROWS kn_normalization_rows__avx512
#include "normalization/vector_rows.h"

#include "base/isa_end.h"

#endif
