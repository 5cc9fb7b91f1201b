// The way forward: a chunk of queries at a time goes through all keys, a block at a time.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "attention/problem.h"
#include "attention/rows.h"
#include "attention/share.h"
#include "gemm/gemm.h"

// A member's own part of the workspace.
struct storage {
  float *keys;          // a block of K transposed, in panels; dot only
  float *values;        // a block of V, in panels, where it is packed
  float *scores;        // [tile, KEY_BLOCK]
  float *accumulators;  // [chunk, value_width]
  float *sums;               // [chunk, KN_SUM_LANES]
  float *largest, *factors;  // [chunk]
  size_t accumulator_stride;
};

static size_t lay_out(const struct kn_attention_problem *p, float *memory, struct storage *s) {
  const size_t value_width = kn_round_up(p->value_width, KN_GEMM_MAX_WIDTH);
  const size_t chunk = kn_smaller(kn_round_up(p->queries, 32), QUERY_CHUNK);
  float *at = memory;
  s->keys = at, at += p->vector == NULL ? p->width * KEY_BLOCK : 0;
  s->values = at, at += value_width * KEY_BLOCK;
  s->scores = at, at += KN_GEMM_MAX_ROWS * KEY_BLOCK;
  s->accumulators = at, at += value_width * chunk;
  s->sums = at, at += KN_SUM_LANES * chunk;
  s->largest = at, at += chunk;
  s->factors = at, at += chunk;
  s->accumulator_stride = value_width;
  return kn_round_up((size_t)(at - memory), 32);
}

size_t kn_attention_workspace_size(const struct kn_attention_problem *problem, size_t threads) {
  struct storage storage;
  return threads * lay_out(problem, NULL, &storage);
}

// A right operand of gemm: where it begins, and its strides from k to k and from panel to panel.
struct panels {
  const float *data;
  size_t step, stride;
};

struct member {
  const struct kn_attention_arguments *a;
  const struct kn_attention_problem *p;
  const struct kn_gemm_kernels *gemm;
  const struct kn_attention_rows *rows;
  struct storage storage;
};

// A few queries of a head against a block of keys.
struct tile {
  size_t b, h, first, count;  // queries first..<first + count
  size_t key, keys;
  struct panels values;
  float *accumulators, *largest, *sums;
};

static void pack_keys(const struct member *m, size_t b, size_t h, size_t key, size_t keys) {
  const struct kn_attention_problem *p = m->p;
  const float *k = p->k + kn_attention_at(&p->k_strides, b, key, kn_key_head(p, h));
  const size_t width = m->gemm->width;
  kn_gemm_pack_panels(width, k, p->width, keys, 1, p->k_strides.time, m->storage.keys,
                      p->width * width);
}

// V is read where it lies if its rows are whole panels, and dense or read only once or twice.
static struct panels pack_values(const struct member *m, size_t b, size_t h, size_t key,
                                    size_t keys, size_t tiles) {
  const struct kn_attention_problem *p = m->p;
  const float *v = p->v + kn_attention_at(&p->v_strides, b, key, kn_key_head(p, h));
  const size_t width = m->gemm->width, time = p->v_strides.time;
  if (p->value_width % width == 0 && (time == p->value_width || tiles <= 2)) {
    return (struct panels){v, time, width};
  }
  kn_gemm_pack_panels(width, v, keys, p->value_width, time, 1, m->storage.values, keys * width);
  return (struct panels){m->storage.values, width, keys * width};
}

// A few rows of gemm's, as many as a tile has at most, times whole panels: c has room for them.
static void multiply_panels(const struct kn_gemm_kernels *gemm, const struct kn_gemm_tile *first,
                            size_t rows, size_t columns) {
  const size_t panels = (columns + gemm->width - 1) / gemm->width;
  struct kn_gemm_tile tile = *first;
  tile.next = (const char *)tile.panel;
  for (size_t panel = 0; panel < panels;) {
    size_t class = KN_GEMM_PANEL_CLASSES - 1;
    while (class > 0 && (rows > gemm->rows[class] || panel + (1u << class) > panels)) class--;
    gemm->microkernels[class][rows - 1](&tile);
    tile.panel += tile.panel_stride << class;
    tile.c += gemm->width << class;
    panel += 1u << class;
  }
}

