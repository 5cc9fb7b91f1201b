#include "attention/share.h"

// What a query costs beside its keys, in keys.
enum { OVERHEAD = 16 };

static uint64_t cost_of_query(const struct kn_attention_problem *p, size_t b, size_t i) {
  return OVERHEAD + (i < kn_query_length(p, b) ? kn_keys_seen(p, b, i) : 0);
}

static uint64_t cost_of_head(const struct kn_attention_problem *p, size_t b) {
  uint64_t cost = 0;
  for (size_t i = 0; i < p->queries; i++) cost += cost_of_query(p, b, i);
  return cost;
}

// Queries of a head whose costs, the head's first one at `at`, begin in begin..<end.
static struct kn_range queries_within(const struct kn_attention_problem *p, size_t b, uint64_t at,
                                      uint64_t begin, uint64_t end) {
  struct kn_range range = {0, 0};
  for (size_t i = 0; i < p->queries; i++) {
    if (at < begin) range.begin = i + 1;
    if (at < end) range.end = i + 1;
    at += cost_of_query(p, b, i);
  }
  return range;
}

void kn_share_queries(const struct kn_attention_problem *p, const struct kn_team *team,
                      kn_query_visitor visit, void *context) {
  uint64_t total = 0, at = 0;
  for (size_t b = 0; b < p->batch; b++) total += p->heads * cost_of_head(p, b);
  const uint64_t begin = total * team->index / team->count;
  const uint64_t end = total * (team->index + 1) / team->count;
  for (size_t b = 0; b < p->batch; b++) {
    const uint64_t cost = cost_of_head(p, b);
    for (size_t h = 0; h < p->heads; h++, at += cost) {
      if (at + cost <= begin || at >= end) continue;
      struct kn_range queries = {0, p->queries};
      if (at < begin || at + cost > end) queries = queries_within(p, b, at, begin, end);
      if (queries.begin < queries.end) visit(context, b, h, queries);
    }
  }
}

void kn_share_rows(const struct kn_attention_problem *p, const struct kn_team *team,
                   kn_row_visitor visit, void *context) {
  uint64_t total = 0, at = 0;
  for (size_t b = 0; b < p->batch; b++) total += p->heads * cost_of_query(p, b, 0);
  const uint64_t begin = total * team->index / team->count;
  const uint64_t end = total * (team->index + 1) / team->count;
  for (size_t h = 0; h < p->heads; h++) {
    struct kn_range rows = {0, 0};
    for (size_t b = 0; b < p->batch; b++) {
      if (at < begin) rows.begin = b + 1;
      if (at < end) rows.end = b + 1;
      at += cost_of_query(p, b, 0);
    }
    if (rows.begin < rows.end) visit(context, h, rows);
  }
}
