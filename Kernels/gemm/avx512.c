#include "gemm/gemm.h"

#if defined(__x86_64__)
#include "base/isa_begin_avx512.h"
#include "base/vector_math_avx512.h"

#define GEMM_ISA avx512
#define GEMM_UNROLL 1  // more spills: the tiles take all registers
#define GEMM_ROWS {14, 6, 3}
#include "gemm/microkernel.h"

#include "base/isa_end.h"
#endif
