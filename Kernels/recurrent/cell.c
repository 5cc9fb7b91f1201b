// kn_recurrent_cell: the units of all rows, in one row after another, are shared out evenly.
#include <assert.h>

#include "base/partition.h"
#include "recurrent/kernels.h"

void kn_recurrent_cell(const void *arguments, const struct kn_team *team) {
  const struct kn_recurrent_cell_arguments *a = arguments;
  const kn_cell_units units = kn_recurrent_kernels()->cell[a->cell];
  assert(units != NULL && (a->gates_h != NULL || a->cell != KN_CELL_GRU_RESET_AFTER));
  const struct kn_range own = kn_partition(a->batch * a->hidden, 64, team->index, team->count);
  for (size_t at = own.begin; at < own.end;) {
    const size_t row = at / a->hidden, begin = at % a->hidden;
    const size_t left = a->hidden - begin, wanted = own.end - at;
    const size_t count = left < wanted ? left : wanted;
    units(a, row, begin, begin + count);
    at += count;
  }
}
