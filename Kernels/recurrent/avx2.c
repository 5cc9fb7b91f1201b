#if defined(__x86_64__)

#include "recurrent/kernels.h"

#include "base/isa_begin_avx2.h"
#include "base/vector_math_avx2.h"

// 16 registers: up to 12 sums.
#define TILE_ROWS_2 6
#define TILE_ROWS_3 4
#define TILE_ROWS_4 3
#define TILES(TILE)                                                 \
  TILE(2, 1) TILE(2, 2) TILE(2, 3) TILE(2, 4) TILE(2, 5) TILE(2, 6) \
  TILE(3, 1) TILE(3, 2) TILE(3, 3) TILE(3, 4)                       \
  TILE(4, 1) TILE(4, 2) TILE(4, 3)

#define STRIPES_2 4
#define STRIPES_3 3
#define STRIPES_4 2
#define TILE_FENCES

#include "recurrent/tiles.h"
#include "recurrent/pointwise.h"
#include "recurrent/units.h"
#include "recurrent/backward.h"

#define RECURRENT_KERNELS kn_recurrent_kernels_avx2
#include "recurrent/table.h"

#include "base/isa_end.h"

#endif
