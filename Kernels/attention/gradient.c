// The way back of dot products. For a block of keys and a block of queries, p and ds are computed once
// and used by three products; sums grow in the gradients themselves.
#include <assert.h>
#include <string.h>

#include "attention/additive.h"
#include "attention/ahead.h"
#include "attention/problem.h"
#include "attention/rows.h"
#include "base/partition.h"

// The sizes of a block. Sums are chains over queries or keys however these are cut. Rows of p are odd
// in cache lines, so that columns of it fall into different sets of the cache.
enum { KEYS = 128, QUERIES = 112, P_STRIDE = KEYS + 16 };

// A member's own part of the workspace.
struct storage {
  float *keys_turned, *values_turned;  // K and V of the block, transposed, in panels
  float *keys, *queries, *gradients;   // K, Q and dO of the block, in panels
  float *p, *ds;                       // [QUERIES, P_STRIDE]
};

static size_t lay_out(const struct kn_attention_problem *p, float *memory, struct storage *s) {
  const size_t width = kn_round_up(p->width, KN_GEMM_MAX_WIDTH);
  const size_t value_width = kn_round_up(p->value_width, KN_GEMM_MAX_WIDTH);
  float *at = memory;
  s->keys_turned = at, at += width * KEYS;
  s->values_turned = at, at += value_width * KEYS;
  s->keys = at, at += width * KEYS;
  s->queries = at, at += width * QUERIES;
  s->gradients = at, at += value_width * QUERIES;
  s->p = at, at += QUERIES * P_STRIDE;
  s->ds = at, at += QUERIES * P_STRIDE;
  return kn_round_up((size_t)(at - memory), 32);
}

// A share of the work: what it reads of others' shares it computes again.
struct part {
  size_t b, g;
  struct kn_range heads, queries, keys;
  bool gives_keys;     // dk and dv of `keys`: then `heads` and `queries` are all of the group's
  bool gives_queries;  // dq of `queries`: then `keys` are all
};

struct member {
  const struct kn_attention_gradient_arguments *a;
  const struct kn_attention_problem *p;
  const struct kn_gemm_kernels *gemm;
  const struct kn_attention_rows *rows;
  struct storage storage;
  struct kn_gemm_ahead *ahead;
};

// Some queries of a head and some keys.
struct block {
  size_t b, h, g, query, queries, key, keys;
};

// c[rows, columns] (+)= a · panels; panels of `depth` steps.
static void multiply(const struct member *m, struct kn_gemm_block block, const float *panels,
                     float *c, size_t c_row_stride, bool begins_at_c) {
  block.panels = panels;
  block.panel_step = m->gemm->width;
  block.panel_stride = block.k * m->gemm->width;
  block.c = c;
  block.c_row_stride = c_row_stride;
  block.begins_at_c = begins_at_c;
  block.ahead = m->ahead;
  block.distance = KN_GEMM_NEAR;
  kn_gemm_multiply(m->gemm, &block);
}

