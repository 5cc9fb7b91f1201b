#include "base/sizes.h"
#include "recurrent/cursor.h"
#include "recurrent/gradient.h"

// An odd number of cache lines: rows then fall on different sets of the caches.
static size_t padded(size_t floats) { return kn_divide_up(floats, 32) * 32 + 16; }

struct kn_gradient_share kn_gradient_share(const struct kn_recurrent_gradient_arguments *a,
                                           size_t member, size_t count) {
  // Enough rows to fill a register tile need no barriers; fewer would all read all weights.
  const size_t tile = 8, width = kn_gemm_kernels_for(kn_isa_active())->width;
  if (a->batch >= tile * count || kn_divide_up(a->hidden, width) < count) {
    return (struct kn_gradient_share){
        .units = {0, a->hidden}, .first_row = member, .row_step = count, .by_rows = true};
  }
  return (struct kn_gradient_share){.units = kn_partition(a->hidden, width, member, count),
                                    .row_step = 1};
}

static struct kn_gradient_direction take_direction(
    struct kn_cursor *cursor, const struct kn_recurrent_gradient_arguments *a,
    const struct kn_gradient_storage *s) {
  const size_t gates = kn_cell_gates(a->cell) * a->hidden, steps = a->batch * a->time;
  const size_t state = a->batch * s->state_stride;
  const bool resets_before = a->cell == KN_CELL_GRU_RESET_BEFORE;
  const size_t panels = kn_gradient_layouts[a->cell].gates * s->panels;
  struct kn_gradient_direction direction = {0};
  direction.hidden_weights = kn_take(cursor, kn_gemm_packed_size(gates, a->hidden), sizeof(float));
  if (a->x_gradient != NULL) {
    direction.input_weights = kn_take(cursor, kn_gemm_packed_size(gates, a->input), sizeof(float));
  }
  direction.hidden_gradient = kn_take(cursor, state, sizeof(float));
  if (a->cell == KN_CELL_LSTM) direction.cell_gradient = kn_take(cursor, state, sizeof(float));
  if (resets_before) direction.product = kn_take(cursor, state, sizeof(float));
  direction.gates = kn_take(cursor, steps * s->gates_stride, sizeof(float));
  direction.panels = kn_take(cursor, panels * s->panel_stride, sizeof(float));
  direction.x = kn_take(cursor, a->input * s->operand_stride, sizeof(float));
  direction.before = kn_take(cursor, a->hidden * s->operand_stride, sizeof(float));
  if (resets_before) {
    direction.gated = kn_take(cursor, steps * a->hidden, sizeof(float));
    direction.gated_columns = kn_take(cursor, a->hidden * s->operand_stride, sizeof(float));
  }
  return direction;
}

size_t kn_gradient_storage(const struct kn_recurrent_gradient_arguments *a, size_t index,
                           size_t count, float *workspace,
                           struct kn_gradient_storage *storage) {
  const size_t width = kn_gemm_kernels_for(kn_isa_active())->width, steps = a->batch * a->time;
  struct kn_cursor cursor = {(char *)workspace, 0};
  struct kn_gradient_storage mine = {0};
  mine.state_stride = padded(a->hidden);
  mine.gates_stride = padded(kn_gradient_layouts[a->cell].gates * a->hidden);
  mine.operand_stride = padded(steps);
  mine.buffer_stride = padded(a->input);
  mine.panels = kn_divide_up(a->hidden, width);
  mine.panel_stride = padded(steps * width);
  mine.direction[0] = take_direction(&cursor, a, &mine);
  const bool shares = a->directions == 1 || kn_gradient_share(a, index, count).by_rows;
  mine.direction[1] = shares ? mine.direction[0] : take_direction(&cursor, a, &mine);
  mine.ones = kn_take(&cursor, steps, sizeof(float));
  for (size_t member = 0; member < count; member++) {
    const size_t buffer = a->x_gradient == NULL ? 0 : KN_GRADIENT_ROWS * mine.buffer_stride;
    mine.buffer = kn_take(&cursor, buffer, sizeof(float));
    mine.zeros = kn_take(&cursor, a->hidden, sizeof(float));
    mine.order = kn_take(&cursor, a->batch, sizeof(size_t));
    mine.lengths = kn_take(&cursor, a->batch, sizeof(size_t));
    mine.counts = kn_take(&cursor, a->time + 2, sizeof(size_t));
    mine.at = kn_take(&cursor, a->batch, sizeof(size_t));
    mine.first = kn_take(&cursor, a->time + 1, sizeof(size_t));
    for (size_t d = 0; d < a->directions; d++) {
      mine.row[d] = kn_take(&cursor, a->batch, sizeof(struct kn_backward_row));
    }
    if (member == index) *storage = mine;
  }
  return cursor.bytes / sizeof(float);
}
