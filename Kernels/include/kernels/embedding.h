// Sums of embeddings, normalised: rows of tables by number, and rows of tensors.
#ifndef KERNELS_EMBEDDING_H
#define KERNELS_EMBEDDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/execution.h"
#include "kernels/index_status.h"

// What row r of a sum has from a term: scale * source[indices[p], :] with p = r % period, or
// scale * source[p, :] where indices is NULL.
struct kn_embedding_term {
  const void *source;      // [source_rows, width], float32 or bfloat16
  const int32_t *indices;  // [period], period < 2^32 - 1
  size_t source_rows, period;
  float scale;
  bool is_bfloat16;
  struct kn_index_status *status;  // NULL where indices is
};

enum kn_embedding_norm { KN_EMBEDDING_SUM, KN_EMBEDDING_LAYER_NORM, KN_EMBEDDING_RMS_NORM };

enum { KN_EMBEDDING_TERMS = 8 };

// sum[r, :] = what the first term_count terms give row r, added up in their order, r < rows;
// y = the rows of sum, normalised as by kn_layer_norm or kn_rms_norm with weight, bias and epsilon.
// sum, y: dense [rows, width], no other tensor's memory. KN_EMBEDDING_SUM takes no y; with a norm sum
// may be NULL: then it is not kept. An index outside 0..<source_rows reads nothing: it adds zero, and
// the term's status remembers its place among the indices. A row's bits depend on that row alone, and
// are those of kn_gather, products, sums and the norm one after the other.
struct kn_embedding_arguments {
  size_t rows, width, term_count;
  struct kn_embedding_term terms[KN_EMBEDDING_TERMS];
  enum kn_embedding_norm norm;
  float epsilon;
  const float *weight, *bias;
  float *sum, *y;
};
void kn_embedding(const void *arguments, const struct kn_team *team);

#endif
