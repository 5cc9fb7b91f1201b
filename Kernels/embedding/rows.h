// What the driver calls for each term of a row.
#ifndef EMBEDDING_ROWS_H
#define EMBEDDING_ROWS_H

#include "kernels/embedding.h"

// sum = before + scale * source, `count` elements; the product and the sum are rounded one after the
// other. before NULL: scale * source; it may be sum. source: float32, or bfloat16.
typedef void kn_embedding_add(size_t count, const void *source, bool is_bfloat16, float scale,
                              const float *before, float *sum);
kn_embedding_add kn_embedding_add__portable;
#if defined(__x86_64__)
kn_embedding_add kn_embedding_add__avx2;
kn_embedding_add kn_embedding_add__avx512;
#endif

#endif