// Against as many keys of the block as any of the queries sees.
static void compute_scores(const struct member *m, const struct tile *t, size_t seen) {
  const struct kn_attention_problem *p = m->p;
  const float *q = p->q + kn_attention_at(&p->q_strides, t->b, t->first, t->h);
  float *scores = m->storage.scores;
  if (p->vector != NULL) {
    const float *k = p->k + kn_attention_at(&p->k_strides, t->b, t->key, kn_key_head(p, t->h));
    for (size_t r = 0; r < t->count; r++) {
      m->rows->additive(p->width, p->vector, q + r * p->q_strides.time, seen, k,
                        p->k_strides.time, scores + r * KEY_BLOCK);
    }
    return;
  }
  const struct kn_gemm_tile tile = {.k = p->width,
                                    .a = q,
                                    .a_row_stride = p->q_strides.time,
                                    .a_column_stride = 1,
                                    .panel = m->storage.keys,
                                    .panel_step = m->gemm->width,
                                    .panel_stride = p->width * m->gemm->width,
                                    .c = scores,
                                    .c_row_stride = KEY_BLOCK};
  multiply_panels(m->gemm, &tile, t->count, seen);
}

// The accumulators of rows first..<first + count take in keys from..<to of the block.
static void add_values(const struct member *m, const struct tile *t, size_t first, size_t count,
                       size_t from, size_t to) {
  const size_t stride = m->storage.accumulator_stride;
  const struct kn_gemm_tile tile = {.k = to - from,
                                    .a = m->storage.scores + first * KEY_BLOCK + from,
                                    .a_row_stride = KEY_BLOCK,
                                    .a_column_stride = 1,
                                    .panel = t->values.data + from * t->values.step,
                                    .panel_step = t->values.step,
                                    .panel_stride = t->values.stride,
                                    .c = t->accumulators + first * stride,
                                    .c_row_stride = stride,
                                    .begins_at_c = t->key > 0 || from > 0};
  multiply_panels(m->gemm, &tile, count, m->p->value_width);
}

static void attend_tile(const struct member *m, const struct tile *t) {
  const struct kn_attention_problem *p = m->p;
  const size_t stride = m->storage.accumulator_stride;
  float *scores = m->storage.scores;
  size_t seen[KN_GEMM_MAX_ROWS];
  float factors[KN_GEMM_MAX_ROWS];
  for (size_t r = 0; r < t->count; r++) {
    seen[r] = kn_seen_within(kn_keys_seen(p, t->b, t->first + r), t->key, t->keys);
  }
  // What the first query sees, later ones see too.
  if (t->key > 0 && seen[t->count - 1] == 0) return;
  compute_scores(m, t, seen[t->count - 1]);
  const bool is_masked = p->mask_kind != KN_MASK_NONE;
  if (is_masked) {
    for (size_t r = 0; r < t->count; r++) {
      kn_attention_mask_row(p, t->b, t->h, t->first + r, t->key, seen[r], scores + r * KEY_BLOCK);
    }
  }
  const float scale = is_masked ? 1 : p->scale;
  if (m->a->weights != NULL) {
    for (size_t r = 0; r < t->count; r++) {
      float *kept = m->a->weights + kn_query_index(p, t->b, t->h, t->first + r) * p->keys + t->key;
      m->rows->multiply(seen[r], scale, scores + r * KEY_BLOCK, kept);
    }
  }
  m->rows->softmax(t->count, seen, scale, scores, KEY_BLOCK, t->largest, t->sums, factors);
  if (t->key > 0) {
    for (size_t r = 0; r < t->count; r++) {
      float *row = t->accumulators + r * stride;
      if (factors[r] != 1) m->rows->multiply(p->value_width, factors[r], row, row);
    }
  }
  add_values(m, t, 0, t->count, 0, seen[0]);
  for (size_t r = 1; r < t->count; r++) {
    if (seen[r] > seen[0]) add_values(m, t, r, 1, seen[0], seen[r]);
  }
}

