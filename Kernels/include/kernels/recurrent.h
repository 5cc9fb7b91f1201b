// Recurrent layers: a whole sequence in one call, and single cells for graphs that step themselves.
#ifndef KERNELS_RECURRENT_H
#define KERNELS_RECURRENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/execution.h"

// With σ the sigmoid, ∘ elementwise, x[input] and h[hidden] a row's input and state:
//
//     rnn               h' = tanh(a) or relu(a)                    a = x·W + b + h·U
//     lstm              c' = σ(f)∘c + σ(i)∘tanh(g),  h' = σ(o)∘tanh(c')          gates i, f, g, o
//     gru reset after   n = tanh(xₙ + σ(r)∘(h·Uₙ + bₙ))            gates r, z, n; bₙ: n's hidden bias
//     gru reset before  n = tanh(xₙ + (σ(r)∘h)·Uₙ)                 xₙ = x·Wₙ + bias
//         both          h' = n + σ(z)∘(h − n)
//
// Each gate is its own x·W + b + h·U. Reset after is what PyTorch, cuDNN and ONNX's
// linear_before_reset = 1 compute; reset before is the original.
enum kn_cell {
  KN_CELL_RNN_TANH,
  KN_CELL_RNN_RELU,
  KN_CELL_LSTM,
  KN_CELL_GRU_RESET_AFTER,
  KN_CELL_GRU_RESET_BEFORE,
};

enum { KN_CELL_COUNT = 5, KN_CELL_MAX_GATES = 4 };

// Gates of the cell: the length of the arrays below, in the order given above.
size_t kn_cell_gates(enum kn_cell cell);

// Floats that a unit's step keeps for kn_recurrent_gradient: i f g o c' of an lstm and r z n of a gru
// after their functions; then h·Uₙ + bₙ (reset after) or r∘h (reset before); nothing for rnn.
// `saved` is [batch, time, directions, slots, hidden], what is past a row's length left as it was.
size_t kn_cell_saved_slots(enum kn_cell cell);

// A matrix by reference: element (r, c) is at data[r * row_stride + c * column_stride].
struct kn_recurrent_matrix {
  const float *data;
  size_t row_stride, column_stride;
};

// Floats that packing writes for weights of `depth` rows: `input` of them, or `hidden`.
size_t kn_recurrent_weights_size(enum kn_cell cell, size_t depth, size_t hidden);

// Packs a [depth, hidden] matrix per gate for the active instruction set.
void kn_recurrent_pack_weights(enum kn_cell cell, size_t depth, size_t hidden,
                               const struct kn_recurrent_matrix gates[], float *packed);

// A member's share of that: in training, weights are packed in every run.
void kn_recurrent_pack_weights_share(enum kn_cell cell, size_t depth, size_t hidden,
                                     const struct kn_recurrent_matrix gates[], float *packed,
                                     const struct kn_team *team);

size_t kn_recurrent_bias_size(enum kn_cell cell, size_t hidden);

// Packs a [hidden] vector per gate for each of the two biases: either array may be NULL, and any of
// its entries. They are added, save for the hidden bias of n in a gru with reset after.
void kn_recurrent_pack_bias(enum kn_cell cell, size_t hidden, const float *const input_bias[],
                            const float *const hidden_bias[], float *packed);

struct kn_recurrent_direction {
  const float *input_weights, *hidden_weights, *bias;  // packed by the functions above
  const float *initial_hidden, *initial_cell;          // [batch, hidden], or NULL: zeros
  float *final_hidden, *final_cell;                    // [batch, hidden], or NULL; may be the initial ones
  float *output;                                       // at batch 0, time 0; or NULL
  float *saved;                                        // for the gradient, at batch 0, time 0; or NULL
  bool reverse;
};

// How a team shares out a sequence. It falls into groups, a direction each, or one for all directions
// in turn. A group's members share the units (a barrier after every step) or the rows (no barriers).
struct kn_recurrent_plan {
  size_t threads;  // that take part
  size_t groups;   // 1, or one for each direction
  bool by_rows;
};

// x[b, t, :] is at x + b * x_batch_stride + t * x_time_stride, and `hidden` outputs likewise.
//
// Row b ends after lengths[b] steps: its outputs from there on are 0, its final state is that of its
// last step, and reverse starts there. A length of 0 leaves the initial state as the final one.
// All rows have `time` steps when lengths is NULL.
struct kn_recurrent_arguments {
  enum kn_cell cell;
  size_t time, batch, input, hidden;
  const float *x;
  size_t x_batch_stride, x_time_stride;
  size_t output_batch_stride, output_time_stride;
  const int32_t *lengths;
  size_t directions;  // 1 or 2
  struct kn_recurrent_direction direction[2];
  const struct kn_recurrent_plan *plan;  // NULL, or one for just this team: tests and measurements
  float *workspace;  // its contents don't matter, before and after; 64-byte boundary
};

// The plan that the cost model finds fastest for a team of `threads`, from the cell and sizes alone.
struct kn_recurrent_plan kn_recurrent_choose_plan(const struct kn_recurrent_arguments *arguments,
                                                  size_t threads);

// Nanoseconds that the model expects of a plan.
double kn_recurrent_plan_cost(const struct kn_recurrent_arguments *arguments,
                              const struct kn_recurrent_plan *plan);

// Floats of workspace for a team of up to `threads`. Only the cell, sizes, `directions` and plan are read.
size_t kn_recurrent_workspace_size(const struct kn_recurrent_arguments *arguments, size_t threads);

// arguments: struct kn_recurrent_arguments. A row's results have the same bits whatever the team, the
// batch around it, its padding, and whether a sequence is run at once or in pieces.
void kn_recurrent(const void *arguments, const struct kn_team *team);

// One step of a cell from its gates' sums, for rows of gates[gate * hidden + unit]:
//
//     rnn, lstm          gates_x + gates_h + bias is a gate's sum
//     gru reset after    r and z as above; n = tanh(gates_x + bias + r∘(gates_h + hidden_bias))
//
// Reset before is made of matmuls and elementwise steps: its two products depend on each other.
struct kn_recurrent_cell_arguments {
  enum kn_cell cell;
  size_t batch, hidden;
  const float *gates_x;  // [batch, gates * hidden]
  const float *gates_h;  // the same, or NULL when gates_x holds the sums (not for gru)
  size_t gates_x_stride, gates_h_stride;  // between rows
  const float *bias;         // [gates * hidden], or NULL
  const float *hidden_bias;  // [hidden], or NULL: gru reset after only
  const float *state;        // lstm: c, gru: h, [batch, hidden]; not read for rnn
  float *new_hidden;         // [batch, hidden]; may be `state`
  float *new_cell;           // [batch, hidden], lstm only; may be `state`
};

// arguments: struct kn_recurrent_cell_arguments.
void kn_recurrent_cell(const void *arguments, const struct kn_team *team);

#endif
