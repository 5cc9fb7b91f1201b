// Rows of a table, by number: embeddings and their gradients.
#ifndef KERNELS_GATHER_H
#define KERNELS_GATHER_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/execution.h"
#include "kernels/index_status.h"

// output[i, :] = table[indices[i], :], i < count < 2^32 - 1. table: [rows, width]; output: dense
// [count, width], any element type. An index outside 0..<rows reads nothing: its output is zero,
// and the status remembers it.
struct kn_gather_arguments {
  size_t count, rows, width;
  const void *table;
  const int32_t *indices;
  void *output;
  struct kn_index_status *status;
};
void kn_gather(const void *arguments, const struct kn_team *team);

// The same from a table of bfloat16, to float32.
void kn_gather_bfloat16(const void *arguments, const struct kn_team *team);

// A member's share of rounding a table to bfloat16, to nearest even: table[i] = source[i], i < count.
void kn_round_table_share(const float *source, size_t count, uint16_t *table,
                          const struct kn_team *team);

// output[r, :] = sum of source[i, :] over all i with indices[i] = r, in ascending order;
// i < count < 2^32 - 1. source: dense [count, width]; output: dense [rows, width]. An index outside
// 0..<rows adds nothing, and the status remembers it.
struct kn_scatter_add_arguments {
  size_t count, rows, width;
  const float *source;
  const int32_t *indices;
  float *output;
  struct kn_index_status *status;
};
void kn_scatter_add(const void *arguments, const struct kn_team *team);

// table[indices[i], :] = source[i, :] for i ascending; i < count < 2^32 - 1. source: [count, width],
// its rows source_stride apart; table: dense [rows, width], what is not named stays; 4-byte elements. An index outside
// 0..<rows changes nothing, and the status remembers it.
struct kn_update_rows_arguments {
  size_t count, rows, width;
  const uint32_t *source;
  size_t source_stride;
  const int32_t *indices;
  uint32_t *table;
  struct kn_index_status *status;
};
void kn_update_rows(const void *arguments, const struct kn_team *team);

#endif
