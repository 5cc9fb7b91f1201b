// The probe's loops for one instruction set's vectors: the including file has a vector_math_*.h
// and defines PROBE_LOOPS, the name of the table.
#include "base/probe.h"

enum { CHAINS = 12, STREAMS = 8 };

// Makes the compiler believe that a value is used.
#define KEEP(x) __asm__ volatile("" : : "m"(x))

static size_t multiply_add(size_t rounds) {
  vf sums[CHAINS];
  const vf x = v_set(0.5f), y = v_set(1.0f);
  for (size_t c = 0; c < CHAINS; c++) sums[c] = v_set((float)c);
  for (size_t r = 0; r < rounds; r++) {
    for (size_t c = 0; c < CHAINS; c++) sums[c] = v_fma(sums[c], x, y);
  }
  for (size_t c = 0; c < CHAINS; c++) KEEP(sums[c]);
  return rounds * CHAINS * V_WIDTH * 2;
}

static void read(const float *from, size_t count, size_t rounds) {
  vf sums[STREAMS];
  for (size_t s = 0; s < STREAMS; s++) sums[s] = v_zero();
  for (size_t r = 0; r < rounds; r++) {
    for (size_t i = 0; i < count; i += STREAMS * V_WIDTH) {
      for (size_t s = 0; s < STREAMS; s++) {
        sums[s] = v_add(sums[s], v_load(from + i + s * V_WIDTH));
      }
    }
  }
  for (size_t s = 0; s < STREAMS; s++) KEEP(sums[s]);
}

const struct kn_probe_loops PROBE_LOOPS = {multiply_add, read};
