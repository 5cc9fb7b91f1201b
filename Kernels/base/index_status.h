#ifndef BASE_INDEX_STATUS_H
#define BASE_INDEX_STATUS_H

#include <stddef.h>

#include "kernels/index_status.h"

// Keeps the smallest of all reports.
static inline void kn_report_index(struct kn_index_status *status, size_t position,
                                   int32_t index) {
  const uint64_t bad = (uint64_t)position << 32 | (uint32_t)index;
  uint64_t first = __atomic_load_n(&status->first, __ATOMIC_RELAXED);
  while (bad < first && !__atomic_compare_exchange_n(&status->first, &first, bad, 0,
                                                     __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
}

#endif
