#include "base/vector_math_portable.h"

#define PROBE_LOOPS kn_probe_loops_portable
#include "base/probe_loops.h"
