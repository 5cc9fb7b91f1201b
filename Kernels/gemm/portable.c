#include "gemm/gemm.h"

#include "base/vector_math_portable.h"

#define GEMM_ISA portable
#define GEMM_UNROLL 1
#define GEMM_ROWS {4, 2, 1}
#include "gemm/microkernel.h"
