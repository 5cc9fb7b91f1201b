#include "recurrent/storage.h"

#include "recurrent/cursor.h"

// Rows of x that are projected at once: enough to read the input weights rarely, few enough for the
// result to stay in a core's cache until its steps come; more where the weights fill the caches
// anyway. A multiple of every tile's rows.
static size_t wanted_chunk_rows(const struct kn_recurrent_arguments *a, size_t columns) {
  const size_t large = 12 << 20;
  const size_t bytes = (a->input + a->hidden) * columns * a->directions * sizeof(float);
  return bytes > large ? 480 : 120;
}

static struct kn_recurrent_states take_states(struct kn_cursor *cursor, size_t states, size_t size) {
  struct kn_recurrent_states result = {0};
  result.hidden[0] = kn_take(cursor, size, sizeof(float));
  result.hidden[1] = kn_take(cursor, size, sizeof(float));
  if (states > 2) result.second = kn_take(cursor, size, sizeof(float));
  if (states > 3) result.gated = kn_take(cursor, size, sizeof(float));
  return result;
}

size_t kn_recurrent_storage(const struct kn_recurrent_arguments *a,
                            const struct kn_recurrent_kernels *kernels,
                            const struct kn_recurrent_plan *plan, size_t index, float *workspace,
                            struct kn_recurrent_storage *storage) {
  const struct kn_cell_layout *layout = &kn_cell_layouts[a->cell];
  const size_t units = kn_padded_units(layout, a->hidden, kernels->width);
  const size_t wanted_rows = wanted_chunk_rows(a, units * layout->gates);
  struct kn_cursor cursor = {(char *)workspace, 0};
  struct kn_recurrent_storage mine = {0};
  // A vector more than the units, so that rows of 2ⁿ units don't fall on the same cache sets.
  mine.state_stride = units + 16;
  for (size_t d = 0; d < a->directions; d++) {
    mine.states[d] = take_states(&cursor, layout->states, a->batch * mine.state_stride);
  }
  for (size_t member = 0; member < plan->threads; member++) {
    const struct kn_recurrent_share share = kn_recurrent_share(a, kernels, plan, member);
    const size_t rows = (a->batch + share.row_step - 1) / share.row_step;
    const size_t columns = (share.units.end - share.units.begin) * layout->gates;
    mine.chunk_rows = rows > wanted_rows ? rows : wanted_rows;
    if (mine.chunk_rows > rows * a->time) mine.chunk_rows = rows * a->time;
    mine.order = kn_take(&cursor, rows, sizeof(size_t));
    mine.lengths = kn_take(&cursor, rows, sizeof(size_t));
    mine.counts = kn_take(&cursor, a->time + 2, sizeof(size_t));
    mine.at = kn_take(&cursor, rows, sizeof(size_t));
    mine.from = kn_take(&cursor, rows, sizeof(float *));
    mine.output = kn_take(&cursor, rows, sizeof(float *));
    mine.saved = kn_take(&cursor, rows, sizeof(float *));
    mine.inputs = kn_take(&cursor, mine.chunk_rows, sizeof(float *));
    mine.projected = kn_take(&cursor, mine.chunk_rows * columns, sizeof(float));
    if (member == index) *storage = mine;
  }
  return cursor.bytes / sizeof(float);
}
