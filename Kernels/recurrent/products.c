// The two products of a step, panel by panel, and the cell on what they leave.
#include "recurrent/member.h"

// The member's own panels of a phase, in one of the two packed weights.
struct panels {
  size_t first, count;   // among all panels of the phase
  size_t units;          // of one panel
  size_t floats;         // of sums that a row has in one panel
  size_t depth;
  const float *weights;  // of the first
  float *projected;      // of the first, at the chunk's first row
  size_t stride;         // between panels in `projected`
};

// Where a packed matrix of `depth` rows has a panel.
static const float *packed_panel(const struct kn_recurrent_member *m, const float *packed,
                                 size_t depth, size_t phase, size_t panel) {
  const size_t columns = kn_columns_before(m->layout, phase, m->padded_units) +
                         panel * m->layout->blocks * m->kernels->width;
  return packed + columns * depth;
}

static struct panels own_panels(const struct kn_recurrent_member *m, size_t phase,
                                const float *packed, size_t depth) {
  const size_t width = m->kernels->width, own = m->units.end - m->units.begin;
  struct panels p = {.units = m->layout->phase[phase].units * width,
                     .floats = m->layout->blocks * width,
                     .depth = depth};
  p.first = m->units.begin / p.units;
  p.count = own / p.units;
  p.weights = packed_panel(m, packed, depth, phase, p.first);
  p.stride = m->storage->chunk_rows * p.floats;
  p.projected =
      m->storage->projected + kn_columns_before(m->layout, phase, own) * m->storage->chunk_rows;
  return p;
}

static const float *weights_of(const struct panels *p, size_t panel) {
  return p->weights + panel * p->floats * p->depth;
}

// Rows of tile `index` when `rows` rows are cut evenly into tiles of at most `most`.
static struct kn_range tile_rows(size_t rows, size_t most, size_t index) {
  return kn_partition(rows, 1, index, (rows + most - 1) / most);
}

// The part of the panel that comes next which tile `index` of this one asks for.
static const float *part_of_next(const struct kn_recurrent_member *m, const struct panels *p,
                                 size_t next, size_t index) {
  return weights_of(p, next) + index % m->layout->blocks * p->depth * m->kernels->width;
}

void kn_recurrent_project(const struct kn_recurrent_member *m, size_t rows) {
  const size_t blocks = m->layout->blocks, most = m->kernels->tile_rows[blocks];
  for (size_t phase = 0; phase < m->layout->phases; phase++) {
    const struct panels p = own_panels(m, phase, m->direction->input_weights, m->a->input);
    const float *bias = packed_panel(m, m->direction->bias, 1, phase, p.first);
    if (rows == 1) {
      m->kernels->stripe[blocks][m->far](p.count, p.depth, m->storage->inputs[0], p.weights, bias,
                                         p.floats, NULL, p.projected, p.stride);
      continue;
    }
    for (size_t panel = 0; panel < p.count; panel++) {
      for (size_t tile = 0; tile * most < rows; tile++) {
        const struct kn_range own = tile_rows(rows, most, tile);
        m->kernels->tile[blocks][own.end - own.begin](
            p.depth, m->storage->inputs + own.begin, weights_of(&p, panel), bias + panel * p.floats,
            0, NULL, p.projected + panel * p.stride + own.begin * p.floats,
            part_of_next(m, &p, panel + 1, tile));
      }
    }
  }
}

// A step's panels in their order: every other step goes backwards, and meets the weights that are
// still in the cache.
static size_t panel_at(const struct panels *p, size_t step, size_t turn) {
  return step % 2 == 0 ? turn : p->count - 1 - turn;
}

