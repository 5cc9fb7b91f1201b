// How kernels report indices that are out of range.
#ifndef KERNELS_INDEX_STATUS_H
#define KERNELS_INDEX_STATUS_H

#include <stdint.h>

static const uint64_t KN_NO_BAD_INDEX = UINT64_MAX;

// Where an index was out of range, for whoever ran the kernel to report: the first such position,
// whatever the team.
struct kn_index_status {
  uint64_t first;  // position << 32 | index as uint32_t; KN_NO_BAD_INDEX while there is none
};

#endif
