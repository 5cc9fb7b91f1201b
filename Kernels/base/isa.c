#include "kernels/isa.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[KN_ISA_COUNT] = {"portable", "avx2", "avx512",
                                                 "avx512bf16"};

// The features listed here are those that isa_begin_*.h switches on; the operating system must save
// their registers, which the built-in asks for too.
static enum kn_isa best_of_cpu(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return KN_ISA_PORTABLE;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl")) {
    return KN_ISA_AVX2;
  }
  return __builtin_cpu_supports("avx512bf16") ? KN_ISA_AVX512_BF16 : KN_ISA_AVX512;
#else
  return KN_ISA_PORTABLE;
#endif
}

static enum kn_isa lowered_by_environment(enum kn_isa best) {
  const char *wanted = getenv("SEQUENT_ISA");
  for (int isa = 0; wanted != NULL && isa < (int)best; isa++) {
    if (strcmp(wanted, names[isa]) == 0) return (enum kn_isa)isa;
  }
  return best;
}

static enum kn_isa default_isa(void) {
  static _Atomic int found = -1;  // two threads that ask at once find the same answer
  int isa = atomic_load_explicit(&found, memory_order_relaxed);
  if (isa < 0) {
    isa = (int)lowered_by_environment(best_of_cpu());
    atomic_store_explicit(&found, isa, memory_order_relaxed);
  }
  return (enum kn_isa)isa;
}

static _Thread_local int selected = -1;

enum kn_isa kn_isa_active(void) {
  return selected < 0 ? default_isa() : (enum kn_isa)selected;
}

enum kn_isa kn_isa_vectors(void) {
  const enum kn_isa isa = kn_isa_active();
  return isa == KN_ISA_AVX512_BF16 ? KN_ISA_AVX512 : isa;
}

void kn_isa_select(enum kn_isa isa) {
  const enum kn_isa best = best_of_cpu();
  selected = (int)(isa < best ? isa : best);
}

bool kn_isa_supported(enum kn_isa isa) { return isa <= best_of_cpu(); }

const char *kn_isa_name(enum kn_isa isa) { return names[isa]; }
