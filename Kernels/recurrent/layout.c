#include "recurrent/layout.h"

const struct kn_cell_layout kn_cell_layouts[KN_CELL_COUNT] = {
    [KN_CELL_RNN_TANH] = {.gates = 1, .blocks = 2, .phases = 1, .granule = 2, .states = 2,
                          .phase = {{.units = 2, .gate = {0, 0}, .unit = {0, 1}}}},
    [KN_CELL_RNN_RELU] = {.gates = 1, .blocks = 2, .phases = 1, .granule = 2, .states = 2,
                          .phase = {{.units = 2, .gate = {0, 0}, .unit = {0, 1}}}},
    [KN_CELL_LSTM] = {.gates = 4, .blocks = 4, .phases = 1, .granule = 1, .states = 3, .slots = 5,
                      .phase = {{.units = 1, .gate = {0, 1, 2, 3}}}},
    [KN_CELL_GRU_RESET_AFTER] = {.gates = 3, .blocks = 3, .phases = 1, .granule = 1, .states = 2,
                                 .slots = 4, .separate_last = true,
                                 .phase = {{.units = 1, .gate = {0, 1, 2}}}},
    [KN_CELL_GRU_RESET_BEFORE] = {.gates = 3, .blocks = 2, .phases = 2, .granule = 2, .states = 4,
                                  .slots = 4,
                                  .phase = {{.units = 1, .gate = {0, 1}},
                                            {.units = 2, .gate = {2, 2}, .unit = {0, 1}}}},
};

size_t kn_cell_gates(enum kn_cell cell) { return kn_cell_layouts[cell].gates; }

size_t kn_cell_saved_slots(enum kn_cell cell) { return kn_cell_layouts[cell].slots; }
