#if defined(__x86_64__)

#include "base/isa_begin_avx512.h"
#include "base/vector_math_avx512.h"

#define EMBEDDING_SUM kn_embedding_sum__avx512
#include "embedding/vector_rows.h"

#include "base/isa_end.h"

#endif
