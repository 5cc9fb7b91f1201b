// What the driver calls for each row.
#ifndef EMBEDDING_ROWS_H
#define EMBEDDING_ROWS_H

#include "kernels/embedding.h"

// One row that is added: scale * row, of float32 or bfloat16.
struct kn_embedding_source {
  const void *row;
  float scale;
  bool is_bfloat16;
};

// sum = the sources added up in their order, 0 without any, `width` elements; products and sums are
// rounded one after the other.
typedef void kn_embedding_sum(size_t width, size_t count, const struct kn_embedding_source *sources,
                              float *sum);
kn_embedding_sum kn_embedding_sum__portable;
#if defined(__x86_64__)
kn_embedding_sum kn_embedding_sum__avx2;
kn_embedding_sum kn_embedding_sum__avx512;
#endif

#endif
