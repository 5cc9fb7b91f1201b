// Rows of a table, by number: embeddings.
#ifndef KERNELS_GATHER_H
#define KERNELS_GATHER_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/execution.h"

static const uint64_t KN_NO_BAD_INDEX = UINT64_MAX;

// Where an index was out of range, for whoever ran the kernel to report: the first such position,
// whatever the team.
struct kn_index_status {
  uint64_t first;  // position << 32 | index as uint32_t; KN_NO_BAD_INDEX while there is none
};

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

#endif
