// kn_apply's functions, by instruction set.
#ifndef KN_VECTOR_MATH_TABLES_H
#define KN_VECTOR_MATH_TABLES_H

#include "kernels/vector_math.h"

typedef void (*kn_array_function)(size_t count, const float *x, float *y);

extern const kn_array_function kn_array_functions_portable[KN_FUNCTION_COUNT];
extern const kn_array_function kn_array_functions_avx2[KN_FUNCTION_COUNT];
extern const kn_array_function kn_array_functions_avx512[KN_FUNCTION_COUNT];

#endif
