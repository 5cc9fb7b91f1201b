#pragma once

#include <stdint.h>

/// How often the calling thread has allocated memory; in debug builds, 256 bytes or more.
uint64_t allocation_count(void);
