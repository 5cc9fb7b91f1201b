// Instruction sets: one build holds the kernels of all of them and chooses at run time.
#ifndef KERNELS_ISA_H
#define KERNELS_ISA_H

#include <stdbool.h>

// In order: each holds what the ones before it can do. AVX512_BF16 is AVX512 but for products with
// bfloat16 weights, which round the other operand too (kernels/gemm.h): their bits are its own.
enum kn_isa { KN_ISA_PORTABLE, KN_ISA_AVX2, KN_ISA_AVX512, KN_ISA_AVX512_BF16 };

enum { KN_ISA_COUNT = 4 };

// The instruction set that kernels use: the best the CPU has, lowered by the environment variable
// SEQUENT_ISA=portable|avx2|avx512|avx512bf16, which is read once.
enum kn_isa kn_isa_active(void);

// The one whose kernels it uses in families that don't tell AVX512_BF16 from AVX512.
enum kn_isa kn_isa_vectors(void);

// Chooses another one for the calling thread and the teams it executes, for tests and comparisons;
// weights must be packed again. One that the CPU lacks is lowered to the best it has.
void kn_isa_select(enum kn_isa isa);

bool kn_isa_supported(enum kn_isa isa);

const char *kn_isa_name(enum kn_isa isa);

#endif
