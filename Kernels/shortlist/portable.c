#include "base/vector_math_portable.h"

enum { V_PRODUCTS = 8 };

typedef vi v_sums;

V_INLINE v_sums v_add_products(const int16_t *r, const int8_t *bytes, v_sums sums) {
  for (size_t lane = 0; lane < V_WIDTH; lane++) {
    sums[lane] += r[2 * lane] * bytes[2 * lane] + r[2 * lane + 1] * bytes[2 * lane + 1];
  }
  return sums;
}

V_INLINE int32_t v_total(v_sums sums) { return sums[0] + sums[1] + sums[2] + sums[3]; }

#define SHORTLIST_ROWS kn_shortlist_rows__portable
#include "shortlist/vector_rows.h"
