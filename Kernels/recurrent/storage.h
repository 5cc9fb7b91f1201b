// What a member of the team works with, laid out in the caller's workspace.
#ifndef RECURRENT_STORAGE_H
#define RECURRENT_STORAGE_H

#include <stddef.h>

#include "recurrent/plan.h"

// A direction's states, [batch, state_stride] each; members that share units share these.
struct kn_recurrent_states {
  float *hidden[2];  // of even and odd steps: a step reads one and writes the other
  float *second;     // lstm: c; gru reset before: z
  float *gated;      // gru reset before: r∘h
};

// A member's own. `rows` is how many rows of the batch it has.
struct kn_recurrent_storage {
  struct kn_recurrent_states states[2];
  size_t state_stride;
  size_t *order;         // [rows] places in the batch, by falling length
  size_t *lengths;       // [rows] in that order
  size_t *counts;        // [time + 2], for ordering
  size_t *at;            // [rows] where a row's state is
  const float **from;    // [rows] a row's operand in a step
  float **output;        // [rows] a row's output in a step
  float **saved;         // [rows] what is kept of a row's step
  const float **inputs;  // [chunk_rows] rows of x
  float *projected;      // [own panels][chunk_rows][blocks * width]: x·W + b, a chunk of steps
  size_t chunk_rows;
};

// Lays out the storage of member `index` in `workspace`; returns the floats for the whole team.
size_t kn_recurrent_storage(const struct kn_recurrent_arguments *arguments,
                            const struct kn_recurrent_kernels *kernels,
                            const struct kn_recurrent_plan *plan, size_t index, float *workspace,
                            struct kn_recurrent_storage *storage);

#endif
