#include <math.h>

#include "base/vector_math_portable.h"

#define FLOAT_BLOCKS kn_float_blocks__portable
#include "elementwise/float_blocks.h"
