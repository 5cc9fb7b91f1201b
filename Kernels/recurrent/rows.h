// The rows of a batch as one member of the team sees them: ordered by falling length, so that the
// rows that still run at a step are the first ones.
#ifndef RECURRENT_ROWS_H
#define RECURRENT_ROWS_H

#include "recurrent/storage.h"

// Fills in `order`, `lengths` and `at`; returns how many rows the member has.
size_t kn_recurrent_order(const struct kn_recurrent_arguments *arguments,
                          const struct kn_recurrent_share *share,
                          const struct kn_recurrent_storage *storage);

// The place in time of a row's step: reverse begins at the row's own end.
static inline size_t kn_place_in_time(bool reverse, size_t length, size_t step) {
  return reverse ? length - 1 - step : step;
}

#endif
