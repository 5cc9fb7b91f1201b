// kn_recurrent: a member's way through the steps of its directions.
//
// The input's product is computed ahead for a chunk of steps, as one matrix product over all rows of
// these steps that are alive; each step then adds the state's product, tile by tile, and finishes the
// cell of a tile while its sums are in the nearest cache. Both products are one chain of
// multiply-adds: bias, then k over the input, then k over the state, whatever the shares and chunks.
#include <assert.h>
#include <string.h>

#include "recurrent/rows.h"

// A member at work on one direction.
struct member {
  const struct kn_recurrent_arguments *a;
  const struct kn_recurrent_kernels *kernels;
  const struct kn_cell_layout *layout;
  const struct kn_recurrent_direction *direction;
  const struct kn_recurrent_states *states;
  const struct kn_recurrent_storage *storage;
  struct kn_range units;  // its own, with padding
  size_t padded_units;    // of the layer
  size_t rows;            // its own
};

// Its own panels of a phase.
struct panels {
  size_t first, count;
  size_t units;             // of one panel
  size_t size;              // floats of sums of one panel for a row
  size_t place;             // of the first one among all its own
};

static struct panels own_panels(const struct member *m, size_t phase) {
  const size_t width = m->kernels->width;
  const size_t units = m->layout->phase[phase].units * width;
  const size_t size = m->layout->blocks * width;
  const size_t own = m->units.end - m->units.begin;
  return (struct panels){m->units.begin / units, own / units, units, size,
                         kn_columns_before(m->layout, phase, own) / size};
}

static const float *panel_weights(const struct member *m, const float *weights, size_t depth,
                                  size_t phase, size_t panel) {
  const size_t columns = kn_columns_before(m->layout, phase, m->padded_units) +
                         panel * m->layout->blocks * m->kernels->width;
  return weights + columns * depth;
}

static float *projected_panel(const struct member *m, const struct panels *panels, size_t panel) {
  return m->storage->projected + (panels->place + panel) * m->storage->chunk_rows * panels->size;
}

// Rows of tile `index` when `rows` rows are cut evenly into tiles of at most `most`.
static struct kn_range tile_rows(size_t rows, size_t most, size_t index) {
  return kn_partition(rows, 1, index, (rows + most - 1) / most);
}

// Units of `from`.. that the layer really has.
static size_t existing(const struct member *m, size_t from, size_t units) {
  if (from >= m->a->hidden) return 0;
  return m->a->hidden - from < units ? m->a->hidden - from : units;
}

// x·W + bias for `rows` rows of `inputs`.
static void project(const struct member *m, size_t rows) {
  const struct kn_recurrent_storage *s = m->storage;
  const size_t depth = m->a->input, blocks = m->layout->blocks;
  const size_t most = m->kernels->tile_rows[blocks];
  for (size_t phase = 0; phase < m->layout->phases; phase++) {
    const struct panels panels = own_panels(m, phase);
    const float *weights =
        panel_weights(m, m->direction->input_weights, depth, phase, panels.first);
    const float *bias = panel_weights(m, m->direction->bias, 1, phase, panels.first);
    if (rows == 1) {
      m->kernels->stripe[blocks](panels.count, depth, s->inputs[0], weights, bias, panels.size,
                                 NULL, projected_panel(m, &panels, 0),
                                 s->chunk_rows * panels.size);
      continue;
    }
    for (size_t panel = 0; panel < panels.count; panel++) {
      float *out = projected_panel(m, &panels, panel);
      for (size_t tile = 0; tile * most < rows; tile++) {
        const struct kn_range own = tile_rows(rows, most, tile);
        m->kernels->tile[blocks][own.end - own.begin](
            depth, s->inputs + own.begin, weights + panel * panels.size * depth,
            bias + panel * panels.size, 0, NULL, out + own.begin * panels.size);
      }
    }
  }
}

