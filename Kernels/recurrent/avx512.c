#if defined(__x86_64__)

#include "recurrent/kernels.h"

#include "base/isa_begin_avx512.h"
#include "base/vector_math_avx512.h"

// 32 registers: up to 24 sums.
#define TILE_ROWS_2 12
#define TILE_ROWS_3 8
#define TILE_ROWS_4 6
#define TILES(TILE)                                                                   \
  TILE(2, 1) TILE(2, 2) TILE(2, 3) TILE(2, 4) TILE(2, 5) TILE(2, 6)                   \
  TILE(2, 7) TILE(2, 8) TILE(2, 9) TILE(2, 10) TILE(2, 11) TILE(2, 12)                \
  TILE(3, 1) TILE(3, 2) TILE(3, 3) TILE(3, 4) TILE(3, 5) TILE(3, 6) TILE(3, 7) TILE(3, 8) \
  TILE(4, 1) TILE(4, 2) TILE(4, 3) TILE(4, 4) TILE(4, 5) TILE(4, 6)

// A single row: four sums hide the latency, and one stream of weights is read fastest.
#define STRIPES_2 4
#define STRIPES_3 3
#define STRIPES_4 1

#include "recurrent/tiles.h"
#include "recurrent/pointwise.h"
#include "recurrent/units.h"
#include "recurrent/backward.h"

#define RECURRENT_KERNELS kn_recurrent_kernels_avx512
#include "recurrent/table.h"

#include "base/isa_end.h"

#endif
