// kn_recurrent: a member's way through the steps of its directions.
//
// The input's product is computed ahead for a chunk of steps, as one matrix product over all rows of
// these steps that are alive; each step then adds the state's product and finishes the cell. Both
// products are one chain of multiply-adds for every element: bias, then k over the input, then k over
// the state, whatever the shares and chunks.
#include <assert.h>
#include <string.h>

#include "recurrent/member.h"

// Projects the inputs of steps from `step` on, as many as fit; returns the first step that is left.
static size_t project_chunk(const struct kn_recurrent_member *m, size_t step, size_t live) {
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
  kn_recurrent_project(m, rows);
  return step;
}

// Copies its own units between a state, which is padded, and a caller's [batch, hidden] or NULL.
static void load_state(const struct kn_recurrent_member *m, const float *initial, float *state,
                       size_t row) {
  const size_t first = m->units.begin, units = m->units.end - first;
  const size_t known = initial == NULL ? 0 : kn_existing_units(m, first, units);
  float *own = state + m->storage->at[row] + first;
  if (known > 0) {
    memcpy(own, initial + m->storage->order[row] * m->a->hidden + first, known * sizeof(float));
  }
  memset(own + known, 0, (units - known) * sizeof(float));
}

static void save_state(const struct kn_recurrent_member *m, const float *state, float *final,
                       size_t row) {
  const size_t first = m->units.begin, units = kn_existing_units(m, first, m->units.end - first);
  if (final == NULL || units == 0) return;
  memcpy(final + m->storage->order[row] * m->a->hidden + first,
         state + m->storage->at[row] + first, units * sizeof(float));
}

static void save_states(const struct kn_recurrent_member *m, size_t steps, size_t row) {
  save_state(m, m->states->hidden[steps % 2], m->direction->final_hidden, row);
  if (m->a->cell == KN_CELL_LSTM) {
    save_state(m, m->states->second, m->direction->final_cell, row);
  }
}

// Initial states, the zeros after each row's end, and the final states of rows without steps.
static void begin(const struct kn_recurrent_member *m) {
  const size_t first = m->units.begin, units = kn_existing_units(m, first, m->units.end - first);
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

// Where the live rows of a step write.
static void find_places(const struct kn_recurrent_member *m, size_t step, size_t live) {
  const struct kn_recurrent_arguments *a = m->a;
  const struct kn_recurrent_storage *s = m->storage;
  const struct kn_recurrent_direction *direction = m->direction;
  const size_t slots = a->directions * m->layout->slots * a->hidden;
  for (size_t r = 0; r < live; r++) {
    const size_t row = s->order[r];
    const size_t time = kn_place_in_time(direction->reverse, s->lengths[r], step);
    if (direction->output != NULL) {
      s->output[r] =
          direction->output + row * a->output_batch_stride + time * a->output_time_stride;
    }
    if (direction->saved != NULL) {
      s->saved[r] = direction->saved + (row * a->time + time) * slots;
    }
  }
}

static void run_direction(const struct kn_recurrent_member *m, bool barriers, const struct kn_team *team) {
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
    find_places(m, step, live);
    for (size_t phase = 0; phase < m->layout->phases; phase++) {
      kn_recurrent_step(m, step, phase, live, chunk_row);
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
  struct kn_recurrent_member m = {.a = a,
                                  .kernels = kernels,
                                  .layout = &kn_cell_layouts[a->cell],
                                  .storage = &storage,
                                  .units = share.units};
  m.padded_units = kn_padded_units(m.layout, a->hidden, kernels->width);
  m.far = kn_recurrent_weights_are_far(a, &share);
  m.rows = kn_recurrent_order(a, &share, &storage);
  for (size_t d = share.first_direction; d < share.last_direction; d++) {
    m.direction = &a->direction[d];
    m.states = &storage.states[d];
    run_direction(&m, share.barriers, team);
  }
}
