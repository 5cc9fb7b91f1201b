#include "recurrent/cursor.h"
#include "recurrent/gradient.h"

static size_t divided_up(size_t a, size_t b) { return (a + b - 1) / b; }

// Rows of 2ⁿ floats would fall on the same cache sets: a vector more.
static size_t padded(size_t floats) { return divided_up(floats, 16) * 16 + 16; }

struct kn_gradient_share kn_gradient_share(const struct kn_recurrent_gradient_arguments *a,
                                           size_t width, size_t member, size_t count) {
  // Enough rows to fill a register tile need no barriers; fewer would all read all weights.
  const size_t tile = 8;
  if (a->batch >= tile * count || divided_up(a->hidden, width) < count) {
    return (struct kn_gradient_share){.units = {0, a->hidden},
                                      .first_row = member,
                                      .row_step = count,
                                      .first_place = member * divided_up(a->batch, count)};
  }
  return (struct kn_gradient_share){.units = kn_partition(a->hidden, width, member, count),
                                    .row_step = 1,
                                    .barriers = count > 1};
}

static struct kn_gradient_direction take_direction(
    struct kn_cursor *cursor, const struct kn_recurrent_gradient_arguments *a,
    const struct kn_gradient_storage *storage, size_t places) {
  const size_t gates = kn_cell_gates(a->cell) * a->hidden, rows = a->batch * a->time;
  const size_t state = places * storage->state_stride;
  const bool resets_before = a->cell == KN_CELL_GRU_RESET_BEFORE;
  struct kn_gradient_direction direction = {0};
  direction.weights = kn_take(cursor, kn_gemm_packed_size(gates, a->hidden), sizeof(float));
  direction.step[0] = kn_take(cursor, places * storage->step_stride, sizeof(float));
  direction.step[1] = kn_take(cursor, places * storage->step_stride, sizeof(float));
  direction.hidden_gradient = kn_take(cursor, state, sizeof(float));
  if (a->cell == KN_CELL_LSTM) direction.cell_gradient = kn_take(cursor, state, sizeof(float));
  if (resets_before) direction.product = kn_take(cursor, state, sizeof(float));
  direction.before = kn_take(cursor, rows * a->hidden, sizeof(float));
  direction.gates = kn_take(cursor, rows * storage->gates_stride, sizeof(float));
  if (resets_before) direction.gated = kn_take(cursor, rows * a->hidden, sizeof(float));
  return direction;
}

size_t kn_gradient_storage(const struct kn_recurrent_gradient_arguments *a, size_t index,
                           size_t count, float *workspace,
                           struct kn_gradient_storage *storage) {
  struct kn_cursor cursor = {(char *)workspace, 0};
  struct kn_gradient_storage mine = {0};
  mine.step_stride = padded(kn_cell_gates(a->cell) * a->hidden);
  mine.state_stride = padded(a->hidden);
  mine.gates_stride = padded(kn_gradient_layouts[a->cell].columns * a->hidden);
  const size_t places = divided_up(a->batch, count) * count;
  for (size_t d = 0; d < a->directions; d++) {
    mine.direction[d] = take_direction(&cursor, a, &mine, places);
  }
  mine.zeros = kn_take(&cursor, a->hidden, sizeof(float));
  if (a->lengths != NULL) {
    mine.x = kn_take(&cursor, a->batch * a->time * a->input, sizeof(float));
    mine.x_gradient = kn_take(&cursor, a->batch * a->time * a->input, sizeof(float));
  }
  for (size_t member = 0; member < count; member++) {
    mine.offsets = kn_take(&cursor, a->batch + 1, sizeof(size_t));
    mine.order = kn_take(&cursor, a->batch, sizeof(size_t));
    mine.lengths = kn_take(&cursor, a->batch, sizeof(size_t));
    mine.counts = kn_take(&cursor, a->time + 2, sizeof(size_t));
    mine.at = kn_take(&cursor, a->batch, sizeof(size_t));
    for (size_t d = 0; d < a->directions; d++) {
      mine.row[d] = kn_take(&cursor, a->batch, sizeof(struct kn_backward_row));
    }
    if (member == index) *storage = mine;
  }
  storage->products = kn_take(&cursor, 0, sizeof(float));
  return cursor.bytes / sizeof(float);
}
