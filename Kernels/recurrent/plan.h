// What a plan (kernels/recurrent.h) means for a member of the team.
#ifndef RECURRENT_PLAN_H
#define RECURRENT_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/partition.h"
#include "recurrent/kernels.h"

// What one member does: directions first..<last, units (whole granules) of the rows row_first,
// row_first + row_step, … in order of length.
struct kn_recurrent_share {
  size_t first_direction, last_direction;
  struct kn_range units;
  size_t first_row, row_step;
  bool barriers;  // after every step
};

struct kn_recurrent_share kn_recurrent_share(const struct kn_recurrent_arguments *arguments,
                                             const struct kn_recurrent_kernels *kernels,
                                             const struct kn_recurrent_plan *plan, size_t member);

// Whether a member's weights are more than its core's own cache keeps from step to step.
bool kn_recurrent_weights_are_far(const struct kn_recurrent_arguments *arguments,
                                  const struct kn_recurrent_share *share);

#endif
