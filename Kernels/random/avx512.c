#if defined(__x86_64__)

#include "base/isa_begin_avx512.h"
#include "random/fill.h"

#define RANDOM_FILL kn_random_fill__avx512
#include "random/fill_loop.h"

#include "base/isa_end.h"

#endif
