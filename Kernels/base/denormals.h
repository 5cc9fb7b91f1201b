// Flush-to-zero and denormals-are-zero for the calling thread: denormals cost hundreds of cycles
// each, and a sequence model's vanishing states are full of them.
#ifndef BASE_DENORMALS_H
#define BASE_DENORMALS_H

#include <stdint.h>

typedef uint64_t kn_denormal_mode;

#if defined(__x86_64__)
#include <immintrin.h>

static inline kn_denormal_mode kn_flush_denormals(void) {
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040);  // FTZ is bit 15, DAZ bit 6
  return before;
}

static inline void kn_restore_denormals(kn_denormal_mode mode) { _mm_setcsr((unsigned)mode); }

#elif defined(__aarch64__)

static inline void kn_restore_denormals(kn_denormal_mode mode) {
  __asm__ volatile("msr fpcr, %0" : : "r"(mode));
}

static inline kn_denormal_mode kn_flush_denormals(void) {
  uint64_t before;
  __asm__ volatile("mrs %0, fpcr" : "=r"(before));
  kn_restore_denormals(before | (uint64_t)1 << 24);  // FZ covers inputs and outputs
  return before;
}

#else

static inline kn_denormal_mode kn_flush_denormals(void) { return 0; }

static inline void kn_restore_denormals(kn_denormal_mode mode) { (void)mode; }

#endif

#endif