// Projects the inputs of steps from `step` on, as many as fit; returns the first step that is left.
static size_t project_chunk(const struct member *m, size_t step, size_t live) {
  const struct kn_recurrent_storage *s = m->storage;
  size_t rows = 0;
  while (live > 0 && rows + live <= s->chunk_rows) {
    for (size_t r = 0; r < live; r++) {
      const size_t time = kn_place_in_time(m->direction->reverse, s->lengths[r], step);
      s->inputs[rows++] = m->a->x + s->order[r] * m->a->x_batch_stride + time * m->a->x_time_stride;
    }
    step++;
    while (live > 0 && s->lengths[live - 1] <= step) live--;
  }
  project(m, rows);
  return step;
}

// One phase of a step for the first `live` rows, whose inputs' products begin at row `chunk_row`.
static void run_phase(const struct member *m, size_t step, size_t phase, size_t live,
                      size_t chunk_row) {
  const struct kn_recurrent_storage *s = m->storage;
  const struct panels panels = own_panels(m, phase);
  const size_t depth = m->a->hidden, blocks = m->layout->blocks;
  const float *operand = phase == 0 ? m->states->hidden[step % 2] : m->states->gated;
  const float *weights =
      panel_weights(m, m->direction->hidden_weights, depth, phase, panels.first);
  const float *last = NULL;
  if (m->layout->separate_last) {
    last = m->direction->bias + m->layout->gates * m->padded_units + panels.first * panels.units;
  }
  for (size_t r = 0; r < live; r++) s->from[r] = operand + s->at[r];
  struct kn_pointwise p = {.hidden = m->states->hidden[step % 2],
                           .new_hidden = m->states->hidden[1 - step % 2],
                           .second = m->states->second,
                           .gated = m->states->gated,
                           .last_stride = panels.size};
  const kn_pointwise_kernel pointwise = m->kernels->pointwise[m->a->cell][phase];
  float *const *output = m->direction->output == NULL ? NULL : s->output;
  const size_t most = live == 1 ? 1 : m->kernels->tile_rows[blocks];
  _Alignas(64) float sums[KN_MAX_TILE_FLOATS];
  if (live == 1) {
    m->kernels->stripe[blocks](panels.count, depth, s->from[0], weights,
                               projected_panel(m, &panels, 0) + chunk_row * panels.size,
                               s->chunk_rows * panels.size, last, s->sums, panels.size);
  }
  for (size_t panel = 0; panel < panels.count; panel++) {
    const float *start = projected_panel(m, &panels, panel) + chunk_row * panels.size;
    p.column = (panels.first + panel) * panels.units;
    p.units = existing(m, p.column, panels.units);
    for (size_t tile = 0; tile * most < live; tile++) {
      const struct kn_range own = tile_rows(live, most, tile);
      p.rows = own.end - own.begin;
      p.sums = live == 1 ? s->sums + panel * panels.size : sums;
      p.last = start + own.begin * panels.size + panels.size - m->kernels->width;
      p.at = s->at + own.begin;
      p.output = output == NULL ? NULL : output + own.begin;
      if (live > 1) {
        m->kernels->tile[blocks][p.rows](depth, s->from + own.begin,
                                         weights + panel * panels.size * depth,
                                         start + own.begin * panels.size, panels.size,
                                         last == NULL ? NULL : last + panel * panels.units, sums);
      }
      pointwise(&p);
    }
  }
}

// Copies its own units between a state, which is padded, and a caller's [batch, hidden] or NULL.
static void load_state(const struct member *m, const float *initial, float *state, size_t row) {
  const size_t first = m->units.begin, units = m->units.end - first;
  const size_t known = initial == NULL ? 0 : existing(m, first, units);
  float *own = state + m->storage->at[row] + first;
  if (known > 0) {
    memcpy(own, initial + m->storage->order[row] * m->a->hidden + first, known * sizeof(float));
  }
  memset(own + known, 0, (units - known) * sizeof(float));
}

static void save_state(const struct member *m, const float *state, float *final, size_t row) {
  const size_t first = m->units.begin, units = existing(m, first, m->units.end - first);
  if (final == NULL || units == 0) return;
  memcpy(final + m->storage->order[row] * m->a->hidden + first,
         state + m->storage->at[row] + first, units * sizeof(float));
}

static void save_states(const struct member *m, size_t steps, size_t row) {
  save_state(m, m->states->hidden[steps % 2], m->direction->final_hidden, row);
  if (m->a->cell == KN_CELL_LSTM) {
    save_state(m, m->states->second, m->direction->final_cell, row);
  }
}

