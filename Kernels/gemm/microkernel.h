// The body of every microkernel, for one instruction set's vectors. An ISA file includes a
// base/vector_math_*.h, defines GEMM_ISA (the suffix of its names) and GEMM_UNROLL (steps of k per
// turn of the loop), and includes this: a function for each row of kernels.inc, and the table. With
// GEMM_PAIRS, it has multiply_pairs and round_pairs.
//
// A panel is two vectors wide. Rows and vectors are constants in every instance, so the sums are
// registers: 14 x 2 take 28 of AVX-512's 32, 6 x 2 take 12 of AVX2's 16.

#include "base/vector_gelu.h"

typedef uint32_t v_words __attribute__((vector_size(4 * V_WIDTH)));

enum { PANEL = 2 * V_WIDTH, MAX_VECTORS = 2 << (KN_GEMM_PANEL_CLASSES - 1), AHEAD = 32 };

#if defined(GEMM_PAIRS)
enum { IS_PAIRED = true };
#else
enum { IS_PAIRED = false };
#endif

// A bias of zero where there is none: adding it changes no number but -0, and that everywhere.
V_INLINE vf scale_and_shift(vf sum, vf scale, vf bias) { return v_fma(scale, sum, bias); }

// A panel's first or second vector at a step of k.
V_INLINE vf load_weights(enum kn_weight_type type, const float *panel, size_t vector) {
  if (type == KN_WEIGHTS_FLOAT32 || IS_PAIRED) return v_load(panel + vector * V_WIDTH);
  const v_words pairs = (v_words)v_load(panel);
  return (vf)(vector == 0 ? pairs << 16 : pairs & ~0xffffu);
}

V_INLINE vf multiply_add(enum kn_weight_type type, vf x, vf b, vf sum) {
#if defined(GEMM_PAIRS)
  if (type == KN_WEIGHTS_BFLOAT16) return multiply_pairs(x, b, sum);
#endif
  (void)type;
  return v_fma(x, b, sum);
}

V_INLINE void multiply_tile(enum kn_weight_type type, const struct kn_gemm_tile *tile, size_t rows,
                            size_t vectors) {
  const size_t a_row_stride = tile->a_row_stride, panel_stride = tile->panel_stride;
  const float *a = tile->a, *panel = tile->panel;
  const char *next = tile->next;
  const float *next_rows = tile->next_rows != NULL ? tile->next_rows : tile->a;
  const ptrdiff_t down = tile->next_rows != NULL ? (ptrdiff_t)a_row_stride : 0;
  const ptrdiff_t right = KN_GEMM_LINE - (KN_GEMM_LINE - 1) * down;
  vf sums[KN_GEMM_MAX_ROWS][MAX_VECTORS];
  for (size_t i = 0; i < rows; i++) {
    for (size_t v = 0; v < vectors; v++) sums[i][v] = v_zero();
  }
  if (tile->begins_at_c) {
    for (size_t i = 0; i < rows; i++) {
      for (size_t v = 0; v < vectors; v++) {
        sums[i][v] = v_load(tile->c + i * tile->c_row_stride + v * V_WIDTH);
      }
    }
  }
#pragma clang loop unroll_count(GEMM_UNROLL)
  for (size_t p = 0; p < tile->k; p++) {
    if (vectors == 2) {
      __builtin_prefetch(next, 0, 2);
      next += tile->next_stride;
      __builtin_prefetch(next_rows, 0, 2);
      next_rows += p % KN_GEMM_LINE == KN_GEMM_LINE - 1 ? right : down;
    }
    // A row alone outruns the CPU's own prefetching where panels come from memory; not in pairs.
    if (type == KN_WEIGHTS_BFLOAT16 && !IS_PAIRED && rows == 1 && vectors > 2) {
      for (size_t v = 0; v < vectors; v += 2) {
        __builtin_prefetch(panel + v / 2 * panel_stride + AHEAD * tile->panel_step);
      }
    }
    // Many rows keep the vectors of B in registers; few rows by many vectors keep those of A.
    if (rows >= vectors) {
      vf b[MAX_VECTORS];
      for (size_t v = 0; v < vectors; v++) {
        b[v] = load_weights(type, panel + v / 2 * panel_stride, v % 2);
      }
      for (size_t i = 0; i < rows; i++) {
        const vf x = v_set(a[i * a_row_stride]);
        for (size_t v = 0; v < vectors; v++) {
          sums[i][v] = multiply_add(type, x, b[v], sums[i][v]);
        }
      }
    } else {
      vf x[MAX_VECTORS];
      for (size_t i = 0; i < rows; i++) x[i] = v_set(a[i * a_row_stride]);
      for (size_t v = 0; v < vectors; v++) {
        const vf b = load_weights(type, panel + v / 2 * panel_stride, v % 2);
        for (size_t i = 0; i < rows; i++) sums[i][v] = multiply_add(type, x[i], b, sums[i][v]);
      }
    }
    a += tile->a_column_stride;
    panel += tile->panel_step;
  }
  if (tile->is_scaled) {
    const vf scale = v_set(tile->scale);
    for (size_t v = 0; v < vectors; v++) {
      const vf bias = tile->bias != NULL ? v_load(tile->bias + v * V_WIDTH) : v_zero();
      for (size_t i = 0; i < rows; i++) sums[i][v] = scale_and_shift(sums[i][v], scale, bias);
    }
  }
  for (size_t i = 0; i < rows; i++) {
    for (size_t v = 0; v < vectors; v++) {
      v_store(tile->c + i * tile->c_row_stride + v * V_WIDTH, sums[i][v]);
    }
  }
}

