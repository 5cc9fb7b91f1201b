#include "attention/table.h"

#include <string.h>

#include "base/index_status.h"
#include "base/partition.h"

static bool is_source(const struct kn_attention_problem *p, int32_t index) {
  return index >= 0 && (size_t)index < p->sources;
}

void kn_check_table(const struct kn_attention_problem *p, const struct kn_team *team) {
  const size_t count = p->batch * (p->table_kind == KN_TABLE_KEYS ? p->keys : 1);
  const struct kn_range range = kn_partition(count, 1, team->index, team->count);
  for (size_t i = range.begin; i < range.end; i++) {
    if (!is_source(p, p->table[i])) {
      kn_report_index(p->status, i, p->table[i]);
      return;
    }
  }
}

static bool are_in_one_piece(const struct kn_attention_problem *p, const int32_t *slots,
                             size_t count) {
  if (!is_source(p, slots[0]) || (size_t)slots[0] + count > p->sources) return false;
  int32_t difference = 0;
  for (size_t j = 0; j < count; j++) difference |= slots[j] ^ (slots[0] + (int32_t)j);
  return difference == 0;
}

// Where the keys lie, if a copy is not needed; or else NULL.
static const float *find_keys(const struct kn_attention_problem *p, const float *tensor,
                              const struct kn_attention_strides *strides, size_t b, size_t head,
                              size_t key, size_t keys) {
  switch (p->table_kind) {
    case KN_TABLE_NONE: return tensor + kn_attention_at(strides, b, key, head);
    case KN_TABLE_ROWS:
      if (!is_source(p, p->table[b])) return NULL;
      return tensor + kn_attention_at(strides, (size_t)p->table[b], key, head);
    case KN_TABLE_KEYS: break;
  }
  const int32_t *slots = p->table + b * p->keys + key;
  if (!are_in_one_piece(p, slots, keys)) return NULL;
  return tensor + kn_attention_at(strides, 0, (size_t)slots[0], head);
}

struct kn_key_rows kn_keys_at(const struct kn_attention_problem *p, const float *tensor,
                              const struct kn_attention_strides *strides, size_t b, size_t head,
                              size_t key, size_t keys, size_t width, float *copy, size_t *copied) {
  const float *first = find_keys(p, tensor, strides, b, head, key, keys);
  if (first != NULL) {
    *copied = 0;
    return (struct kn_key_rows){first, strides->time};
  }
  for (size_t j = *copied; j < keys; j++) {
    // A source that there is needs no copy.
    const int32_t slot = p->table_kind == KN_TABLE_KEYS ? p->table[b * p->keys + key + j] : -1;
    if (is_source(p, slot)) {
      memcpy(copy + j * width, tensor + kn_attention_at(strides, 0, (size_t)slot, head),
             width * sizeof *copy);
    } else {
      memset(copy + j * width, 0, width * sizeof *copy);
    }
  }
  *copied = keys;
  return (struct kn_key_rows){copy, width};
}

size_t kn_keys_alike(const struct kn_attention_problem *p, size_t a, size_t b, size_t key,
                     size_t keys) {
  if (p->table_kind == KN_TABLE_ROWS) return p->table[a] == p->table[b] ? keys : 0;
  enum { STEP = 16 };
  const int32_t *x = p->table + a * p->keys + key, *y = p->table + b * p->keys + key;
  size_t j = 0;
  while (j + STEP <= keys && memcmp(x + j, y + j, STEP * sizeof *x) == 0) j += STEP;
  while (j < keys && x[j] == y[j]) j++;
  return j;
}
