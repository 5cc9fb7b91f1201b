// Columns in bytes, and how far from them they may be.
#include <math.h>

#include "base/partition.h"
#include "shortlist/rows.h"

size_t kn_shortlist_size(size_t k, size_t n) {
  return n * (kn_shortlist_depth(k) / sizeof(float) + 2);
}

// s = max |w| / 127 and q = w / s to nearest. What a sum of k roundings may be off is (k + 8)·2^-24·|a||w|
// at most: the bound has that twice, for kn_gemm's and for what is computed from bytes, and one in a
// hundred for its own rounding. A column with NaN or infinity has such a bound.
static void pack_column(const float *column, size_t k, size_t stride, bool rounds, int8_t *bytes,
                        float *scale, float *bound) {
  float largest = 0;
  for (size_t p = 0; p < k; p++) {
    const float w = fabsf(kn_shortlist_rounded(column[p * stride], rounds));
    largest = w > largest || w != w ? w : largest;
    if (largest != largest) break;
  }
  const float s = largest / 127;
  const float inverse = s > KN_SHORTLIST_SMALLEST && s < KN_SHORTLIST_LARGEST ? 1 / s : 0;
  double squares = 0, rest = 0;
  for (size_t p = 0; p < k; p++) {
    const float w = kn_shortlist_rounded(column[p * stride], rounds);
    const float q = inverse == 0 ? 0 : rintf(w * inverse);
    const double e = (double)w - (double)s * q;
    bytes[p] = (int8_t)q;
    squares += (double)w * w;
    rest += e * e;
  }
  for (size_t p = k; p < kn_shortlist_depth(k); p++) bytes[p] = 0;
  const double rounding = (double)(k + 8) * 0x1p-23;
  *scale = inverse == 0 ? 0 : s;
  *bound = (float)(1.01 * (sqrt(rest) + rounding * (sqrt(squares) + sqrt(rest))));
}

void kn_shortlist_pack_share(const float *b, size_t k, size_t n, size_t row_stride,
                             size_t column_stride, enum kn_weight_type type, float *shortlist,
                             const struct kn_team *team) {
  const size_t depth = kn_shortlist_depth(k);
  int8_t *bytes = (int8_t *)shortlist;
  float *scales = shortlist + n * depth / sizeof(float), *bounds = scales + n;
  const struct kn_range own = kn_partition(n, KN_SHORTLIST_UNIT, team->index, team->count);
  const bool rounds = type == KN_WEIGHTS_BFLOAT16;
  for (size_t j = own.begin; j < own.end; j++) {
    pack_column(b + j * column_stride, k, row_stride, rounds, bytes + j * depth, scales + j,
                bounds + j);
  }
}
