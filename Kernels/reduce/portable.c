#include "base/vector_math_portable.h"

#define REDUCE_ROWS kn_reduce_rows__portable
#include "reduce/float_rows.h"
