#include <math.h>

#include "base/vector_math_portable.h"

#define FLOAT_ROWS kn_float_rows__portable
#include "elementwise/float_rows.h"
