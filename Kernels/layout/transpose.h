// Transposing a tile of 4-byte elements.
#ifndef LAYOUT_TRANSPOSE_H
#define LAYOUT_TRANSPOSE_H

#include <stddef.h>
#include <stdint.h>

enum { TILE = 16 };

// destination[r * destination_stride + c] = source[c * source_stride + r] for r, c < TILE.
typedef void (*kn_transpose_tile)(const uint32_t *source, ptrdiff_t source_stride,
                                  uint32_t *destination, ptrdiff_t destination_stride);

void kn_transpose_tile__portable(const uint32_t *source, ptrdiff_t source_stride,
                                 uint32_t *destination, ptrdiff_t destination_stride);
#if defined(__x86_64__)
void kn_transpose_tile__avx2(const uint32_t *source, ptrdiff_t source_stride,
                             uint32_t *destination, ptrdiff_t destination_stride);
void kn_transpose_tile__avx512(const uint32_t *source, ptrdiff_t source_stride,
                               uint32_t *destination, ptrdiff_t destination_stride);
#endif

// That of the active instruction set.
kn_transpose_tile kn_transpose_tile_active(void);

#endif
