#include "base/partition.h"
#include "kernels/isa.h"
#include "kernels/random.h"
#include "random/fill.h"

static kn_random_fill *random_fill(void) {
  switch (kn_isa_vectors()) {
#if defined(__x86_64__)
    case KN_ISA_AVX512: return kn_random_fill__avx512;
    case KN_ISA_AVX2: return kn_random_fill__avx2;
#endif
    default: return kn_random_fill__portable;
  }
}

void kn_random_uniform(const void *pointer, const struct kn_team *team) {
  const struct kn_random_uniform_arguments *arguments = pointer;
  const uint32_t key = kn_hash((uint32_t)*arguments->seed + kn_hash(arguments->stream));
  const struct kn_range range = kn_partition(arguments->count, 16, team->index, team->count);
  random_fill()(key + (uint32_t)range.begin, range.end - range.begin,
                arguments->output + range.begin);
}
