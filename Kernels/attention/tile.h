// The way forward, a few queries against a block of keys at a time.
#ifndef ATTENTION_TILE_H
#define ATTENTION_TILE_H

#include "attention/ahead.h"
#include "attention/problem.h"
#include "attention/rows.h"
#include "attention/table.h"
#include "gemm/gemm.h"

// A member's own part of the workspace.
struct kn_storage {
  float *keys;               // a block of K: for dot products transposed, in panels
  float *values;             // a block of V, in panels, where it is packed
  // [KEY_BLOCK, width] and [KEY_BLOCK, value_width]: rows that a table finds in several places
  float *key_copies, *value_copies;
  float *scores;             // [tile, KEY_BLOCK]
  float *accumulators;       // [chunk, value_width]
  float *sums;               // [chunk, KN_SUM_LANES]
  float *largest, *factors;  // [chunk]
  size_t accumulator_stride;
};

// A right operand of gemm: where it begins, and its strides from k to k and from panel to panel.
struct kn_panels {
  const float *data;
  size_t step, stride;
};

// What a member of the team works with.
struct kn_member {
  const struct kn_attention_arguments *a;
  const struct kn_attention_problem *p;
  const struct kn_gemm_kernels *gemm;
  const struct kn_attention_rows *rows;
  struct kn_storage storage;
  struct kn_gemm_ahead *ahead;
};

// Queries of a head: of row b from query i on, or query i of rows from b on.
struct kn_span {
  size_t b, h, i, count;
  bool is_across;
};

static inline size_t kn_row_at(const struct kn_span *s, size_t r) {
  return s->is_across ? s->b + r : s->b;
}

static inline size_t kn_query_at(const struct kn_span *s, size_t r) {
  return s->is_across ? s->i : s->i + r;
}

// From one query of a span to the next.
static inline size_t kn_stride_of(const struct kn_span *s,
                                  const struct kn_attention_strides *strides) {
  return s->is_across ? strides->batch : strides->time;
}

// The part of a span that begins `from` further.
static inline struct kn_span kn_part_of(const struct kn_span *s, size_t from, size_t count) {
  return (struct kn_span){kn_row_at(s, from), s->h, kn_query_at(s, from), count, s->is_across};
}

// Keys key..<key + keys of a row, with their values.
struct kn_block {
  size_t key, keys;
  struct kn_key_rows k;  // dot products have them in panels
  struct kn_panels values;
  size_t copied_keys, copied_values;
};

// How many tiles some queries are.
size_t kn_tiles_of(const struct kn_member *member, size_t queries);

// Fetches a block for head h of row b, to be read by so many tiles. Its first `kept` keys are those
// that it held before, of the same head.
void kn_fetch_block(const struct kn_member *member, size_t b, size_t h, size_t kept, size_t tiles,
                    struct kn_block *block);

// Queries of the chunk, the first of them its number `row`, meet a block.
void kn_attend_block(const struct kn_member *member, const struct kn_span *queries, size_t row,
                     const struct kn_block *block);

#endif
