#if defined(__x86_64__)

#include "base/vector_math_tables.h"

#include "base/isa_begin_avx512.h"
#include "base/vector_math_avx512.h"

#define ARRAY_FUNCTIONS kn_array_functions_avx512
#include "base/vector_math_arrays.h"

#include "base/isa_end.h"

#endif
