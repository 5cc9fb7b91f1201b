// Inside the shortlist family: where things lie, and what the driver calls for rows.
#ifndef SHORTLIST_ROWS_H
#define SHORTLIST_ROWS_H

#include "base/bfloat16.h"
#include "base/sizes.h"
#include "kernels/shortlist.h"

// A column's bytes, filled up with zeros: whole vectors of any instruction set. All columns' bytes are
// followed by their scales [n] and their bounds [n].
enum { KN_SHORTLIST_UNIT = 64 };

// Sizes within which no product of a row's unit, a column's scale and a sum of integers over- or
// underflows. Of rows and columns beyond them all is rest.
#define KN_SHORTLIST_SMALLEST 0x1p-50f
#define KN_SHORTLIST_LARGEST 0x1p50f

// More than all that denormals, which kernels take for zero, can add up to.
#define KN_SHORTLIST_FLUSHED 0x1p-100f

static inline size_t kn_shortlist_depth(size_t k) { return kn_round_up(k, KN_SHORTLIST_UNIT); }

// A number as gemm multiplies with it.
static inline float kn_shortlist_rounded(float x, bool rounds) {
  return rounds ? kn_from_bfloat16(kn_to_bfloat16(x)) : x;
}

// A row of a in 16 bits: about unit * r.
struct kn_shortlist_row {
  float unit;
  float length;  // |a|, rounded up
  // 127·√k·|a - unit·r|: times a column's scale, what rounding a may cost at most.
  float rest;
};

// One instruction set's functions.
struct kn_shortlist_rows {
  // products[i * stride + j] = sum over p of r[i * depth + p] * bytes[j * depth + p], j < columns; no
  // partial sum overflows 32 bits in any order.
  void (*multiply)(size_t rows, const int16_t *r, size_t depth, const int8_t *bytes, size_t columns,
                   float *products, size_t stride);
  // For each product: what the element is at most, in its place. Returns the largest of what elements
  // are at least, NaN not counted.
  float (*bound)(size_t columns, const struct kn_shortlist_row *row, const float *scales,
                 const float *bounds, float *products);
};
extern const struct kn_shortlist_rows kn_shortlist_rows__portable;
#if defined(__x86_64__)
extern const struct kn_shortlist_rows kn_shortlist_rows__avx2;
extern const struct kn_shortlist_rows kn_shortlist_rows__avx512;
#endif

#endif
