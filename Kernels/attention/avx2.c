#if defined(__x86_64__)

#include <math.h>

#include "base/isa_begin_avx2.h"
#include "base/vector_math_avx2.h"

#define ATTENTION_ROWS kn_attention_rows_avx2
#include "attention/vector_rows.h"

#include "base/isa_end.h"

#endif
