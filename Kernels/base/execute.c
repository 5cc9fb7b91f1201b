// The executor: one parallel region for a whole program.
#include <assert.h>
#include <omp.h>
#include <string.h>
#include <time.h>

#include "denormals.h"
#include "kernels/isa.h"
#include "kernels/memory.h"
#include "team.h"

// Threads that are executing now, over the whole process.
static _Atomic size_t threads_in_use;

// The first caller gets what it asks for, as its choice may well be a team larger than the machine;
// whoever comes while others run gets the CPUs that are left, and itself.
static size_t claim_threads(size_t wanted) {
  size_t used = atomic_load(&threads_in_use), granted;
  do {
    const size_t cpus = used > 0 ? kn_available_cpus() : 0;
    const size_t left = cpus > used ? cpus - used : 1;
    granted = used == 0 || wanted < left ? wanted : left;
  } while (!atomic_compare_exchange_weak(&threads_in_use, &used, used + granted));
  return granted;
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void update_pointers(const void *argument, size_t iteration) {
  const struct kn_loop *loop = argument;
  for (size_t i = 0; i < loop->update_count; i++) {
    const struct kn_pointer_update *update = &loop->updates[i];
    *update->field = update->start + (ptrdiff_t)iteration * update->stride;
  }
}

static size_t members_of(const struct kn_step *step, const struct kn_team *team) {
  return step->threads < team->count ? step->threads : team->count;
}

// The wait between two steps, by those who take part in either. That is enough: thread 0 takes part
// in every step, so whoever meets it has met everything before. A team of n threads, 0..<n of the
// region, always meets at barriers[n - 1]: its members agree on what comes next there.
static void meet(const struct kn_step *before, const struct kn_step *after,
                 const struct kn_team *team, struct kn_barrier *barriers,
                 const struct kn_completion *completion) {
  const size_t leaving = members_of(before, team), coming = members_of(after, team);
  const size_t count = leaving > coming ? leaving : coming;
  if (team->index >= count) return;
  const struct kn_team members = {team->index, count, &barriers[count - 1]};
  kn_team_barrier_completing(&members, completion);
}

static void run_loop(const struct kn_loop *loop, const struct kn_team *team,
                     struct kn_barrier *barriers);

static void run_step(const struct kn_step *step, const struct kn_team *team,
                     struct kn_barrier *barriers) {
  assert(step->threads > 0);
  const size_t count = members_of(step, team);
  if (team->index >= count) return;
  const struct kn_team members = {team->index, count, &barriers[count - 1]};
  if (step->kernel != NULL) {
    step->kernel(step->arguments, &members);
  } else {
    run_loop(step->loop, &members, barriers);
  }
}

// The last to arrive at an iteration's end moves the pointers on: no barrier is spent on it.
static void run_loop(const struct kn_loop *loop, const struct kn_team *team,
                     struct kn_barrier *barriers) {
  if (loop->count == 0 || loop->body_count == 0) return;
  const struct kn_step *first = &loop->body[0], *last = &loop->body[loop->body_count - 1];
  struct kn_completion update = {update_pointers, loop, 0};
  kn_team_barrier_completing(team, &update);
  for (update.iteration = 1;; update.iteration++) {
    for (const struct kn_step *step = first; step < last; step++) {
      run_step(step, team, barriers);
      meet(step, step + 1, team, barriers, NULL);
    }
    run_step(last, team, barriers);
    if (update.iteration == loop->count) return;
    meet(last, first, team, barriers, &update);
  }
}

static void run_program(const struct kn_step *steps, size_t count, const struct kn_team *team,
                        struct kn_barrier *barriers, uint64_t *nanoseconds) {
  const kn_denormal_mode mode = kn_flush_denormals();
  const int timed = nanoseconds != NULL && team->index == 0;
  uint64_t start = timed ? now() : 0;
  for (size_t i = 0; i < count; i++) {
    run_step(&steps[i], team, barriers);
    if (i + 1 < count) meet(&steps[i], &steps[i + 1], team, barriers, NULL);
    if (timed) {
      const uint64_t end = now();
      nanoseconds[i] += end - start;
      start = end;
    }
  }
  kn_restore_denormals(mode);
}

// The barriers of teams up to this size are on the stack: a run then allocates nothing.
enum { FEW_THREADS = 16 };

void kn_execute_exactly(const struct kn_step *steps, size_t count, size_t threads,
                        uint64_t *nanoseconds) {
  struct kn_barrier few[FEW_THREADS];
  struct kn_barrier *barriers = threads <= FEW_THREADS ? few : kn_allocate(threads * sizeof *few);
  if (threads <= 1 || barriers == NULL) {
    const struct kn_team alone = {0, 1, few};
    run_program(steps, count, &alone, few, nanoseconds);
    return;
  }
  memset(barriers, 0, threads * sizeof *barriers);
  const enum kn_isa isa = kn_isa_active();
#pragma omp parallel num_threads((int)threads)
  {
    // OpenMP may give fewer: inside another region, or at its own limit.
    const size_t given = (size_t)omp_get_num_threads();
    const struct kn_team team = {(size_t)omp_get_thread_num(), given, &barriers[given - 1]};
    if (team.index > 0) kn_isa_select(isa);
    run_program(steps, count, &team, barriers, nanoseconds);
  }  // the region's end is the last step's wait
  if (barriers != few) kn_release(barriers);
}

void kn_execute(const struct kn_step *steps, size_t count, size_t threads, uint64_t *nanoseconds) {
  const size_t granted = claim_threads(threads > 0 ? threads : 1);
  kn_execute_exactly(steps, count, granted, nanoseconds);
  atomic_fetch_sub(&threads_in_use, granted);
}
