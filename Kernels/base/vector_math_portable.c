#include "base/vector_math_tables.h"

#include "base/vector_math_portable.h"

#define ARRAY_FUNCTIONS kn_array_functions_portable
#include "base/vector_math_arrays.h"
