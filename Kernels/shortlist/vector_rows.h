// The row functions of one instruction set, in the table SHORTLIST_ROWS. It is included after
// vector_math_*.h by the file of each, which has
//
//     v_sums                               32-bit integers
//     V_PRODUCTS                           how many products are added at once
//     v_add_products(r, bytes, sums)       sums + products of 16-bit and 8-bit integers
//     v_total(sums)                        their sum
#include <math.h>

#include "base/vector_ieee.h"
#include "shortlist/rows.h"

// How far ahead bytes are asked for: they are read once, and come from memory.
enum { AHEAD = 4096 };

// A column at a time: the CPU's own prefetching follows a single stream best. rows is constant.
V_INLINE void multiply_rows(size_t rows, const int16_t *r, size_t depth, const int8_t *bytes,
                            size_t columns, float *products, size_t stride) {
  for (size_t j = 0; j < columns; j++, bytes += depth) {
    v_sums sums[KN_SHORTLIST_MAX_ROWS] = {0};
    for (size_t p = 0; p < depth; p += KN_SHORTLIST_UNIT) {
      __builtin_prefetch(bytes + p + AHEAD);
      for (size_t q = p; q < p + KN_SHORTLIST_UNIT; q += V_PRODUCTS) {
        for (size_t i = 0; i < rows; i++) {
          sums[i] = v_add_products(r + i * depth + q, bytes + q, sums[i]);
        }
      }
    }
    for (size_t i = 0; i < rows; i++) products[i * stride + j] = (float)v_total(sums[i]);
  }
}

static void multiply(size_t rows, const int16_t *r, size_t depth, const int8_t *bytes,
                     size_t columns, float *products, size_t stride) {
  switch (rows) {
    case 1: multiply_rows(1, r, depth, bytes, columns, products, stride); break;
    case 2: multiply_rows(2, r, depth, bytes, columns, products, stride); break;
    case 3: multiply_rows(3, r, depth, bytes, columns, products, stride); break;
    default: multiply_rows(4, r, depth, bytes, columns, products, stride); break;
  }
}

// v_max takes its second operand when either is NaN: the largest so far.
static float bound(size_t columns, const struct kn_shortlist_row *row, const float *scales,
                   const float *bounds, float *products) {
  const vf unit = v_set(row->unit), length = v_set(row->length), rest = v_set(row->rest);
  vf largest = v_set(-INFINITY);
  for (size_t j = 0; j < columns; j += V_WIDTH) {
    const size_t count = kn_smaller(columns - j, V_WIDTH);
    const vf scale = v_load_up_to(scales + j, count), left = v_load_up_to(bounds + j, count);
    const vf middle = v_mul(v_mul(scale, unit), v_load_up_to(products + j, count));
    const vf apart = v_fma(length, left, v_fma(rest, scale, v_set(KN_SHORTLIST_FLUSHED)));
    largest = v_max(v_keep_first(v_sub(middle, apart), count, largest), largest);
    v_store_up_to(products + j, count, v_add(middle, apart));
  }
  return V_FOLD(v_max, largest)[0];
}

const struct kn_shortlist_rows SHORTLIST_ROWS = {.multiply = multiply, .bound = bound};
