// How a team shares out work: contiguous ranges, whole units, sizes that differ by at most one unit.
#ifndef BASE_PARTITION_H
#define BASE_PARTITION_H

#include <stddef.h>

struct kn_range {
  size_t begin, end;
};

// The part of 0..<items that member `index` of `count` takes. Every boundary but the last is a
// multiple of `unit`; members beyond the work get an empty range.
static inline struct kn_range kn_partition(size_t items, size_t unit, size_t index, size_t count) {
  const size_t units = (items + unit - 1) / unit;
  const size_t each = units / count, extra = units % count;
  const size_t begin = index * each + (index < extra ? index : extra);
  const size_t end = begin + each + (index < extra ? 1 : 0);
  return (struct kn_range){begin * unit < items ? begin * unit : items,
                           end * unit < items ? end * unit : items};
}

#endif
