#include "base/vector_math_tables.h"
#include "kernels/isa.h"

void kn_apply(enum kn_function function, size_t count, const float *x, float *y) {
  switch (kn_isa_vectors()) {
#if defined(__x86_64__)
    case KN_ISA_AVX512:
      kn_array_functions_avx512[function](count, x, y);
      return;
    case KN_ISA_AVX2:
      kn_array_functions_avx2[function](count, x, y);
      return;
#endif
    default:
      kn_array_functions_portable[function](count, x, y);
  }
}
