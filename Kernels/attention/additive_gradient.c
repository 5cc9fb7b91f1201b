// The way back of additive scores. A chunk of queries at a time: members compute p and ds of a query
// each, in memory linear in the number of keys; then each takes units of q, k and the vector, and
// columns of v, whose sums are all its own.
#include <string.h>

#include "attention/additive.h"
#include "attention/problem.h"
#include "attention/rows.h"
#include "base/partition.h"

// Queries of a chunk, counted through all rows and heads.
enum { QUERIES = 64, UNITS = 16 };

struct storage {
  float *p, *ds;  // [QUERIES, keys], the team's
};

static size_t lay_out(const struct kn_attention_problem *p, float *memory, struct storage *s) {
  s->p = memory;
  s->ds = memory + QUERIES * p->keys;
  return 2 * QUERIES * p->keys;
}

size_t kn_additive_attention_gradient_size(const struct kn_attention_problem *problem) {
  struct storage storage;
  return lay_out(problem, NULL, &storage);
}

struct member {
  const struct kn_attention_gradient_arguments *a;
  const struct kn_attention_problem *p;
  const struct kn_attention_rows *rows;
  struct storage storage;
};

struct query {
  size_t b, h, g, i, seen;
};

// Query number `index` of all.
static struct query query_at(const struct kn_attention_problem *p, size_t index) {
  const size_t head = index / p->queries;
  struct query q = {.b = head / p->heads, .h = head % p->heads, .i = index % p->queries};
  q.g = kn_key_head(p, q.h);
  q.seen = q.i < kn_query_length(p, q.b) ? kn_keys_seen(p, q.b, q.i) : 0;
  return q;
}

static void compute_scores(const struct member *m, size_t index, float *scores, float *ds) {
  const struct kn_attention_gradient_arguments *a = m->a;
  const struct kn_attention_problem *p = m->p;
  const struct query q = query_at(p, index);
  const float *dy =
      a->output_gradient + kn_attention_at(&a->output_gradient_strides, q.b, q.i, q.h);
  const float *output = a->output + kn_attention_at(&a->output_strides, q.b, q.i, q.h);
  const float *v = p->v + kn_attention_at(&p->v_strides, q.b, 0, q.g);
  m->rows->additive(p->width, p->vector, p->q + kn_attention_at(&p->q_strides, q.b, q.i, q.h),
                    q.seen, p->k + kn_attention_at(&p->k_strides, q.b, 0, q.g), p->k_strides.time,
                    scores);
  float scale = p->scale;
  if (p->mask_kind != KN_MASK_NONE) {
    for (size_t key = 0; key < q.seen; key += KEY_BLOCK) {
      kn_attention_mask_row(p, q.b, q.h, q.i, key, kn_smaller(q.seen - key, KEY_BLOCK),
                            scores + key);
    }
    scale = 1;
  }
  const float *statistics = a->statistics + 2 * index;
  m->rows->weigh(q.seen, scale, statistics[0], statistics[1], scores, scores);
  for (size_t j = 0; j < q.seen; j++) {
    ds[j] = m->rows->dot(p->value_width, dy, v + j * p->v_strides.time);
  }
  m->rows->score_gradient(q.seen, p->scale, m->rows->dot(p->value_width, dy, output), scores, ds);
}

// Units of q, k and the vector.
static void add_units(const struct member *m, const struct query *q, const float *ds,
                      struct kn_range units) {
  const struct kn_attention_gradient_arguments *a = m->a;
  const struct kn_attention_problem *p = m->p;
  const size_t u = units.begin;
  m->rows->additive_gradient(
      units.end - u, p->vector + u, p->q + kn_attention_at(&p->q_strides, q->b, q->i, q->h) + u,
      q->seen, p->k + kn_attention_at(&p->k_strides, q->b, 0, q->g) + u, p->k_strides.time, ds,
      a->q_gradient + kn_attention_at(&a->q_gradient_strides, q->b, q->i, q->h) + u,
      a->k_gradient + kn_attention_at(&a->k_gradient_strides, q->b, 0, q->g) + u,
      a->k_gradient_strides.time, a->vector_gradient + u);
}

// Columns of v.
static void add_values(const struct member *m, const struct query *q, const float *weights,
                       struct kn_range columns) {
  const struct kn_attention_gradient_arguments *a = m->a;
  const float *dy = a->output_gradient +
                    kn_attention_at(&a->output_gradient_strides, q->b, q->i, q->h) + columns.begin;
  float *dv =
      a->v_gradient + kn_attention_at(&a->v_gradient_strides, q->b, 0, q->g) + columns.begin;
  for (size_t j = 0; j < q->seen; j++) {
    m->rows->add_multiple(columns.end - columns.begin, weights[j], dy,
                          dv + j * a->v_gradient_strides.time);
  }
}

// Parts of the rows of a gradient [batch, times, heads].
static void clear(float *x, const struct kn_attention_strides *strides, size_t batch, size_t times,
                  size_t heads, struct kn_range part) {
  if (part.begin == part.end) return;
  for (size_t b = 0; b < batch; b++) {
    for (size_t t = 0; t < times; t++) {
      for (size_t h = 0; h < heads; h++) {
        memset(x + kn_attention_at(strides, b, t, h) + part.begin, 0,
               (part.end - part.begin) * sizeof *x);
      }
    }
  }
}

void kn_additive_attention_gradient(const struct kn_attention_gradient_arguments *a,
                                    const struct kn_team *team) {
  const struct kn_attention_problem *p = &a->problem;
  struct member m = {.a = a, .p = p, .rows = kn_attention_rows()};
  lay_out(p, a->workspace, &m.storage);
  const struct kn_range units = kn_partition(p->width, UNITS, team->index, team->count);
  const struct kn_range columns = kn_partition(p->value_width, UNITS, team->index, team->count);
  clear(a->q_gradient, &a->q_gradient_strides, p->batch, p->queries, p->heads, units);
  clear(a->k_gradient, &a->k_gradient_strides, p->batch, p->keys, p->key_heads, units);
  clear(a->v_gradient, &a->v_gradient_strides, p->batch, p->keys, p->key_heads, columns);
  memset(a->vector_gradient + units.begin, 0, (units.end - units.begin) * sizeof(float));
  const size_t total = p->batch * p->heads * p->queries;
  for (size_t first = 0; first < total; first += QUERIES) {
    const size_t count = kn_smaller(total - first, QUERIES);
    const struct kn_range mine = kn_partition(count, 1, team->index, team->count);
    for (size_t r = mine.begin; r < mine.end; r++) {
      compute_scores(&m, first + r, m.storage.p + r * p->keys, m.storage.ds + r * p->keys);
    }
    kn_team_barrier(team);
    for (size_t r = 0; r < count; r++) {
      const struct query q = query_at(p, first + r);
      if (units.begin < units.end) add_units(&m, &q, m.storage.ds + r * p->keys, units);
      if (columns.begin < columns.end) add_values(&m, &q, m.storage.p + r * p->keys, columns);
    }
    kn_team_barrier(team);
  }
}
