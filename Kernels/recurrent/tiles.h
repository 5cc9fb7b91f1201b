// Register tiles: row vectors times packed panels. Included once by the file of an instruction set,
// which defines TILE_ROWS_2, _3 and _4 (the most rows for so many blocks), TILES(TILE), a row
// TILE(blocks, rows) for each of them, and STRIPES_2, _3 and _4 (panels at once for a single row).

// With TILE_FENCES the compiler keeps to the order below: where every register is taken, a load that
// it moves up costs a spilled sum.
#if defined(TILE_FENCES)
#define TILE_FENCE(sum) __asm__ volatile("" : "+x"(sum) : : "memory")
#else
#define TILE_FENCE(sum)
#endif

// One k for all sums: the weights stay in registers, an operand at a time beside them.
V_INLINE void add_by_row(const size_t blocks, const size_t count, size_t k, const float *const row[],
                         const float *weights, vf sum[][KN_MAX_BLOCKS]) {
  vf weight[KN_MAX_BLOCKS];
#pragma clang loop unroll(full)
  for (size_t b = 0; b < blocks; b++) weight[b] = v_load(weights + b * V_WIDTH);
#pragma clang loop unroll(full)
  for (size_t r = 0; r < count; r++) {
    const vf x = v_set(row[r][k]);
#pragma clang loop unroll(full)
    for (size_t b = 0; b < blocks; b++) {
      sum[r][b] = v_fma(x, weight[b], sum[r][b]);
      TILE_FENCE(sum[r][b]);
    }
  }
}

// The same with the operands in registers, for fewer rows than blocks.
V_INLINE void add_by_block(const size_t blocks, const size_t count, size_t k,
                           const float *const row[], const float *weights,
                           vf sum[][KN_MAX_BLOCKS]) {
  vf x[KN_MAX_BLOCKS];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < count; r++) x[r] = v_set(row[r][k]);
#pragma clang loop unroll(full)
  for (size_t b = 0; b < blocks; b++) {
    const vf weight = v_load(weights + b * V_WIDTH);
#pragma clang loop unroll(full)
    for (size_t r = 0; r < count; r++) {
      sum[r][b] = v_fma(x[r], weight, sum[r][b]);
      TILE_FENCE(sum[r][b]);
    }
  }
}

// With constant `blocks` and `count`, `sum` lives in registers: 24 of 32, or 12 of 16.
V_INLINE void tile(const size_t blocks, const size_t count, size_t depth, const float *const rows[],
                   const float *panel, const float *start, size_t start_stride, const float *last,
                   float *out, const float *next) {
  const float *row[KN_MAX_TILE_ROWS];
  vf sum[KN_MAX_TILE_ROWS][KN_MAX_BLOCKS];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < count; r++) {
    row[r] = rows[r];
#pragma clang loop unroll(full)
    for (size_t b = 0; b < blocks; b++) {
      const int apart = last != NULL && b == blocks - 1;
      sum[r][b] = v_load(apart ? last : start + r * start_stride + b * V_WIDTH);
    }
  }
#pragma clang loop unroll_count(4)
  for (size_t k = 0; k < depth; k++) {
    const float *weights = panel + k * blocks * V_WIDTH;
    __builtin_prefetch(next + k * V_WIDTH, 0, 2);
    if (count < blocks) {
      add_by_block(blocks, count, k, row, weights, sum);
    } else {
      add_by_row(blocks, count, k, row, weights, sum);
    }
  }
#pragma clang loop unroll(full)
  for (size_t r = 0; r < count; r++) {
#pragma clang loop unroll(full)
    for (size_t b = 0; b < blocks; b++) v_store(out + (r * blocks + b) * V_WIDTH, sum[r][b]);
  }
}

// How far ahead a single row asks for weights that come from farther than the core's own cache.
enum { PREFETCH_FLOATS = 256 };

// `count` panels at once for one row: enough independent sums to hide the latency of the multiply-add.
V_INLINE void stripe(const size_t blocks, const size_t count, const int far, size_t depth,
                     const float *row, const float *packed, const float *start, size_t start_stride,
                     const float *last, float *out, size_t out_stride) {
  vf sum[KN_MAX_BLOCKS][KN_MAX_BLOCKS];
#pragma clang loop unroll(full)
  for (size_t p = 0; p < count; p++) {
#pragma clang loop unroll(full)
    for (size_t b = 0; b < blocks; b++) {
      const int apart = last != NULL && b == blocks - 1;
      sum[p][b] = v_load(apart ? last + p * V_WIDTH : start + p * start_stride + b * V_WIDTH);
    }
  }
#pragma clang loop unroll_count(4)
  for (size_t k = 0; k < depth; k++) {
    const vf x = v_set(row[k]);
#pragma clang loop unroll(full)
    for (size_t p = 0; p < count; p++) {
#pragma clang loop unroll(full)
      for (size_t b = 0; b < blocks; b++) {
        const float *weight = packed + ((p * depth + k) * blocks + b) * V_WIDTH;
        if (far) __builtin_prefetch(weight + PREFETCH_FLOATS, 0, 3);
        sum[p][b] = v_fma(x, v_load(weight), sum[p][b]);
      }
    }
  }
#pragma clang loop unroll(full)
  for (size_t p = 0; p < count; p++) {
#pragma clang loop unroll(full)
    for (size_t b = 0; b < blocks; b++) v_store(out + p * out_stride + b * V_WIDTH, sum[p][b]);
  }
}

// All panels of one row, `together` at a time.
V_INLINE void stripes(const size_t blocks, const size_t together, const int far, size_t panels,
                      size_t depth, const float *row, const float *packed, const float *start,
                      size_t start_stride, const float *last, float *out, size_t out_stride) {
  size_t p = 0;
  for (; p + together <= panels; p += together) {
    stripe(blocks, together, far, depth, row, packed + p * depth * blocks * V_WIDTH,
           start + p * start_stride, start_stride, last == NULL ? NULL : last + p * V_WIDTH,
           out + p * out_stride, out_stride);
  }
  for (; p < panels; p++) {
    stripe(blocks, 1, far, depth, row, packed + p * depth * blocks * V_WIDTH,
           start + p * start_stride, start_stride, last == NULL ? NULL : last + p * V_WIDTH,
           out + p * out_stride, out_stride);
  }
}

#define DEFINE_TILE(blocks, count)                                                               \
  static void tile_##blocks##x##count(size_t depth, const float *const rows[],                   \
                                      const float *panel, const float *start,                    \
                                      size_t start_stride, const float *last, float *out,        \
                                      const float *next) {                                       \
    tile(blocks, count, depth, rows, panel, start, start_stride, last, out, next);               \
  }
TILES(DEFINE_TILE)

#define DEFINE_STRIPES(blocks, together, place, far)                                             \
  static void stripes_##blocks##_##place(size_t panels, size_t depth, const float *row,          \
                                         const float *packed, const float *start,                \
                                         size_t start_stride, const float *last, float *out,     \
                                         size_t out_stride) {                                    \
    stripes(blocks, together, far, panels, depth, row, packed, start, start_stride, last, out,   \
            out_stride);                                                                         \
  }
DEFINE_STRIPES(2, STRIPES_2, near, 0)
DEFINE_STRIPES(2, STRIPES_2, far, 1)
DEFINE_STRIPES(3, STRIPES_3, near, 0)
DEFINE_STRIPES(3, STRIPES_3, far, 1)
DEFINE_STRIPES(4, STRIPES_4, near, 0)
DEFINE_STRIPES(4, STRIPES_4, far, 1)

#define TILE_ENTRY(blocks, count) .tile[blocks][count] = tile_##blocks##x##count,
