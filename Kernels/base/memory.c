#include "kernels/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { ALIGNMENT = 128, LARGE_PAGE = 2 << 20 };

void *kn_allocate(size_t bytes) {
  const size_t alignment = bytes >= LARGE_PAGE ? LARGE_PAGE : ALIGNMENT;
  if (bytes > SIZE_MAX - alignment) return NULL;
  const size_t size = (bytes + alignment - 1) / alignment * alignment;
  void *memory = aligned_alloc(alignment, size > 0 ? size : alignment);
#if defined(MADV_HUGEPAGE)
  if (memory != NULL && alignment == LARGE_PAGE) madvise(memory, size, MADV_HUGEPAGE);
#endif
  return memory;
}

void kn_release(void *memory) { free(memory); }
