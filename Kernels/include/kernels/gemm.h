// Matrix product with an epilogue, one matrix or a batch of them, in float32; packed weights may be
// bfloat16.
#ifndef KERNELS_GEMM_H
#define KERNELS_GEMM_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/execution.h"

enum kn_activation {
  KN_ACTIVATION_NONE,
  KN_ACTIVATION_RELU,
  KN_ACTIVATION_SIGMOID,
  KN_ACTIVATION_TANH,
  KN_ACTIVATION_GELU,       // x Φ(x), by erf
  KN_ACTIVATION_GELU_TANH,  // its tanh approximation
};

// Floats that a packed right operand B [k, n] takes.
size_t kn_gemm_packed_size(size_t k, size_t n);

// Packs B for the active instruction set: element (p, j) is b[p * row_stride + j * column_stride],
// so that a weight stored [n, k] is packed with strides (1, k). Weights that are used more than
// once are packed once, ahead.
void kn_gemm_pack(const float *b, size_t k, size_t n, size_t row_stride, size_t column_stride,
                  float *packed);

// A member's share of that: in training, weights are packed in every run.
void kn_gemm_pack_share(const float *b, size_t k, size_t n, size_t row_stride,
                        size_t column_stride, float *packed, const struct kn_team *team);

// What the elements of packed weights are.
enum kn_weight_type {
  KN_WEIGHTS_FLOAT32,
  // Up to KN_ISA_AVX512 widened in registers, so that a product has the bits that weights so
  // rounded have in float32. KN_ISA_AVX512_BF16 multiplies pairs of bfloat16 (vdpbf16ps): it rounds
  // `a` too, to nearest even, and sums in float32,
  //
  //     c += a[2q + 1] * b[2q + 1], then c += a[2q] * b[2q]    q ascending, zeros past an odd k
  //
  // each a fused multiply-add: the bits of a float32 product of the rounded operands in that order.
  // Denormals of a, b and c are zero to that instruction in any mode, as they are in all kernels;
  // NaN and infinities propagate, and an element of `a` that rounds beyond bfloat16 is infinite.
  KN_WEIGHTS_BFLOAT16,
};

// Floats that they take in bfloat16.
size_t kn_gemm_packed_bfloat16_size(size_t k, size_t n);

// The same in bfloat16, to nearest even.
void kn_gemm_pack_bfloat16_share(const float *b, size_t k, size_t n, size_t row_stride,
                                 size_t column_stride, float *packed, const struct kn_team *team);

// Where a batch's matrices begin: at outer * i + inner * j for matrix (i, j), in elements.
struct kn_gemm_batch_stride {
  size_t outer, inner;
};

// c = activation(scale * (c0 + a · b) + bias) + residual       c0: c before if `accumulate`, else 0
//     a [m, k]   b [k, n]   c [m, n]   bias [n]   residual [m, n]   slope [m, n]   b_sums [n]
//
// or times `residual`, with `residual_is_factor`. slope, where it is wanted, is activation' at the same
// place: what the gradient multiplies with. b_sums, where wanted, is b summed over k: with a the rows of
// a layer's input and b the gradient of its output, c is the gradient of the weight and b_sums of the bias.
// Element (i, p) of a is a[i * a_row_stride + p * a_column_stride]: a transposed matrix needs no
// copy; rows in one piece (column stride 1) are fastest. c overlaps no operand. When k is 0 the
// product is 0. Each element is the sum over k in ascending order (of pairs, see above), fused
// multiply-adds where the instruction set has them: the same bits for every m, batch and team.
struct kn_gemm_arguments {
  size_t m, n, k;
  const float *a;
  size_t a_row_stride, a_column_stride;
  const float *packed;  // from kn_gemm_pack, for all of the batch; or NULL, and then b:
  enum kn_weight_type packed_type;
  bool packed_is_far;  // other weights are read in between, so that it comes from memory every time
  const float *b;
  size_t b_row_stride, b_column_stride;
  float *c;
  size_t c_row_stride;
  const float *bias;      // or NULL
  const float *residual;  // or NULL
  size_t residual_row_stride;
  bool residual_is_factor;
  float *b_sums;  // or NULL; of a single matrix that is not packed ahead
  float *slope;  // or NULL; of gelu and its tanh approximation alone
  size_t slope_row_stride;
  enum kn_activation activation;
  float scale;
  bool accumulate;
  size_t outer_count, inner_count;  // 1, 1 for a single matrix
  struct kn_gemm_batch_stride a_batch, b_batch, c_batch, residual_batch, slope_batch;
  float *workspace;  // kn_gemm_workspace_size floats, on a cache line; NULL if that is 0
};

void kn_gemm(const void *arguments, const struct kn_team *team);

// Floats of workspace that a call with these arguments needs on a team of up to `threads`; reads
// the sizes, the strides of a, whether `packed` is NULL, and its type.
size_t kn_gemm_workspace_size(const struct kn_gemm_arguments *arguments, size_t threads);

#endif
