// Random numbers as a function of a seed and a position.
#ifndef KERNELS_RANDOM_H
#define KERNELS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/execution.h"

// output[i] = (hash(i + hash(seed + hash(stream))) >> 8) / 2^24, i < count, all modulo 2^32:
// uniform in [0, 1), the same on every instruction set. hash is lowbias32 (Wellons, 2018).
struct kn_random_uniform_arguments {
  size_t count;
  uint32_t stream;
  const int32_t *seed;  // one element, read when the kernel runs
  float *output;
};
void kn_random_uniform(const void *arguments, const struct kn_team *team);

#endif
