#include "base/vector_math_portable.h"

#define NORMALIZATION_ROWS kn_normalization_rows__portable
#include "normalization/vector_rows.h"
