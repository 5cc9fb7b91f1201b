// Memory for weights, arenas and workspaces.
#ifndef KERNELS_MEMORY_H
#define KERNELS_MEMORY_H

#include <stddef.h>

// Uninitialised memory that starts on a pair of cache lines; blocks of 2 MiB and more start on a large page
// and ask the system for large pages, since 4 KiB ones cannot map weights that fill a cache.
// NULL when memory runs out.
void *kn_allocate(size_t bytes);

void kn_release(void *memory);

#endif
