#include "recurrent/rows.h"

#include <assert.h>

size_t kn_recurrent_order(const struct kn_recurrent_arguments *a,
                          const struct kn_recurrent_share *share,
                          const struct kn_recurrent_storage *storage) {
  // A counting sort: counts[n + 1] becomes the rank of the next row of length n.
  size_t *counts = storage->counts;
  for (size_t n = 0; n < a->time + 2; n++) counts[n] = 0;
  for (size_t b = 0; b < a->batch; b++) {
    assert(a->lengths == NULL || (a->lengths[b] >= 0 && (size_t)a->lengths[b] <= a->time));
    counts[a->lengths == NULL ? a->time : (size_t)a->lengths[b]]++;
  }
  for (size_t n = a->time + 1; n-- > 0;) counts[n] += counts[n + 1];
  size_t rows = 0;
  for (size_t b = 0; b < a->batch; b++) {
    const size_t length = a->lengths == NULL ? a->time : (size_t)a->lengths[b];
    const size_t rank = counts[length + 1]++;
    if (rank % share->row_step != share->first_row) continue;
    const size_t place = rank / share->row_step;
    storage->order[place] = b;
    storage->lengths[place] = length;
    storage->at[place] = b * storage->state_stride;
    rows++;
  }
  return rows;
}
