// Packing of weights and biases into panels; see layout.h.
#include <string.h>

#include "base/partition.h"
#include "recurrent/kernels.h"
#include "recurrent/layout.h"

// An element of gate `gate`; 0 in the padding and where there is no matrix.
static float element(const struct kn_recurrent_matrix *gates, size_t gate, size_t hidden, size_t row,
                     size_t unit) {
  if (gates == NULL || gates[gate].data == NULL || unit >= hidden) return 0;
  return gates[gate].data[row * gates[gate].row_stride + unit * gates[gate].column_stride];
}

// A vector of a gate's units, whole and in one piece where they are stored: in training, weights are
// packed in every run.
static const float *whole_vector(const struct kn_recurrent_matrix *gate, size_t hidden, size_t row,
                                 size_t unit, size_t width) {
  if (gate->data == NULL || gate->column_stride != 1 || unit + width > hidden) return NULL;
  return gate->data + row * gate->row_stride + unit;
}

// One panel of the sum of two sets of gates of [depth, hidden]; `more` may be NULL.
static void pack_panel(const struct kn_cell_layout *layout, const struct kn_cell_phase *phase,
                       size_t first, size_t depth, size_t hidden,
                       const struct kn_recurrent_matrix *gates,
                       const struct kn_recurrent_matrix *more, float *packed) {
  const size_t width = kn_recurrent_kernels()->width;
  for (size_t row = 0; row < depth; row++) {
    for (size_t block = 0; block < layout->blocks; block++, packed += width) {
      const size_t gate = phase->gate[block], unit = first + phase->unit[block] * width;
      const float *vector = gates != NULL && more == NULL
                                ? whole_vector(&gates[gate], hidden, row, unit, width)
                                : NULL;
      if (vector != NULL) {
        memcpy(packed, vector, width * sizeof(float));
        continue;
      }
      for (size_t lane = 0; lane < width; lane++) {
        packed[lane] = element(gates, gate, hidden, row, unit + lane) +
                       element(more, gate, hidden, row, unit + lane);
      }
    }
  }
}

// The panels that are one member's.
static void pack(const struct kn_cell_layout *layout, size_t depth, size_t hidden,
                 const struct kn_recurrent_matrix *gates, const struct kn_recurrent_matrix *more,
                 float *packed, size_t index, size_t count) {
  const size_t width = kn_recurrent_kernels()->width;
  const size_t units = kn_padded_units(layout, hidden, width), size = depth * layout->blocks * width;
  for (size_t p = 0; p < layout->phases; p++) {
    const struct kn_cell_phase *phase = &layout->phase[p];
    const size_t panels = units / (phase->units * width);
    const struct kn_range own = kn_partition(panels, 1, index, count);
    for (size_t panel = own.begin; panel < own.end; panel++) {
      pack_panel(layout, phase, panel * phase->units * width, depth, hidden, gates, more,
                 packed + panel * size);
    }
    packed += panels * size;
  }
}

size_t kn_recurrent_weights_size(enum kn_cell cell, size_t depth, size_t hidden) {
  const struct kn_cell_layout *layout = &kn_cell_layouts[cell];
  return depth * layout->gates * kn_padded_units(layout, hidden, kn_recurrent_kernels()->width);
}

void kn_recurrent_pack_weights(enum kn_cell cell, size_t depth, size_t hidden,
                               const struct kn_recurrent_matrix gates[], float *packed) {
  pack(&kn_cell_layouts[cell], depth, hidden, gates, NULL, packed, 0, 1);
}

void kn_recurrent_pack_weights_share(enum kn_cell cell, size_t depth, size_t hidden,
                                     const struct kn_recurrent_matrix gates[], float *packed,
                                     const struct kn_team *team) {
  pack(&kn_cell_layouts[cell], depth, hidden, gates, NULL, packed, team->index, team->count);
}

size_t kn_recurrent_bias_size(enum kn_cell cell, size_t hidden) {
  const struct kn_cell_layout *layout = &kn_cell_layouts[cell];
  const size_t units = kn_padded_units(layout, hidden, kn_recurrent_kernels()->width);
  return (layout->gates + (layout->separate_last ? 1 : 0)) * units;
}

void kn_recurrent_pack_bias(enum kn_cell cell, size_t hidden, const float *const input_bias[],
                            const float *const hidden_bias[], float *packed) {
  const struct kn_cell_layout *layout = &kn_cell_layouts[cell];
  struct kn_recurrent_matrix input[KN_CELL_MAX_GATES], state[KN_CELL_MAX_GATES];
  for (size_t gate = 0; gate < layout->gates; gate++) {
    const float *of_input = input_bias == NULL ? NULL : input_bias[gate];
    const float *of_state = hidden_bias == NULL ? NULL : hidden_bias[gate];
    input[gate] = (struct kn_recurrent_matrix){of_input, hidden, 1};
    state[gate] = (struct kn_recurrent_matrix){of_state, hidden, 1};
  }
  const size_t last = layout->gates - 1;
  const struct kn_recurrent_matrix apart = state[last];
  if (layout->separate_last) state[last].data = NULL;
  pack(layout, 1, hidden, input, state, packed, 0, 1);
  if (!layout->separate_last) return;
  const size_t units = kn_padded_units(layout, hidden, kn_recurrent_kernels()->width);
  for (size_t unit = 0; unit < units; unit++) {
    packed[layout->gates * units + unit] = element(&apart, 0, hidden, 0, unit);
  }
}
