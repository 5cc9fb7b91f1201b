// The largest element of every row of a product, found without multiplying with all of the matrix.
#ifndef KERNELS_SHORTLIST_H
#define KERNELS_SHORTLIST_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/execution.h"
#include "kernels/gemm.h"

// output[i] = the first j for which (a · b)[i, j] is largest        a [m, k]   b [k, n]
//
// where NaN is never largest; 0 if there is no number above -infinity. The product's elements are those
// of kn_gemm, bit for bit.
//
// A shortlist has every column w of b in bytes, q = w / s rounded, and a bound for what that leaves of
// it, e = w - s·q. As |a·w - s·(a·q)| <= |a||e| (Cauchy and Schwarz), the bytes tell of every column how
// large its element is at least and at most; only those that may be the largest are multiplied. Of
// weights that do not differ much in size these are few, so that a quarter of the weights' bytes is
// read; at worst they are all, and a quarter more is read.
enum { KN_SHORTLIST_MAX_ROWS = 4 };

// Floats that the shortlist of b [k, n] takes.
size_t kn_shortlist_size(size_t k, size_t n);

// A member's share of making it. Element (p, j) is b[p * row_stride + j * column_stride]; packed
// weights in bfloat16 need a shortlist of what they are rounded to.
void kn_shortlist_pack_share(const float *b, size_t k, size_t n, size_t row_stride,
                             size_t column_stride, enum kn_weight_type type, float *shortlist,
                             const struct kn_team *team);

struct kn_shortlist_arguments {
  size_t m, n, k;  // m at most KN_SHORTLIST_MAX_ROWS
  const float *a;
  size_t a_row_stride;
  const float *packed;  // from kn_gemm_pack
  enum kn_weight_type packed_type;
  const float *shortlist;
  int32_t *output;
  float *workspace;  // kn_shortlist_workspace_size floats, on a cache line
};

void kn_shortlist_argmax(const void *arguments, const struct kn_team *team);

// Floats of workspace that a call needs on a team of up to `threads`.
size_t kn_shortlist_workspace_size(size_t m, size_t n, size_t k, size_t threads);

#endif
