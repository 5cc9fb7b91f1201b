// What the driver calls for each instruction set.
#ifndef RANDOM_FILL_H
#define RANDOM_FILL_H

#include <stddef.h>
#include <stdint.h>

// A bijection of 32 bits that leaves no visible pattern.
static inline __attribute__((always_inline)) uint32_t kn_hash(uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7feb352du;
  x = (x ^ (x >> 15)) * 0x846ca68bu;
  return x ^ (x >> 16);
}

// output[i] = the upper 24 bits of hash(first + i), over 2^24.
typedef void kn_random_fill(uint32_t first, size_t count, float *output);
kn_random_fill kn_random_fill__portable;
#if defined(__x86_64__)
kn_random_fill kn_random_fill__avx2;
kn_random_fill kn_random_fill__avx512;
#endif

#endif
