// Attention: scores, mask, softmax and weighted sum in one pass, without the matrix of scores.
#ifndef KERNELS_ATTENTION_H
#define KERNELS_ATTENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/execution.h"
#include "kernels/index_status.h"
#include "kernels/softmax.h"

// Element (b, t, h, i) of a tensor is at b * batch + t * time + h * head + i.
struct kn_attention_strides {
  size_t batch, time, head;
};

// Whose keys and values row b reads:
enum kn_attention_table {
  KN_TABLE_NONE,  // its own: k[b, j]
  KN_TABLE_ROWS,  // those of a source: k[table[b], j], table [batch]
  KN_TABLE_KEYS   // every key from its slot: k[0, table[b, j]], table [batch, keys]
};

// With g = h / (heads / key_heads), the group of head h:
//
//     score[b, h, i, j]  = q[b, i, h, :] · k[b, j, g, :]                        dot
//                        = Σ_u vector[u] tanh(q[b, i, h, u] + k[b, j, g, u])    additive
//     p[b, h, i, :]      = softmax over the keys j that query i sees of scale * score, masked
//     output[b, i, h, :] = Σ_j p[b, h, i, j] v[b, j, g, :]
//
// Query i of row b sees key j when j < key_lengths[b], when j <= i + offset if is_causal, and when
// the mask lets it (kinds as in kernels/softmax.h). What it doesn't see is not read, save for keys
// that the mask hides: their weight is 0. A query that sees nothing has output 0, and so has one from
// query_lengths[b] on. NaN in what a query sees gives NaN. The status remembers where the table is not
// in 0..<sources; what is named there counts as zeros.
struct kn_attention_problem {
  size_t batch, heads, key_heads, queries, keys;
  size_t width, value_width;  // of q and k, and of v
  const float *q, *k, *v;
  struct kn_attention_strides q_strides, k_strides, v_strides;
  const float *vector;  // [width]: additive scores; NULL: dot products
  float scale;
  bool is_causal;
  ptrdiff_t offset;
  const int32_t *key_lengths, *query_lengths;  // [batch], or NULL: all
  enum kn_softmax_mask mask_kind;
  const void *mask;
  ptrdiff_t mask_strides[4];  // over [batch, heads, queries, keys]
  enum kn_attention_table table_kind;
  const int32_t *table;
  size_t sources;                  // how many rows k and v have, or slots
  struct kn_index_status *status;  // where there is a table
};

struct kn_attention_arguments {
  struct kn_attention_problem problem;
  float *output;
  struct kn_attention_strides output_strides;
  float *statistics;  // [batch, heads, queries, 2], for the gradient; or NULL
  float *weights;     // p, [batch, heads, queries, keys]; or NULL
  float *workspace;   // its contents don't matter, before and after; 64-byte boundary
};

// Floats of workspace for a team of up to `threads`: they don't depend on how many keys there are.
size_t kn_attention_workspace_size(const struct kn_attention_problem *problem, size_t threads);

// arguments: struct kn_attention_arguments. Keys are taken in blocks of a fixed size from the first
// one on: a query's result has the same bits whatever the queries, heads and rows beside it, the team,
// how many keys follow those that it sees, and whether a table finds them. Single queries of rows
// beside each other that read the same keys through a table go through them together.
void kn_attention(const void *arguments, const struct kn_team *team);

// Gradients from that of the output, dO. With delta = Σ output ∘ dO of a query:
//
//     dv[j] = Σ_i p[i, j] dO[i]      ds[i, j] = scale p[i, j] (v[j] · dO[i] - delta[i])
//     dot        dq[i] = Σ_j ds[i, j] k[j]      dk[j] = Σ_i ds[i, j] q[i]
//     additive   dt[i, j, u] = ds[i, j] vector[u] (1 - tanh²):      dq[i] = Σ_j dt[i, j]
//                dk[j] = Σ_i dt[i, j]      dvector = Σ_ij ds[i, j] tanh(q[i] + k[j])
//
// There is no table. p is computed again from the statistics. Sums over queries run over heads of
// the group, then queries, both ascending. Bits are as in kn_attention.
struct kn_attention_gradient_arguments {
  struct kn_attention_problem problem;
  const float *output, *statistics;  // of kn_attention
  const float *output_gradient;
  struct kn_attention_strides output_strides, output_gradient_strides;
  float *q_gradient, *k_gradient, *v_gradient;
  struct kn_attention_strides q_gradient_strides, k_gradient_strides, v_gradient_strides;
  float *vector_gradient;  // [width], additive only
  float *workspace;        // as above
};

// Floats of workspace: linear in the number of queries and of keys.
size_t kn_attention_gradient_workspace_size(const struct kn_attention_problem *problem,
                                            size_t threads);

// arguments: struct kn_attention_gradient_arguments.
void kn_attention_gradient(const void *arguments, const struct kn_team *team);

#endif
