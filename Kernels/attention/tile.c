#include "attention/tile.h"

// A few queries against a block.
struct tile {
  struct kn_span queries;
  const struct kn_block *block;
  float *accumulators, *largest, *sums;
};

size_t kn_tiles_of(const struct kn_member *m, size_t queries) {
  return kn_divide_up(queries, m->gemm->rows[0]);
}

// What a table finds was read a step ago, and weights since: it is far, and all of it is needed at once.
static void ask_for(const struct kn_attention_problem *p, const struct kn_key_rows *rows,
                    size_t count, size_t width) {
  if (p->table_kind == KN_TABLE_NONE) return;
  for (size_t j = 0; j < count; j++) kn_gemm_ask_for(rows->first + j * rows->stride, width);
}

// Panels of keys that the block held before stay.
static void pack_keys(const struct kn_member *m, size_t b, size_t head, size_t kept,
                      const struct kn_block *block) {
  const struct kn_attention_problem *p = m->p;
  const size_t width = m->gemm->width, from = kept / width * width, keys = block->keys - from;
  if (keys == 0) return;
  size_t copied = 0;
  const struct kn_key_rows k = kn_keys_at(p, p->k, &p->k_strides, b, head, block->key + from, keys,
                                          p->width, m->storage.key_copies, &copied);
  ask_for(p, &k, keys, p->width);
  kn_gemm_pack_panels(width, k.first, p->width, keys, 1, k.stride,
                      m->storage.keys + from * p->width, p->width * width);
}

// V is read where it lies if its rows are whole panels, and dense or read only once or twice.
void kn_fetch_block(const struct kn_member *m, size_t b, size_t h, size_t kept, size_t tiles,
                    struct kn_block *block) {
  const struct kn_attention_problem *p = m->p;
  const struct kn_storage *s = &m->storage;
  const size_t width = m->gemm->width, value_width = p->value_width, head = kn_key_head(p, h);
  const size_t key = block->key, keys = block->keys;
  block->copied_values = kn_smaller(block->copied_values, kept);
  const struct kn_key_rows v = kn_keys_at(p, p->v, &p->v_strides, b, head, key, keys, value_width,
                                          s->value_copies, &block->copied_values);
  ask_for(p, &v, keys, value_width);
  if (p->vector == NULL) {
    pack_keys(m, b, head, kept, block);
  } else {
    block->copied_keys = kn_smaller(block->copied_keys, kept);
    block->k = kn_keys_at(p, p->k, &p->k_strides, b, head, key, keys, p->width, s->key_copies,
                          &block->copied_keys);
  }
  block->values = (struct kn_panels){v.first, v.stride, width};
  if (value_width % width != 0 || (v.stride != value_width && tiles > 2)) {
    kn_gemm_pack_panels(width, v.first, keys, value_width, v.stride, 1, s->values, keys * width);
    block->values = (struct kn_panels){s->values, width, keys * width};
  }
}

// A few rows of gemm's, as many as a tile has at most, times whole panels: c has room for them. Panels
// are near: what is asked for is the next head.
static void multiply_panels(const struct kn_member *m, const struct kn_gemm_tile *first, size_t rows,
                            size_t columns) {
  const struct kn_gemm_kernels *gemm = m->gemm;
  const size_t panels = kn_divide_up(columns, gemm->width);
  struct kn_gemm_tile tile = *first;
  for (size_t panel = 0; panel < panels;) {
    size_t class = KN_GEMM_PANEL_CLASSES - 1;
    while (class > 0 && (rows > gemm->rows[class] || panel + (1u << class) > panels)) class--;
    tile.next = (const char *)tile.panel;
    tile.next_stride = 0;
    kn_gemm_tile_asks(&tile, m->ahead);
    gemm->microkernels[KN_WEIGHTS_FLOAT32][class][rows - 1](&tile);
    tile.panel += tile.panel_stride << class;
    tile.c += gemm->width << class;
    panel += 1u << class;
  }
}

