// No include guard: what follows, up to isa_end.h, is compiled for AVX2 and FMA whatever the
// compiler's flags. OpenMP pragmas must stay outside: their bodies do not inherit the target.
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
