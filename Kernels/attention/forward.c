// The way forward: a chunk of queries at a time goes through all keys, a block at a time. A chunk is
// queries of one row, or single queries of several rows; of these, neighbours that read the same
// keys share the block.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "attention/share.h"
#include "attention/tile.h"

static size_t lay_out(const struct kn_attention_problem *p, float *memory, struct kn_storage *s) {
  const size_t value_width = kn_round_up(p->value_width, KN_GEMM_MAX_WIDTH);
  const size_t queries = kn_attends_across(p) ? p->batch : p->queries;
  const size_t chunk = kn_smaller(kn_round_up(queries, 32), QUERY_CHUNK);
  const bool has_table = p->table_kind != KN_TABLE_NONE;
  float *at = memory;
  s->keys = at, at += p->vector == NULL ? p->width * KEY_BLOCK : 0;
  s->values = at, at += value_width * KEY_BLOCK;
  s->key_copies = at, at += has_table ? p->width * KEY_BLOCK : 0;
  s->value_copies = at, at += has_table ? p->value_width * KEY_BLOCK : 0;
  s->scores = at, at += KN_GEMM_MAX_ROWS * KEY_BLOCK;
  s->accumulators = at, at += value_width * chunk;
  s->sums = at, at += KN_SUM_LANES * chunk;
  s->largest = at, at += chunk;
  s->factors = at, at += chunk;
  s->accumulator_stride = value_width;
  return kn_round_up((size_t)(at - memory), 32);
}

size_t kn_attention_workspace_size(const struct kn_attention_problem *problem, size_t threads) {
  struct kn_storage storage;
  return threads * lay_out(problem, NULL, &storage);
}

static void begin_chunk(const struct kn_member *m, size_t count) {
  for (size_t r = 0; r < count; r++) m->storage.largest[r] = -INFINITY;
  memset(m->storage.sums, 0, count * KN_SUM_LANES * sizeof *m->storage.sums);
}

// Statistics and weights of a query that has met all its keys.
static void finish_query(const struct kn_member *m, size_t b, size_t h, size_t i, float largest,
                         float factor) {
  const struct kn_attention_problem *p = m->p;
  const struct kn_attention_arguments *a = m->a;
  const size_t query = kn_query_index(p, b, h, i);
  if (a->statistics != NULL) {
    a->statistics[2 * query] = factor == 0 ? 0 : largest;
    a->statistics[2 * query + 1] = factor;
  }
  if (a->weights != NULL) {
    const size_t seen = factor == 0 ? 0 : kn_keys_seen(p, b, i);
    float *weights = a->weights + query * p->keys;
    m->rows->weigh(seen, 1, largest, factor, weights, weights);
    memset(weights + seen, 0, (p->keys - seen) * sizeof *weights);
  }
}

// Output, statistics and weights of a chunk; its last queries, beyond `count`, have seen nothing.
static void finish_chunk(const struct kn_member *m, const struct kn_span *queries, size_t count) {
  const struct kn_attention_arguments *a = m->a;
  const struct kn_storage *s = &m->storage;
  const size_t width = m->p->value_width, stride = kn_stride_of(queries, &a->output_strides);
  float *output =
      a->output + kn_attention_at(&a->output_strides, queries->b, queries->i, queries->h);
  float *factors = s->factors;
  m->rows->divide(count, width, s->sums, s->accumulators, s->accumulator_stride, output, stride,
                  factors);
  for (size_t r = 0; r < queries->count; r++) {
    const bool is_past = r >= count;
    if (is_past) memset(output + r * stride, 0, width * sizeof *output);
    if (a->statistics != NULL || a->weights != NULL) {
      finish_query(m, kn_row_at(queries, r), queries->h, kn_query_at(queries, r), s->largest[r],
                   is_past ? 0 : factors[r]);
    }
  }
}

// Queries of one head, at most a chunk of them.
static void attend_chunk(const struct kn_member *m, size_t b, size_t h, struct kn_range queries) {
  const struct kn_attention_problem *p = m->p;
  const size_t end = kn_smaller(queries.end, kn_query_length(p, b));
  const size_t count = end > queries.begin ? end - queries.begin : 0;
  const size_t limit = count > 0 ? kn_keys_seen(p, b, end - 1) : 0;
  const struct kn_span all = {b, h, queries.begin, queries.end - queries.begin, false};
  const struct kn_span live = kn_part_of(&all, 0, count);
  begin_chunk(m, count);
  for (size_t key = 0; key < limit; key += KEY_BLOCK) {
    struct kn_block block = {.key = key, .keys = kn_smaller(limit - key, KEY_BLOCK)};
    kn_fetch_block(m, b, h, 0, kn_tiles_of(m, count), &block);
    kn_attend_block(m, &live, 0, &block);
  }
  finish_chunk(m, &all, limit > 0 ? count : 0);
}