// p and ds of the block, 0 where a query does not see a key.
static void compute_scores(const struct member *m, const struct block *t) {
  const struct kn_attention_gradient_arguments *a = m->a;
  const struct kn_attention_problem *p = m->p;
  const struct storage *s = &m->storage;
  const float *dy = a->output_gradient;
  const struct kn_attention_strides *dy_strides = &a->output_gradient_strides;
  const size_t columns = kn_round_up(t->keys, m->gemm->width);
  multiply(m,
           (struct kn_gemm_block){.m = t->queries,
                                  .n = columns,
                                  .k = p->width,
                                  .a = p->q + kn_attention_at(&p->q_strides, t->b, t->query, t->h),
                                  .a_row_stride = p->q_strides.time,
                                  .a_column_stride = 1},
           s->keys_turned, s->p, P_STRIDE, false);
  multiply(m,
           (struct kn_gemm_block){.m = t->queries,
                                  .n = columns,
                                  .k = p->value_width,
                                  .a = dy + kn_attention_at(dy_strides, t->b, t->query, t->h),
                                  .a_row_stride = dy_strides->time,
                                  .a_column_stride = 1},
           s->values_turned, s->ds, P_STRIDE, false);
  for (size_t r = 0; r < t->queries; r++) {
    const size_t i = t->query + r;
    const size_t seen = kn_seen_within(kn_keys_seen(p, t->b, i), t->key, t->keys);
    const float *statistics = a->statistics + 2 * kn_query_index(p, t->b, t->h, i);
    float *scores = s->p + r * P_STRIDE, *ds = s->ds + r * P_STRIDE;
    const float delta =
        m->rows->dot(p->value_width, dy + kn_attention_at(dy_strides, t->b, i, t->h),
                     a->output + kn_attention_at(&a->output_strides, t->b, i, t->h));
    float scale = p->scale;
    if (p->mask_kind != KN_MASK_NONE) {
      kn_attention_mask_row(p, t->b, t->h, i, t->key, seen, scores);
      scale = 1;
    }
    m->rows->weigh(seen, scale, statistics[0], statistics[1], scores, scores);
    m->rows->score_gradient(seen, p->scale, delta, scores, ds);
    memset(scores + seen, 0, (columns - seen) * sizeof *scores);
    memset(ds + seen, 0, (columns - seen) * sizeof *ds);
  }
}

// dv (+)= pᵀ · dO, dk (+)= dsᵀ · q
static void add_to_keys(const struct member *m, const struct block *t, bool is_first) {
  const struct kn_attention_gradient_arguments *a = m->a;
  const struct kn_attention_problem *p = m->p;
  const struct storage *s = &m->storage;
  const size_t width = m->gemm->width;
  const struct kn_attention_strides *dk = &a->k_gradient_strides, *dv = &a->v_gradient_strides;
  const struct kn_attention_strides *dy = &a->output_gradient_strides;
  kn_gemm_pack_panels(width, a->output_gradient + kn_attention_at(dy, t->b, t->query, t->h),
                      t->queries, p->value_width, dy->time, 1, s->gradients, t->queries * width);
  kn_gemm_pack_panels(width, p->q + kn_attention_at(&p->q_strides, t->b, t->query, t->h),
                      t->queries, p->width, p->q_strides.time, 1, s->queries, t->queries * width);
  const struct kn_gemm_block product = {
      .m = t->keys, .k = t->queries, .a_row_stride = 1, .a_column_stride = P_STRIDE};
  struct kn_gemm_block values = product, keys = product;
  values.a = s->p;
  values.n = p->value_width;
  multiply(m, values, s->gradients, a->v_gradient + kn_attention_at(dv, t->b, t->key, t->g),
           dv->time, !is_first);
  keys.a = s->ds;
  keys.n = p->width;
  multiply(m, keys, s->queries, a->k_gradient + kn_attention_at(dk, t->b, t->key, t->g), dk->time,
           !is_first);
}

// dq (+)= ds · k
static void add_to_queries(const struct member *m, const struct block *t, bool is_first) {
  const struct kn_attention_strides *dq = &m->a->q_gradient_strides;
  multiply(m,
           (struct kn_gemm_block){.m = t->queries,
                                  .n = m->p->width,
                                  .k = t->keys,
                                  .a = m->storage.ds,
                                  .a_row_stride = P_STRIDE,
                                  .a_column_stride = 1},
           m->storage.keys, m->a->q_gradient + kn_attention_at(dq, t->b, t->query, t->h), dq->time,
           !is_first);
}

static void clear(float *x, const struct kn_attention_strides *strides, size_t b, size_t h,
                  struct kn_range times, size_t width) {
  for (size_t t = times.begin; t < times.end; t++) {
    memset(x + kn_attention_at(strides, b, t, h), 0, width * sizeof *x);
  }
}

