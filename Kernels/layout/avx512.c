// Sixteen rows of sixteen in registers: every cache line of either side is touched once.
#if defined(__x86_64__)

#include "layout/transpose.h"

#include "base/isa_begin_avx512.h"

// Neighbouring rows are interleaved by elements, then by pairs: that transposes each 4 x 4 part.
// Then the parts, quarters of a vector, are transposed the same way.
void kn_transpose_tile__avx512(const uint32_t *source, ptrdiff_t source_stride,
                               uint32_t *destination, ptrdiff_t destination_stride) {
  __m512 x[TILE], y[TILE];
  for (int i = 0; i < TILE; i++) x[i] = _mm512_loadu_ps(source + i * source_stride);
  for (int i = 0; i < TILE; i += 2) {
    y[i] = _mm512_unpacklo_ps(x[i], x[i + 1]);
    y[i + 1] = _mm512_unpackhi_ps(x[i], x[i + 1]);
  }
  for (int i = 0; i < TILE; i += 4) {
    x[i] = _mm512_shuffle_ps(y[i], y[i + 2], 0x44);
    x[i + 1] = _mm512_shuffle_ps(y[i], y[i + 2], 0xee);
    x[i + 2] = _mm512_shuffle_ps(y[i + 1], y[i + 3], 0x44);
    x[i + 3] = _mm512_shuffle_ps(y[i + 1], y[i + 3], 0xee);
  }
  for (int i = 0; i < 4; i++) {
    y[i] = _mm512_shuffle_f32x4(x[i], x[i + 4], 0x88);
    y[i + 4] = _mm512_shuffle_f32x4(x[i], x[i + 4], 0xdd);
    y[i + 8] = _mm512_shuffle_f32x4(x[i + 8], x[i + 12], 0x88);
    y[i + 12] = _mm512_shuffle_f32x4(x[i + 8], x[i + 12], 0xdd);
  }
  for (int i = 0; i < 8; i++) {
    x[i] = _mm512_shuffle_f32x4(y[i], y[i + 8], 0x88);
    x[i + 8] = _mm512_shuffle_f32x4(y[i], y[i + 8], 0xdd);
  }
  for (int i = 0; i < TILE; i++) _mm512_storeu_ps(destination + i * destination_stride, x[i]);
}

#include "base/isa_end.h"

#endif
