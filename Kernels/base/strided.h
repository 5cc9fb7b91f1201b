// Walking n-dimensional, strided operands in row-major order.
#ifndef BASE_STRIDED_H
#define BASE_STRIDED_H

#include <stddef.h>

#include "kernels/rank.h"

enum { KN_MAX_OPERANDS = 4 };

// Operands that share one index space. Operand o's element at index i is at
// sum(i[d] * strides[o][d]), in elements; a stride of 0 repeats an element (broadcasting).
struct kn_nest {
  size_t rank, operands;
  size_t shape[KN_MAX_RANK];
  ptrdiff_t strides[KN_MAX_OPERANDS][KN_MAX_RANK];
};

void kn_nest_start(struct kn_nest *nest, size_t rank, const size_t *shape);
void kn_nest_add(struct kn_nest *nest, const ptrdiff_t *strides);

// The same elements in the same order with as few dimensions as can be, and at least one.
void kn_nest_collapse(struct kn_nest *nest);

// How many indices the first `rank` dimensions have.
size_t kn_nest_count(const struct kn_nest *nest, size_t rank);

// A position in the first `rank` dimensions of a nest, with every operand's offset there.
struct kn_walk {
  const struct kn_nest *nest;
  size_t rank;
  size_t index[KN_MAX_RANK];
  ptrdiff_t offsets[KN_MAX_OPERANDS];
};

void kn_walk_start(struct kn_walk *walk, const struct kn_nest *nest, size_t rank, size_t position);
void kn_walk_next(struct kn_walk *walk);

#endif