static void pack_keys(const struct member *m, const struct part *part, size_t key, size_t keys) {
  const struct kn_attention_problem *p = m->p;
  const struct storage *s = &m->storage;
  const size_t width = m->gemm->width;
  const float *k = p->k + kn_attention_at(&p->k_strides, part->b, key, part->g);
  const float *v = p->v + kn_attention_at(&p->v_strides, part->b, key, part->g);
  kn_gemm_pack_panels(width, k, p->width, keys, 1, p->k_strides.time, s->keys_turned,
                      p->width * width);
  kn_gemm_pack_panels(width, v, p->value_width, keys, 1, p->v_strides.time, s->values_turned,
                      p->value_width * width);
  if (part->gives_queries) {
    kn_gemm_pack_panels(width, k, keys, p->width, p->k_strides.time, 1, s->keys, keys * width);
  }
}

// Whether any of the queries sees any of the keys. The first block of keys that queries meet is where their
// gradients begin; 0 if they see none of it.
static bool run_block(const struct member *m, const struct part *part, const struct block *block,
                      bool begins_keys) {
  const struct kn_attention_gradient_arguments *a = m->a;
  const bool begins_queries = block->key == part->keys.begin;
  const struct kn_range queries = {block->query, block->query + block->queries};
  if (kn_keys_seen(m->p, block->b, queries.end - 1) <= block->key) {
    if (part->gives_queries && begins_queries) {
      clear(a->q_gradient, &a->q_gradient_strides, block->b, block->h, queries, m->p->width);
    }
    return false;
  }
  compute_scores(m, block);
  if (part->gives_keys) add_to_keys(m, block, begins_keys);
  if (part->gives_queries) add_to_queries(m, block, begins_queries);
  return true;
}

static void run_part(const struct member *m, const struct part *part) {
  const struct kn_attention_gradient_arguments *a = m->a;
  const struct kn_attention_problem *p = m->p;
  const size_t b = part->b, g = part->g, first = part->queries.begin;
  const size_t length = kn_smaller(part->queries.end, kn_query_length(p, b));
  const size_t seen = length > first ? kn_keys_seen(p, b, length - 1) : 0;
  // Beyond these is nothing that sees or is seen.
  const size_t limit = seen > part->keys.begin ? kn_smaller(part->keys.end, seen) : part->keys.begin;
  const size_t end = limit > part->keys.begin ? length : first;
  if (part->gives_keys) {
    const struct kn_range unseen = {limit, part->keys.end};
    clear(a->k_gradient, &a->k_gradient_strides, b, g, unseen, p->width);
    clear(a->v_gradient, &a->v_gradient_strides, b, g, unseen, p->value_width);
  }
  for (size_t h = part->heads.begin; h < part->heads.end && part->gives_queries; h++) {
    const struct kn_range blind = {end, part->queries.end};
    clear(a->q_gradient, &a->q_gradient_strides, b, h, blind, p->width);
  }
  if (end == first) return;
  // Blocks of queries are alike: few rows make poor tiles.
  const size_t each = kn_divide_up(end - first, kn_divide_up(end - first, QUERIES));
  for (size_t key = part->keys.begin; key < limit; key += KEYS) {
    const size_t keys = kn_smaller(limit - key, KEYS);
    bool begins_keys = true;
    pack_keys(m, part, key, keys);
    for (size_t h = part->heads.begin; h < part->heads.end; h++) {
      for (size_t i = first; i < end; i += each) {
        const struct block block = {b, h, g, i, kn_smaller(end - i, each), key, keys};
        if (run_block(m, part, &block, begins_keys)) begins_keys = false;
      }
    }
  }
}

