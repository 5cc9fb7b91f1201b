// Keys and values that rows find through a table.
#ifndef ATTENTION_TABLE_H
#define ATTENTION_TABLE_H

#include "attention/problem.h"

// Some keys or values of a head: the first, and how far it is to the next.
struct kn_key_rows {
  const float *first;
  size_t stride;
};

// Reports what is out of range in this member's share of the table.
void kn_check_table(const struct kn_attention_problem *problem, const struct kn_team *team);

// Those of row b from `key` on: where they lie if that is in one piece, or else in `copy` [keys,
// width]. What an index out of range names is zeros. The first *copied rows of the copy are there
// already; it becomes how many are, 0 where there is no need of a copy.
struct kn_key_rows kn_keys_at(const struct kn_attention_problem *problem, const float *tensor,
                              const struct kn_attention_strides *strides, size_t b, size_t head,
                              size_t key, size_t keys, size_t width, float *copy, size_t *copied);

// How many of the keys key..<key + keys, from the first one on, are the same for rows a and b.
size_t kn_keys_alike(const struct kn_attention_problem *problem, size_t a, size_t b, size_t key,
                     size_t keys);

#endif
