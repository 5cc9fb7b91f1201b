// Four rows of four at a time, in the compiler's vector extension.
#include <string.h>

#include "layout/transpose.h"

enum { SIDE = 4 };

typedef uint32_t row __attribute__((vector_size(4 * SIDE)));

static inline void transpose_part(const uint32_t *source, ptrdiff_t source_stride,
                                  uint32_t *destination, ptrdiff_t destination_stride) {
  row x[SIDE], pairs[SIDE];
  for (int i = 0; i < SIDE; i++) memcpy(&x[i], source + i * source_stride, sizeof(row));
  for (int i = 0; i < 2; i++) {
    pairs[i] = __builtin_shufflevector(x[2 * i], x[2 * i + 1], 0, 4, 1, 5);
    pairs[i + 2] = __builtin_shufflevector(x[2 * i], x[2 * i + 1], 2, 6, 3, 7);
  }
  for (int i = 0; i < 2; i++) {
    x[2 * i] = __builtin_shufflevector(pairs[2 * i], pairs[2 * i + 1], 0, 1, 4, 5);
    x[2 * i + 1] = __builtin_shufflevector(pairs[2 * i], pairs[2 * i + 1], 2, 3, 6, 7);
  }
  for (int i = 0; i < SIDE; i++) memcpy(destination + i * destination_stride, &x[i], sizeof(row));
}

void kn_transpose_tile__portable(const uint32_t *source, ptrdiff_t source_stride,
                                 uint32_t *destination, ptrdiff_t destination_stride) {
  for (int c = 0; c < TILE; c += SIDE) {
    for (int r = 0; r < TILE; r += SIDE) {
      transpose_part(source + c * source_stride + r, source_stride,
                     destination + r * destination_stride + c, destination_stride);
    }
  }
}