// Has what a member will read and write next asked for, of the first head of a group.
static void ask_for(const struct member *m, size_t b, size_t g) {
  const struct kn_attention_gradient_arguments *a = m->a;
  const struct kn_attention_problem *p = m->p;
  struct kn_gemm_ahead *ahead = m->ahead;
  *ahead = (struct kn_gemm_ahead){.count = 0};
  if (b >= p->batch) return;
  const size_t h = g * (p->heads / p->key_heads);
  const size_t keys = kn_smaller(p->keys, KEYS), queries = kn_smaller(p->queries, QUERIES);
  const struct kn_attention_strides *dy = &a->output_gradient_strides;
  kn_ahead_add(ahead, p->k, &p->k_strides, b, g, keys, p->width);
  kn_ahead_add(ahead, p->v, &p->v_strides, b, g, keys, p->value_width);
  kn_ahead_add(ahead, p->q, &p->q_strides, b, h, queries, p->width);
  kn_ahead_add(ahead, a->output_gradient, dy, b, h, queries, p->value_width);
  kn_ahead_add(ahead, a->output, &a->output_strides, b, h, queries, p->value_width);
  kn_ahead_add(ahead, a->v_gradient, &a->v_gradient_strides, b, g, keys, p->value_width);
  kn_ahead_add(ahead, a->k_gradient, &a->k_gradient_strides, b, g, keys, p->width);
  kn_ahead_add(ahead, a->q_gradient, &a->q_gradient_strides, b, h, queries, p->width);
}

// Heads of keys are shared out whole where that keeps the team busy; otherwise blocks of keys, then
// blocks of queries, and p and ds are computed for both.
static void share(const struct member *m, const struct kn_team *team) {
  const struct kn_attention_problem *p = m->p;
  const size_t units = p->batch * p->key_heads, group = p->heads / p->key_heads;
  const size_t rounds = kn_divide_up(units, team->count);
  const bool is_whole = units * 10 >= rounds * team->count * 9;
  const size_t key_blocks = is_whole ? 1 : kn_divide_up(p->keys, KEYS);
  for (size_t i = team->index; i < units * key_blocks; i += team->count) {
    const size_t unit = i / key_blocks, block = i % key_blocks * KEYS, g = unit % p->key_heads;
    const struct part part = {
        .b = unit / p->key_heads,
        .g = g,
        .heads = {g * group, (g + 1) * group},
        .queries = {0, p->queries},
        .keys = {block, is_whole ? p->keys : kn_smaller(block + KEYS, p->keys)},
        .gives_keys = true,
        .gives_queries = is_whole,
    };
    const size_t next = (i + team->count) / key_blocks;
    ask_for(m, next / p->key_heads, next % p->key_heads);
    run_part(m, &part);
  }
  if (is_whole) return;
  *m->ahead = (struct kn_gemm_ahead){.count = 0};
  const size_t query_blocks = kn_divide_up(p->queries, QUERIES);
  for (size_t i = team->index; i < p->batch * p->heads * query_blocks; i += team->count) {
    const size_t head = i / query_blocks, block = i % query_blocks * QUERIES, h = head % p->heads;
    const struct part part = {
        .b = head / p->heads,
        .g = h / group,
        .heads = {h, h + 1},
        .queries = {block, kn_smaller(block + QUERIES, p->queries)},
        .keys = {0, p->keys},
        .gives_queries = true,
    };
    run_part(m, &part);
  }
}

size_t kn_attention_gradient_workspace_size(const struct kn_attention_problem *problem,
                                            size_t threads) {
  if (problem->vector != NULL) return kn_additive_attention_gradient_size(problem);
  struct storage storage;
  return threads * lay_out(problem, NULL, &storage);
}

void kn_attention_gradient(const void *opaque, const struct kn_team *team) {
  const struct kn_attention_gradient_arguments *a = opaque;
  assert(a->problem.table_kind == KN_TABLE_NONE);
  if (a->problem.vector != NULL) {
    kn_additive_attention_gradient(a, team);
    return;
  }
  struct kn_gemm_ahead ahead = {.count = 0};
  struct member member = {.a = a,
                          .p = &a->problem,
                          .gemm = kn_gemm_kernels_for(kn_isa_active()),
                          .rows = kn_attention_rows(),
                          .ahead = &ahead};
  const size_t size = lay_out(&a->problem, NULL, &member.storage);
  lay_out(&a->problem, a->workspace + team->index * size, &member.storage);
  share(&member, team);
}
