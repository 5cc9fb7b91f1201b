// Stands in for the C library's allocation functions in the test executable, Swift's allocations
// included, and counts the calls of each thread. A sanitizer has its own in their place, which stay.

#include "allocation_count.h"

#include <errno.h>
#include <stddef.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

// Generic Swift code that is not optimised allocates room for single elements: what is smaller
// counts in optimised builds only.
#ifdef DEBUG
enum { smallest = 256 };
#else
enum { smallest = 0 };
#endif

static _Thread_local uint64_t count;

__attribute__((unused)) static void note(size_t size) {
  if (size >= smallest) ++count;
}

uint64_t allocation_count(void) { return count; }

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
bool allocations_are_counted(void) { return false; }
#else
bool allocations_are_counted(void) { return true; }

void *malloc(size_t size) {
  note(size);
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  note(number * size);
  return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
  note(size);
  return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
  note(size);
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
  *block = memalign(alignment, size);
  return *block == NULL ? ENOMEM : 0;
}
#endif