// The state's product and the cell for several rows, tile by tile.
static void step_rows(const struct kn_recurrent_member *m, const struct panels *p, size_t step,
                      size_t live, size_t chunk_row, const float *last, struct kn_pointwise cell,
                      kn_pointwise_kernel finish) {
  const size_t blocks = m->layout->blocks, most = m->kernels->tile_rows[blocks];
  _Alignas(64) float sums[KN_MAX_TILE_FLOATS];
  cell.sums = sums;
  for (size_t turn = 0; turn < p->count; turn++) {
    const size_t panel = panel_at(p, step, turn);
    const size_t next = turn + 1 < p->count ? panel_at(p, step, turn + 1) : panel;
    cell.column = (p->first + panel) * p->units;
    cell.units = kn_existing_units(m, cell.column, p->units);
    for (size_t tile = 0; tile * most < live; tile++) {
      const struct kn_range own = tile_rows(live, most, tile);
      const float *start = p->projected + panel * p->stride + (chunk_row + own.begin) * p->floats;
      cell.rows = own.end - own.begin;
      cell.first = own.begin;
      cell.last = start + p->floats - m->kernels->width;
      m->kernels->tile[blocks][cell.rows](p->depth, m->storage->from + own.begin,
                                          weights_of(p, panel), start, p->floats,
                                          last == NULL ? NULL : last + panel * p->units, sums,
                                          part_of_next(m, p, next, tile));
      finish(&cell);
    }
  }
}

// The same for a single row, a few panels at a time.
static void step_row(const struct kn_recurrent_member *m, const struct panels *p, size_t step,
                     size_t chunk_row, const float *last, struct kn_pointwise cell,
                     kn_pointwise_kernel finish) {
  const size_t blocks = m->layout->blocks, together = m->kernels->stripe_panels[blocks];
  _Alignas(64) float sums[KN_MAX_TILE_FLOATS];
  cell.rows = 1;
  for (size_t turn = 0; turn < p->count; turn += together) {
    const size_t count = p->count - turn < together ? p->count - turn : together;
    const size_t panel = step % 2 == 0 ? turn : p->count - turn - count;
    const float *start = p->projected + panel * p->stride + chunk_row * p->floats;
    m->kernels->stripe[blocks][m->far](count, p->depth, m->storage->from[0], weights_of(p, panel),
                                       start, p->stride,
                                       last == NULL ? NULL : last + panel * p->units, sums,
                                       p->floats);
    for (size_t i = 0; i < count; i++) {
      cell.column = (p->first + panel + i) * p->units;
      cell.units = kn_existing_units(m, cell.column, p->units);
      cell.sums = sums + i * p->floats;
      cell.last = start + i * p->stride + p->floats - m->kernels->width;
      finish(&cell);
    }
  }
}

void kn_recurrent_step(const struct kn_recurrent_member *m, size_t step, size_t phase, size_t live,
                       size_t chunk_row) {
  const struct panels p = own_panels(m, phase, m->direction->hidden_weights, m->a->hidden);
  const float *operand = phase == 0 ? m->states->hidden[step % 2] : m->states->gated;
  for (size_t r = 0; r < live; r++) m->storage->from[r] = operand + m->storage->at[r];
  const float *last = NULL;
  if (m->layout->separate_last) {
    last = m->direction->bias + m->layout->gates * m->padded_units + m->units.begin;
  }
  const struct kn_pointwise cell = {
      .last_stride = p.floats,
      .at = m->storage->at,
      .hidden = m->states->hidden[step % 2],
      .new_hidden = m->states->hidden[1 - step % 2],
      .second = m->states->second,
      .gated = m->states->gated,
      .output = m->direction->output == NULL ? NULL : m->storage->output,
      .saved = m->direction->saved == NULL ? NULL : m->storage->saved,
      .saved_stride = m->a->hidden,
  };
  const kn_pointwise_kernel finish = m->kernels->pointwise[m->a->cell][phase];
  if (live == 1) {
    step_row(m, &p, step, chunk_row, last, cell, finish);
  } else {
    step_rows(m, &p, step, live, chunk_row, last, cell, finish);
  }
}
