// Eight rows of eight at a time, in registers.
#if defined(__x86_64__)

#include "layout/transpose.h"

#include "base/isa_begin_avx2.h"

enum { SIDE = 8 };

// Neighbouring rows are interleaved by elements, then by pairs, then by halves of a vector.
static inline void transpose_part(const uint32_t *source, ptrdiff_t source_stride,
                                  uint32_t *destination, ptrdiff_t destination_stride) {
  __m256 x[SIDE], y[SIDE];
  for (int i = 0; i < SIDE; i++) {
    x[i] = _mm256_loadu_ps((const float *)(source + i * source_stride));
  }
  for (int i = 0; i < SIDE; i += 2) {
    y[i] = _mm256_unpacklo_ps(x[i], x[i + 1]);
    y[i + 1] = _mm256_unpackhi_ps(x[i], x[i + 1]);
  }
  for (int i = 0; i < SIDE; i += 4) {
    x[i] = _mm256_shuffle_ps(y[i], y[i + 2], 0x44);
    x[i + 1] = _mm256_shuffle_ps(y[i], y[i + 2], 0xee);
    x[i + 2] = _mm256_shuffle_ps(y[i + 1], y[i + 3], 0x44);
    x[i + 3] = _mm256_shuffle_ps(y[i + 1], y[i + 3], 0xee);
  }
  for (int i = 0; i < SIDE / 2; i++) {
    y[i] = _mm256_permute2f128_ps(x[i], x[i + 4], 0x20);
    y[i + 4] = _mm256_permute2f128_ps(x[i], x[i + 4], 0x31);
  }
  for (int i = 0; i < SIDE; i++) {
    _mm256_storeu_ps((float *)(destination + i * destination_stride), y[i]);
  }
}

void kn_transpose_tile__avx2(const uint32_t *source, ptrdiff_t source_stride,
                             uint32_t *destination, ptrdiff_t destination_stride) {
  // Lines of source are used up before the next, as those of a large power of two collide.
  for (int c = 0; c < TILE; c += SIDE) {
    for (int r = 0; r < TILE; r += SIDE) {
      transpose_part(source + c * source_stride + r, source_stride,
                     destination + r * destination_stride + c, destination_stride);
    }
  }
}

#include "base/isa_end.h"

#endif
