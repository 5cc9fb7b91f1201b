#include "base/vector_math_portable.h"

#define SOFTMAX_ROWS kn_softmax_rows__portable
#include "softmax/vector_rows.h"