V_INLINE vf load_columns(const float *from, size_t first, size_t columns) {
  if (first + V_WIDTH <= columns) return v_load(from + first);
  return first < columns ? v_load_first(from + first, columns - first) : v_zero();
}

V_INLINE void store_columns(float *to, size_t first, size_t columns, vf x) {
  if (first + V_WIDTH <= columns) {
    v_store(to + first, x);
  } else if (first < columns) {
    v_store_first(to + first, columns - first, x);
  }
}

// activation(x), and its slope where there is one that can be asked for.
V_INLINE vf activate(enum kn_activation activation, vf x, vf *slope) {
  struct v_gelu gelu;
  switch (activation) {
    case KN_ACTIVATION_NONE: return x;
    case KN_ACTIVATION_RELU: return v_max(v_zero(), x);
    case KN_ACTIVATION_SIGMOID: return v_sigmoid(x);
    case KN_ACTIVATION_TANH: return v_tanh(x);
    case KN_ACTIVATION_GELU: gelu = v_gelu_and_slope(x); break;
    case KN_ACTIVATION_GELU_TANH: gelu = v_gelu_tanh_and_slope(x); break;
  }
  *slope = gelu.slope;
  return gelu.value;
}

// Inlined with a constant activation and with or without slopes: one loop for each.
V_INLINE void finish_with(enum kn_activation activation, const struct kn_gemm_epilogue *epilogue,
                          size_t rows, size_t columns, const float *sums,
                          size_t sums_row_stride, bool is_scaled, float *c, size_t c_row_stride,
                          bool has_slope) {
  const vf scale = v_set(epilogue->scale);
  for (size_t i = 0; i < rows; i++) {
    const float *row = sums + i * sums_row_stride;
    for (size_t j = 0; j < columns; j += V_WIDTH) {
      vf x = load_columns(row, j, columns), slope = v_zero();
      if (!is_scaled) {
        const vf bias =
            epilogue->bias != NULL ? load_columns(epilogue->bias, j, columns) : v_zero();
        x = scale_and_shift(x, scale, bias);
      }
      x = activate(activation, x, &slope);
      if (has_slope) {
        store_columns(epilogue->slope + i * epilogue->slope_row_stride, j, columns, slope);
      }
      if (epilogue->residual != NULL) {
        const float *residual = epilogue->residual + i * epilogue->residual_row_stride;
        const vf other = load_columns(residual, j, columns);
        x = epilogue->residual_is_factor ? v_mul(x, other) : v_add(x, other);
      }
      store_columns(c + i * c_row_stride, j, columns, x);
    }
  }
}

