// How a team shares out queries.
#ifndef ATTENTION_SHARE_H
#define ATTENTION_SHARE_H

#include "attention/problem.h"
#include "base/partition.h"

typedef void (*kn_query_visitor)(void *context, size_t b, size_t h, struct kn_range queries);

// Calls `visit` for every head that this member has queries of. Shares are in one piece, and alike
// in the number of keys that their queries see.
void kn_share_queries(const struct kn_attention_problem *problem, const struct kn_team *team,
                      kn_query_visitor visit, void *context);

typedef void (*kn_row_visitor)(void *context, size_t h, struct kn_range rows);

// Calls `visit` for every head of which this member has rows, each with a single query.
void kn_share_rows(const struct kn_attention_problem *problem, const struct kn_team *team,
                   kn_row_visitor visit, void *context);

#endif
