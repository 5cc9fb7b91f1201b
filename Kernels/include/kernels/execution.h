// Teams of threads, and programs: flat lists of steps that a team runs together.
#ifndef KERNELS_EXECUTION_H
#define KERNELS_EXECUTION_H

#include <stddef.h>
#include <stdint.h>

struct kn_barrier;

// One thread's place in a team. Every member calls a kernel with the same arguments; the kernel
// takes its share of the work by `index` of `count`.
struct kn_team {
  size_t index, count;
  struct kn_barrier *barrier;  // not read when count is 1
};

// Returns once every member of the team has called it; what they wrote before is then visible.
void kn_team_barrier(const struct kn_team *team);

typedef void (*kn_kernel)(const void *arguments, const struct kn_team *team);

struct kn_loop;

// A kernel call, or a loop when `kernel` is NULL. A step sees all that the steps before it wrote.
struct kn_step {
  kn_kernel kernel;
  const void *arguments;
  const struct kn_loop *loop;
  size_t threads;  // how many of the team take part, at least 1; more than there are means all
};

// Before iteration t: *field = start + t * stride (bytes).
struct kn_pointer_update {
  void **field;
  char *start;
  ptrdiff_t stride;
};

struct kn_loop {
  size_t count;
  const struct kn_step *body;
  size_t body_count;
  const struct kn_pointer_update *updates;
  size_t update_count;
};

// Runs a program in one parallel region of at most `threads` threads; with one thread, in none.
// Denormals are flushed to zero meanwhile, on every thread. When other threads of the process are
// executing, only the CPUs that they leave are used, and at least the calling thread.
// nanoseconds: NULL, or an accumulator for each step of the list.
void kn_execute(const struct kn_step *steps, size_t count, size_t threads, uint64_t *nanoseconds);

// The same with `threads` threads whoever else is executing: for tests and measurements.
void kn_execute_exactly(const struct kn_step *steps, size_t count, size_t threads,
                        uint64_t *nanoseconds);

// How many CPUs this process may use: what its affinity and its control group's quota allow.
size_t kn_available_cpus(void);

#endif