static void finish(const struct kn_gemm_epilogue *epilogue, size_t rows, size_t columns,
                   const float *sums, size_t sums_row_stride, bool is_scaled, float *c,
                   size_t c_row_stride) {
#define GEMM_FINISH(which, has_slope) \
  finish_with(which, epilogue, rows, columns, sums, sums_row_stride, is_scaled, c, c_row_stride, \
              has_slope)
#define GEMM_ACTIVATION(which) \
  case which: GEMM_FINISH(which, false); break
  if (epilogue->slope != NULL) {
    if (epilogue->activation == KN_ACTIVATION_GELU) {
      GEMM_FINISH(KN_ACTIVATION_GELU, true);
    } else {
      GEMM_FINISH(KN_ACTIVATION_GELU_TANH, true);
    }
    return;
  }
  switch (epilogue->activation) {
    GEMM_ACTIVATION(KN_ACTIVATION_NONE);
    GEMM_ACTIVATION(KN_ACTIVATION_RELU);
    GEMM_ACTIVATION(KN_ACTIVATION_SIGMOID);
    GEMM_ACTIVATION(KN_ACTIVATION_TANH);
    GEMM_ACTIVATION(KN_ACTIVATION_GELU);
    GEMM_ACTIVATION(KN_ACTIVATION_GELU_TANH);
  }
#undef GEMM_ACTIVATION
#undef GEMM_FINISH
}

// Four chains: a sum of one would wait for every addition.
static void add_steps(const float *panel, size_t k, float *sums) {
  enum { CHAINS = 4 };
  vf partial[CHAINS][2];
  for (size_t q = 0; q < CHAINS; q++) partial[q][0] = partial[q][1] = v_zero();
  const size_t whole = k / CHAINS * CHAINS;
  for (size_t p = 0; p < whole; p += CHAINS) {
    for (size_t q = 0; q < CHAINS; q++) {
      for (size_t v = 0; v < 2; v++) {
        partial[q][v] = v_add(partial[q][v], v_load(panel + (p + q) * PANEL + v * V_WIDTH));
      }
    }
  }
  for (size_t p = whole; p < k; p++) {
    for (size_t v = 0; v < 2; v++) {
      partial[p % CHAINS][v] =
          v_add(partial[p % CHAINS][v], v_load(panel + p * PANEL + v * V_WIDTH));
    }
  }
  for (size_t v = 0; v < 2; v++) {
    const vf low = v_add(partial[0][v], partial[2][v]), high = v_add(partial[1][v], partial[3][v]);
    v_store(sums + v * V_WIDTH, v_add(v_load(sums + v * V_WIDTH), v_add(low, high)));
  }
}

#define GEMM_JOIN(a, b) a##b
#define GEMM_NAME(prefix, isa) GEMM_JOIN(prefix, isa)

#define GEMM_TILE(rows, class)                                                        \
  static void microkernel_##rows##_##class(const struct kn_gemm_tile *tile) {          \
    multiply_tile(KN_WEIGHTS_FLOAT32, tile, rows, 2 << class);                         \
  }                                                                                   \
  static void microkernel_bfloat16_##rows##_##class(const struct kn_gemm_tile *tile) { \
    multiply_tile(KN_WEIGHTS_BFLOAT16, tile, rows, 2 << class);                        \
  }
#include "gemm/kernels.inc"
#undef GEMM_TILE

const struct kn_gemm_kernels GEMM_NAME(kn_gemm_kernels_, GEMM_ISA) = {
    .width = PANEL,
    .rows = GEMM_ROWS,
#define GEMM_TILE(rows, class)                                                        \
  .microkernels[KN_WEIGHTS_FLOAT32][class][rows - 1] = microkernel_##rows##_##class,   \
  .microkernels[KN_WEIGHTS_BFLOAT16][class][rows - 1] = microkernel_bfloat16_##rows##_##class,
#include "gemm/kernels.inc"
#undef GEMM_TILE
    .finish = finish,
    .add_steps = add_steps,
#if defined(GEMM_PAIRS)
    .round_pairs = round_pairs,
#endif
};
