// What forward and backward ask of a problem: who sees what, and where it lies.
#ifndef ATTENTION_PROBLEM_H
#define ATTENTION_PROBLEM_H

#include "base/sizes.h"
#include "kernels/attention.h"

// Keys are taken in blocks of this many, and queries in chunks: K and V are packed once for each.
enum { KEY_BLOCK = 256, QUERY_CHUNK = 512 };

static inline size_t kn_clamped_length(const int32_t *lengths, size_t row, size_t all) {
  if (lengths == NULL) return all;
  return lengths[row] <= 0 ? 0 : kn_smaller((size_t)lengths[row], all);
}

static inline size_t kn_query_length(const struct kn_attention_problem *p, size_t b) {
  return kn_clamped_length(p->query_lengths, b, p->queries);
}

// Query i of row b sees keys 0..<this, as far as lengths and causality go.
static inline size_t kn_keys_seen(const struct kn_attention_problem *p, size_t b, size_t i) {
  const size_t length = kn_clamped_length(p->key_lengths, b, p->keys);
  if (!p->is_causal) return length;
  const ptrdiff_t causal = (ptrdiff_t)i + p->offset + 1;
  return causal <= 0 ? 0 : kn_smaller((size_t)causal, length);
}

// The part of them within a block of `count` keys from `key` on.
static inline size_t kn_seen_within(size_t seen, size_t key, size_t count) {
  return seen <= key ? 0 : kn_smaller(seen - key, count);
}

static inline size_t kn_attention_at(const struct kn_attention_strides *s, size_t b, size_t t,
                                     size_t h) {
  return b * s->batch + t * s->time + h * s->head;
}

// Whether single queries of rows that read the same keys are taken together.
static inline bool kn_attends_across(const struct kn_attention_problem *p) {
  return p->table_kind != KN_TABLE_NONE && p->queries == 1;
}

// The number of query i of head h of row b among all.
static inline size_t kn_query_index(const struct kn_attention_problem *p, size_t b, size_t h,
                                    size_t i) {
  return (b * p->heads + h) * p->queries + i;
}

static inline size_t kn_key_head(const struct kn_attention_problem *p, size_t h) {
  return h / (p->heads / p->key_heads);
}

// Scores of query i against `count` keys from `key` on become scale * score + mask, or -infinity.
void kn_attention_mask_row(const struct kn_attention_problem *p, size_t b, size_t h, size_t i,
                           size_t key, size_t count, float *scores);

#endif