// Has the head after this one asked for, if its rows are all in one place.
static void ask_for_next_head(const struct kn_member *m, size_t b, size_t h) {
  const struct kn_attention_problem *p = m->p;
  *m->ahead = (struct kn_gemm_ahead){.count = 0};
  const size_t next = h + 1 < p->heads ? h + 1 : 0, row = next > 0 ? b : b + 1;
  if (row == p->batch || p->table_kind != KN_TABLE_NONE) return;
  const size_t head = kn_key_head(p, next), keys = kn_smaller(p->keys, KEY_BLOCK);
  const size_t queries = kn_smaller(p->queries, QUERY_CHUNK);
  kn_ahead_add(m->ahead, p->k, &p->k_strides, row, head, keys, p->width);
  kn_ahead_add(m->ahead, p->v, &p->v_strides, row, head, keys, p->value_width);
  kn_ahead_add(m->ahead, p->q, &p->q_strides, row, next, queries, p->width);
  kn_ahead_add(m->ahead, m->a->output, &m->a->output_strides, row, next, queries, p->value_width);
}

// Queries first..<last of those of a head.
static void attend(void *context, size_t b, size_t h, struct kn_range queries) {
  ask_for_next_head(context, b, h);
  for (size_t i = queries.begin; i < queries.end; i += QUERY_CHUNK) {
    attend_chunk(context, b, h, (struct kn_range){i, kn_smaller(i + QUERY_CHUNK, queries.end)});
  }
}

// How many keys the only query of row b sees.
static size_t keys_of_row(const struct kn_attention_problem *p, size_t b) {
  return kn_query_length(p, b) > 0 ? kn_keys_seen(p, b, 0) : 0;
}

// How many rows from b on, up to `end`, see the same `keys` keys from `key` on.
static size_t rows_alike(const struct kn_attention_problem *p, size_t b, size_t end, size_t key,
                         size_t keys) {
  size_t next = b + 1;
  while (next < end && kn_seen_within(keys_of_row(p, next), key, KEY_BLOCK) == keys &&
         kn_keys_alike(p, b, next, key, keys) == keys) {
    next++;
  }
  return next - b;
}

// Single queries of one head of some rows, at most a chunk of them.
static void attend_rows_chunk(const struct kn_member *m, size_t h, struct kn_range rows) {
  const struct kn_attention_problem *p = m->p;
  const struct kn_span all = {rows.begin, h, 0, rows.end - rows.begin, true};
  size_t limit = 0;
  for (size_t b = rows.begin; b < rows.end; b++) {
    if (keys_of_row(p, b) > limit) limit = keys_of_row(p, b);
  }
  begin_chunk(m, all.count);
  for (size_t key = 0; key < limit; key += KEY_BLOCK) {
    struct kn_block block = {.key = key};
    size_t last = rows.begin;
    for (size_t b = rows.begin, alike = 1; b < rows.end; b += alike, alike = 1) {
      const size_t keys = kn_seen_within(keys_of_row(p, b), key, KEY_BLOCK);
      if (keys == 0) continue;
      alike = rows_alike(p, b, rows.end, key, keys);
      const size_t kept = kn_keys_alike(p, last, b, key, kn_smaller(block.keys, keys));
      block.keys = keys;
      kn_fetch_block(m, b, h, kept, kn_tiles_of(m, alike), &block);
      last = b;
      const struct kn_span queries = kn_part_of(&all, b - rows.begin, alike);
      kn_attend_block(m, &queries, b - rows.begin, &block);
    }
  }
  finish_chunk(m, &all, all.count);
}

static void attend_rows(void *context, size_t h, struct kn_range rows) {
  for (size_t b = rows.begin; b < rows.end; b += QUERY_CHUNK) {
    attend_rows_chunk(context, h, (struct kn_range){b, kn_smaller(b + QUERY_CHUNK, rows.end)});
  }
}

void kn_attention(const void *opaque, const struct kn_team *team) {
  const struct kn_attention_arguments *a = opaque;
  assert(a->problem.heads % a->problem.key_heads == 0);
  struct kn_gemm_ahead ahead = {.count = 0};
  struct kn_member member = {.a = a,
                             .p = &a->problem,
                             .gemm = kn_gemm_kernels_for(kn_isa_active()),
                             .rows = kn_attention_rows(),
                             .ahead = &ahead};
  const size_t size = lay_out(&a->problem, NULL, &member.storage);
  lay_out(&a->problem, a->workspace + team->index * size, &member.storage);
  if (a->problem.table_kind != KN_TABLE_NONE) kn_check_table(&a->problem, team);
  if (kn_attends_across(&a->problem)) {
    kn_share_rows(&a->problem, team, attend_rows, &member);
  } else {
    kn_share_queries(&a->problem, team, attend, &member);
  }
}
