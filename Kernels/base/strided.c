#include "base/strided.h"

#include <assert.h>
#include <stdbool.h>

void kn_nest_start(struct kn_nest *nest, size_t rank, const size_t *shape) {
  assert(rank <= KN_MAX_RANK);
  nest->rank = rank;
  nest->operands = 0;
  for (size_t d = 0; d < rank; d++) nest->shape[d] = shape[d];
}

void kn_nest_add(struct kn_nest *nest, const ptrdiff_t *strides) {
  assert(nest->operands < KN_MAX_OPERANDS);
  for (size_t d = 0; d < nest->rank; d++) nest->strides[nest->operands][d] = strides[d];
  nest->operands++;
}

static void move_dimension(struct kn_nest *nest, size_t from, size_t to) {
  nest->shape[to] = nest->shape[from];
  for (size_t o = 0; o < nest->operands; o++) nest->strides[o][to] = nest->strides[o][from];
}

// Whether one step in `outer` moves every operand as far as a whole turn of `inner` does.
static bool is_continued(const struct kn_nest *nest, size_t outer, size_t inner) {
  for (size_t o = 0; o < nest->operands; o++) {
    const ptrdiff_t turn = nest->strides[o][inner] * (ptrdiff_t)nest->shape[inner];
    if (nest->strides[o][outer] != turn) return false;
  }
  return true;
}

void kn_nest_collapse(struct kn_nest *nest) {
  size_t kept = 0;
  for (size_t d = 0; d < nest->rank; d++) {
    if (nest->shape[d] == 1) continue;
    if (kept > 0 && is_continued(nest, kept - 1, d)) {
      const size_t outer = nest->shape[kept - 1];
      move_dimension(nest, d, kept - 1);
      nest->shape[kept - 1] *= outer;
    } else {
      move_dimension(nest, d, kept);
      kept++;
    }
  }
  if (kept == 0) {
    nest->shape[0] = 1;
    for (size_t o = 0; o < nest->operands; o++) nest->strides[o][0] = 1;
    kept = 1;
  }
  nest->rank = kept;
}

size_t kn_nest_count(const struct kn_nest *nest, size_t rank) {
  size_t count = 1;
  for (size_t d = 0; d < rank; d++) count *= nest->shape[d];
  return count;
}

void kn_walk_start(struct kn_walk *walk, const struct kn_nest *nest, size_t rank, size_t position) {
  walk->nest = nest;
  walk->rank = rank;
  for (size_t o = 0; o < nest->operands; o++) walk->offsets[o] = 0;
  for (size_t d = rank; d-- > 0;) {
    const size_t size = nest->shape[d] > 0 ? nest->shape[d] : 1;  // an empty nest has a start too
    walk->index[d] = position % size;
    position /= size;
    for (size_t o = 0; o < nest->operands; o++) {
      walk->offsets[o] += (ptrdiff_t)walk->index[d] * nest->strides[o][d];
    }
  }
}

void kn_walk_next(struct kn_walk *walk) {
  const struct kn_nest *nest = walk->nest;
  for (size_t d = walk->rank; d-- > 0;) {
    const bool turned = ++walk->index[d] == nest->shape[d];
    for (size_t o = 0; o < nest->operands; o++) {
      const ptrdiff_t stride = nest->strides[o][d];
      walk->offsets[o] += turned ? stride - stride * (ptrdiff_t)nest->shape[d] : stride;
    }
    if (!turned) return;
    walk->index[d] = 0;
  }
}
