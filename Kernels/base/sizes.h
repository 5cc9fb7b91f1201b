// Arithmetic on sizes.
#ifndef BASE_SIZES_H
#define BASE_SIZES_H

#include <stddef.h>

static inline size_t kn_smaller(size_t a, size_t b) { return a < b ? a : b; }

static inline size_t kn_divide_up(size_t a, size_t b) { return (a + b - 1) / b; }

static inline size_t kn_round_up(size_t a, size_t unit) { return kn_divide_up(a, unit) * unit; }

#endif