// Initial states, the zeros after each row's end, and the final states of rows without steps.
static void begin(const struct member *m) {
  const size_t first = m->units.begin, units = existing(m, first, m->units.end - first);
  for (size_t r = 0; r < m->rows; r++) {
    load_state(m, m->direction->initial_hidden, m->states->hidden[0], r);
    if (m->a->cell == KN_CELL_LSTM) {
      load_state(m, m->direction->initial_cell, m->states->second, r);
    }
    if (m->storage->lengths[r] == 0) save_states(m, 0, r);
    if (m->direction->output == NULL) continue;
    float *output = m->direction->output + m->storage->order[r] * m->a->output_batch_stride + first;
    for (size_t t = m->storage->lengths[r]; t < m->a->time; t++) {
      memset(output + t * m->a->output_time_stride, 0, units * sizeof(float));
    }
  }
}

static void run_direction(const struct member *m, bool barriers, const struct kn_team *team) {
  const struct kn_recurrent_storage *s = m->storage;
  begin(m);
  if (barriers) kn_team_barrier(team);
  size_t live = m->rows, projected_until = 0, chunk_row = 0;
  const size_t steps = m->rows == 0 ? 0 : s->lengths[0];
  for (size_t step = 0; step < steps; step++) {
    while (s->lengths[live - 1] <= step) live--;
    if (step == projected_until) {
      projected_until = project_chunk(m, step, live);
      chunk_row = 0;
    }
    for (size_t r = 0; r < live && m->direction->output != NULL; r++) {
      const size_t time = kn_place_in_time(m->direction->reverse, s->lengths[r], step);
      s->output[r] = m->direction->output + s->order[r] * m->a->output_batch_stride +
                     time * m->a->output_time_stride;
    }
    for (size_t phase = 0; phase < m->layout->phases; phase++) {
      run_phase(m, step, phase, live, chunk_row);
      if (barriers) kn_team_barrier(team);
    }
    for (size_t r = live; r-- > 0 && s->lengths[r] == step + 1;) save_states(m, step + 1, r);
    chunk_row += live;
  }
}

static struct kn_recurrent_plan plan_for(const struct kn_recurrent_arguments *a, size_t threads) {
  return a->plan == NULL ? kn_recurrent_choose_plan(a, threads) : *a->plan;
}

size_t kn_recurrent_workspace_size(const struct kn_recurrent_arguments *a, size_t threads) {
  size_t most = 0;
  for (size_t team = 1; team <= threads; team++) {
    const struct kn_recurrent_plan plan = plan_for(a, team);
    struct kn_recurrent_storage storage;
    const size_t size = kn_recurrent_storage(a, kn_recurrent_kernels(), &plan, 0, NULL, &storage);
    if (size > most) most = size;
  }
  return most;
}

void kn_recurrent(const void *arguments, const struct kn_team *team) {
  const struct kn_recurrent_arguments *a = arguments;
  assert(a->directions == 1 || a->directions == 2);
  assert((size_t)a->workspace % 64 == 0);
  const struct kn_recurrent_plan plan = plan_for(a, team->count);
  assert(plan.threads >= plan.groups && plan.threads <= team->count);
  assert(plan.by_rows || plan.threads == plan.groups || plan.threads == team->count);
  if (a->batch == 0 || team->index >= plan.threads) return;
  const struct kn_recurrent_kernels *kernels = kn_recurrent_kernels();
  const struct kn_recurrent_share share = kn_recurrent_share(a, kernels, &plan, team->index);
  struct kn_recurrent_storage storage;
  kn_recurrent_storage(a, kernels, &plan, team->index, a->workspace, &storage);
  struct member m = {.a = a,
                     .kernels = kernels,
                     .layout = &kn_cell_layouts[a->cell],
                     .storage = &storage,
                     .units = share.units};
  m.padded_units = kn_padded_units(m.layout, a->hidden, kernels->width);
  m.rows = kn_recurrent_order(a, &share, &storage);
  for (size_t d = share.first_direction; d < share.last_direction; d++) {
    m.direction = &a->direction[d];
    m.states = &storage.states[d];
    run_direction(&m, share.barriers, team);
  }
}
