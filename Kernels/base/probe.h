// The probe's inner loops, one pair for each instruction set.
#ifndef BASE_PROBE_H
#define BASE_PROBE_H

#include <stddef.h>

struct kn_probe_loops {
  // Independent chains of fused multiply-adds, as many as hide their latency; returns the number of
  // operations done.
  size_t (*multiply_add)(size_t rounds);
  // Reads `count` floats, a multiple of 256, over and over.
  void (*read)(const float *from, size_t count, size_t rounds);
};

extern const struct kn_probe_loops kn_probe_loops_portable;
#if defined(__x86_64__)
extern const struct kn_probe_loops kn_probe_loops_avx2, kn_probe_loops_avx512;

// The same as `multiply_add`, by pairs of bfloat16.
size_t kn_probe_multiply_pairs_avx512_bf16(size_t rounds);
#endif

#endif
