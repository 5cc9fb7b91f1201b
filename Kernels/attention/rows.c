#include "attention/rows.h"

const struct kn_attention_rows *kn_attention_rows(void) {
  static const struct kn_attention_rows *const table[KN_ISA_COUNT] = {
#define KN_ATTENTION_ISA(isa, name) [isa] = &kn_attention_rows_##name,
#include "attention/kernels.inc"
  };
  return table[kn_isa_vectors()];
}
