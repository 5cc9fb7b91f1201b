#include "recurrent/kernels.h"

#include "kernels/isa.h"

#define KN_RECURRENT_KERNELS(isa, name) \
  extern const struct kn_recurrent_kernels kn_recurrent_kernels_##name;
#include "recurrent/kernels.inc"
#undef KN_RECURRENT_KERNELS

const struct kn_recurrent_kernels *kn_recurrent_kernels(void) {
  static const struct kn_recurrent_kernels *const table[KN_ISA_COUNT] = {
#define KN_RECURRENT_KERNELS(isa, name) [isa] = &kn_recurrent_kernels_##name,
#include "recurrent/kernels.inc"
  };
  return table[kn_isa_vectors()];
}
