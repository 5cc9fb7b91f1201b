#if defined(__x86_64__)

#include "base/isa_begin_avx2.h"
#include "base/vector_math_avx2.h"

#define PROBE_LOOPS kn_probe_loops_avx2
#include "base/probe_loops.h"

#include "base/isa_end.h"

#endif
