// Instruction sets: one build holds the kernels of all of them and chooses at run time.
#ifndef KERNELS_ISA_H
#define KERNELS_ISA_H

#include <stdbool.h>

// In order: each holds what the ones before it can do.
enum kn_isa { KN_ISA_PORTABLE, KN_ISA_AVX2, KN_ISA_AVX512 };

enum { KN_ISA_COUNT = 3 };

// The instruction set that kernels use: the best the CPU has, lowered by the environment variable
// SEQUENT_ISA=portable|avx2|avx512, which is read once.
enum kn_isa kn_isa_active(void);

// Chooses another one for the calling thread and the teams it executes, for tests and comparisons;
// weights must be packed again. One that the CPU lacks is lowered to the best it has.
void kn_isa_select(enum kn_isa isa);

bool kn_isa_supported(enum kn_isa isa);

const char *kn_isa_name(enum kn_isa isa);

#endif