// Statistics and weights of a query that has met all its keys.
static void finish_query(const struct member *m, size_t b, size_t h, size_t i, float largest,
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
static void finish_chunk(const struct member *m, size_t b, size_t h, struct kn_range queries,
                         size_t count) {
  const struct kn_attention_arguments *a = m->a;
  const struct storage *s = &m->storage;
  const size_t width = m->p->value_width, first = queries.begin;
  float *factors = s->factors;
  m->rows->divide(count, width, s->sums, s->accumulators, s->accumulator_stride,
                  a->output + kn_attention_at(&a->output_strides, b, first, h),
                  a->output_strides.time, factors);
  for (size_t i = first; i < queries.end; i++) {
    const bool is_past = i - first >= count;
    if (is_past) {
      memset(a->output + kn_attention_at(&a->output_strides, b, i, h), 0, width * sizeof(float));
    }
    if (a->statistics != NULL || a->weights != NULL) {
      finish_query(m, b, h, i, s->largest[i - first], is_past ? 0 : factors[i - first]);
    }
  }
}

// Queries of one head, at most a chunk of them.
static void attend_chunk(const struct member *m, size_t b, size_t h, struct kn_range queries) {
  const struct kn_attention_problem *p = m->p;
  const struct storage *s = &m->storage;
  const size_t end = kn_smaller(queries.end, kn_query_length(p, b));
  const size_t count = end > queries.begin ? end - queries.begin : 0;
  const size_t tiles = (count + m->gemm->rows[0] - 1) / m->gemm->rows[0];
  const size_t limit = count > 0 ? kn_keys_seen(p, b, end - 1) : 0;
  for (size_t r = 0; r < count; r++) s->largest[r] = -INFINITY;
  memset(s->sums, 0, count * KN_SUM_LANES * sizeof *s->sums);
  for (size_t key = 0; key < limit; key += KEY_BLOCK) {
    const size_t keys = kn_smaller(limit - key, KEY_BLOCK);
    if (p->vector == NULL) pack_keys(m, b, h, key, keys);
    const struct panels values = pack_values(m, b, h, key, keys, tiles);
    for (size_t i = 0, row = 0; i < tiles; i++) {
      const struct tile tile = {.b = b,
                                .h = h,
                                .first = queries.begin + row,
                                .count = count / tiles + (i < count % tiles ? 1 : 0),
                                .key = key,
                                .keys = keys,
                                .values = values,
                                .accumulators = s->accumulators + row * s->accumulator_stride,
                                .largest = s->largest + row,
                                .sums = s->sums + row * KN_SUM_LANES};
      attend_tile(m, &tile);
      row += tile.count;
    }
  }
  finish_chunk(m, b, h, queries, limit > 0 ? count : 0);
}

// Queries first..<last of those of a head.
static void attend(void *context, size_t b, size_t h, struct kn_range queries) {
  for (size_t i = queries.begin; i < queries.end; i += QUERY_CHUNK) {
    attend_chunk(context, b, h, (struct kn_range){i, kn_smaller(i + QUERY_CHUNK, queries.end)});
  }
}

void kn_attention(const void *opaque, const struct kn_team *team) {
  const struct kn_attention_arguments *a = opaque;
  assert(a->problem.heads % a->problem.key_heads == 0);
  struct member member = {.a = a,
                          .p = &a->problem,
                          .gemm = kn_gemm_kernels_for(kn_isa_active()),
                          .rows = kn_attention_rows()};
  const size_t size = lay_out(&a->problem, NULL, &member.storage);
  lay_out(&a->problem, a->workspace + team->index * size, &member.storage);
  kn_share_queries(&a->problem, team, attend, &member);
}
