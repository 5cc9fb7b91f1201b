// No include guard: what follows, up to isa_end.h, is compiled for AVX-512 (F, BW, DQ, VL, BF16) and
// FMA whatever the compiler's flags. OpenMP pragmas stay outside: their bodies do not inherit it.
#include <immintrin.h>
#pragma clang attribute push(                                                          \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma"))), \
    apply_to = function)
