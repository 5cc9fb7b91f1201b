#pragma once

#include <stdbool.h>
#include <stdint.h>

/// Whether allocations are counted: not where a sanitizer makes them.
bool allocations_are_counted(void);

/// How often the calling thread has allocated memory; in debug builds, 256 bytes or more.
uint64_t allocation_count(void);
