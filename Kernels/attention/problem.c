#include "attention/problem.h"

#include <math.h>

#include "softmax/rows.h"

void kn_attention_mask_row(const struct kn_attention_problem *p, size_t b, size_t h, size_t i,
                           size_t key, size_t count, float *scores) {
  const ptrdiff_t *strides = p->mask_strides, stride = strides[3];
  const uint32_t *mask = (const uint32_t *)p->mask + (ptrdiff_t)b * strides[0] +
                         (ptrdiff_t)h * strides[1] + (ptrdiff_t)i * strides[2] +
                         (ptrdiff_t)key * stride;
  uint32_t expanded[KEY_BLOCK];
  if (stride != 1) {
    for (size_t j = 0; j < count; j++) expanded[j] = mask[(ptrdiff_t)j * stride];
    mask = expanded;
  }
  kn_softmax_rows()->mask(count, scores, p->scale, p->mask_kind, mask, -INFINITY, scores);
}
