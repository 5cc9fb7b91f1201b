#include "gemm/gemm.h"

#if defined(__x86_64__)
#include "base/isa_begin_avx2.h"
#include "base/vector_math_avx2.h"

#define GEMM_ISA avx2
#define GEMM_UNROLL 4
#define GEMM_ROWS {6, 3, 1}
#include "gemm/microkernel.h"

#include "base/isa_end.h"
#endif