// Against as many keys of the block as any of the queries sees.
static void compute_scores(const struct kn_member *m, const struct tile *t, size_t seen) {
  const struct kn_attention_problem *p = m->p;
  const struct kn_span *queries = &t->queries;
  const float *q = p->q + kn_attention_at(&p->q_strides, queries->b, queries->i, queries->h);
  const size_t q_stride = kn_stride_of(queries, &p->q_strides);
  float *scores = m->storage.scores;
  if (p->vector != NULL) {
    const struct kn_key_rows *k = &t->block->k;
    for (size_t r = 0; r < queries->count; r++) {
      m->rows->additive(p->width, p->vector, q + r * q_stride, seen, k->first, k->stride,
                        scores + r * KEY_BLOCK);
    }
    return;
  }
  const struct kn_gemm_tile tile = {.k = p->width,
                                    .a = q,
                                    .a_row_stride = q_stride,
                                    .a_column_stride = 1,
                                    .panel = m->storage.keys,
                                    .panel_step = m->gemm->width,
                                    .panel_stride = p->width * m->gemm->width,
                                    .c = scores,
                                    .c_row_stride = KEY_BLOCK};
  multiply_panels(m, &tile, queries->count, seen);
}

// The accumulators of rows first..<first + count take in keys from..<to of the block.
static void add_values(const struct kn_member *m, const struct tile *t, size_t first, size_t count,
                       size_t from, size_t to) {
  const size_t stride = m->storage.accumulator_stride;
  const struct kn_gemm_tile tile = {.k = to - from,
                                    .a = m->storage.scores + first * KEY_BLOCK + from,
                                    .a_row_stride = KEY_BLOCK,
                                    .a_column_stride = 1,
                                    .panel = t->block->values.data + from * t->block->values.step,
                                    .panel_step = t->block->values.step,
                                    .panel_stride = t->block->values.stride,
                                    .c = t->accumulators + first * stride,
                                    .c_row_stride = stride,
                                    .begins_at_c = t->block->key > 0 || from > 0};
  multiply_panels(m, &tile, count, m->p->value_width);
}

static void attend_tile(const struct kn_member *m, const struct tile *t) {
  const struct kn_attention_problem *p = m->p;
  const struct kn_span *queries = &t->queries;
  const size_t stride = m->storage.accumulator_stride, key = t->block->key, h = queries->h;
  const size_t count = queries->count;
  float *scores = m->storage.scores;
  size_t seen[KN_GEMM_MAX_ROWS];
  float factors[KN_GEMM_MAX_ROWS];
  for (size_t r = 0; r < count; r++) {
    seen[r] = kn_seen_within(kn_keys_seen(p, kn_row_at(queries, r), kn_query_at(queries, r)), key,
                             t->block->keys);
  }
  // What the first query sees, later ones see too.
  if (key > 0 && seen[count - 1] == 0) return;
  compute_scores(m, t, seen[count - 1]);
  const bool is_masked = p->mask_kind != KN_MASK_NONE;
  if (is_masked) {
    for (size_t r = 0; r < count; r++) {
      kn_attention_mask_row(p, kn_row_at(queries, r), h, kn_query_at(queries, r), key, seen[r],
                            scores + r * KEY_BLOCK);
    }
  }
  const float scale = is_masked ? 1 : p->scale;
  if (m->a->weights != NULL) {
    for (size_t r = 0; r < count; r++) {
      const size_t query = kn_query_index(p, kn_row_at(queries, r), h, kn_query_at(queries, r));
      float *kept = m->a->weights + query * p->keys + key;
      m->rows->multiply(seen[r], scale, scores + r * KEY_BLOCK, kept);
    }
  }
  m->rows->softmax(count, seen, scale, scores, KEY_BLOCK, t->largest, t->sums, factors);
  if (key > 0) {
    for (size_t r = 0; r < count; r++) {
      float *row = t->accumulators + r * stride;
      if (factors[r] != 1) m->rows->multiply(p->value_width, factors[r], row, row);
    }
  }
  add_values(m, t, 0, count, 0, seen[0]);
  for (size_t r = 1; r < count; r++) {
    if (seen[r] > seen[0]) add_values(m, t, r, 1, seen[0], seen[r]);
  }
}

void kn_attend_block(const struct kn_member *m, const struct kn_span *queries, size_t row,
                         const struct kn_block *block) {
  const struct kn_storage *s = &m->storage;
  const size_t tiles = kn_tiles_of(m, queries->count);
  for (size_t i = 0, from = 0; i < tiles; i++) {
    const size_t count = queries->count / tiles + (i < queries->count % tiles ? 1 : 0);
    const size_t place = row + from;
    const struct tile tile = {.queries = kn_part_of(queries, from, count),
                              .block = block,
                              .accumulators = s->accumulators + place * s->accumulator_stride,
                              .largest = s->largest + place,
                              .sums = s->sums + place * KN_SUM_LANES};
    attend_tile(m, &tile);
    from += count;
  }
}

