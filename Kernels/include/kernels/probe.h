// What this machine can do at most: the limits that measured kernels are held against.
#ifndef KERNELS_PROBE_H
#define KERNELS_PROBE_H

#include <stddef.h>

// Per second: by one thread, and by all together.
struct kn_probe_rate {
  double one, all;
};

struct kn_probe_result {
  struct kn_probe_rate multiply_add;  // float32 operations, two for each fused multiply-add
  struct kn_probe_rate multiply_add_bfloat16;  // 0 where the instruction set has none
  struct kn_probe_rate read_first_level, read_second_level, read_third_level, read_memory;  // bytes
  double barrier_nanoseconds;  // 0 with one thread
  double execute_nanoseconds;  // kn_execute of a step that does nothing, with all threads
};

// Measures for about `seconds` on teams of 1 and `threads`, with the active instruction set; every
// figure is the best of many runs. The bandwidths are 0 when memory for them runs out.
void kn_probe(size_t threads, double seconds, struct kn_probe_result *result);

#endif
