// The barrier behind struct kn_team.
#ifndef BASE_TEAM_H
#define BASE_TEAM_H

#include <stdatomic.h>

#include "kernels/execution.h"

// `arrived` is written by everyone, `epoch` is read by everyone who waits: on lines of their own
// (128 bytes, as CPUs fetch lines in pairs), so that an arrival does not disturb the waiting.
// All zero is a barrier ready for use.
struct kn_barrier {
  _Alignas(128) _Atomic uint32_t arrived;
  _Alignas(128) _Atomic uint32_t epoch;
  _Atomic uint32_t sleepers;
  _Atomic uint32_t crowded;  // waits that will not spin, as there are fewer CPUs than members
};

// Work for the last member to arrive, done while the others still wait.
struct kn_completion {
  void (*run)(const void *argument, size_t iteration);
  const void *argument;
  size_t iteration;
};

void kn_team_barrier_completing(const struct kn_team *team, const struct kn_completion *completion);

#endif
