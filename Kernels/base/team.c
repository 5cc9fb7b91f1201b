#include "team.h"

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#if defined(__linux__)
#include <linux/futex.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

// How a member waits. It spins for about 20 µs: longer than equal shares of work differ. Then it
// offers its CPU to others, as long as a step of one thread may take; then it sleeps until woken. When
// an offer is taken for long, CPUs are short, and the one that is waited for may have none: the next
// waits then sleep almost at once. That hands the CPU on to each other, where yielding hands it to
// whoever is next in the queue.
enum { SPINS = 2000, YIELD_NANOSECONDS = 1000000, TAKEN_NANOSECONDS = 20000 };
enum { SLEEP_NANOSECONDS = 1000000 };
enum { CROWDED_WAITS = 64, SPINS_IF_CROWDED = 50 };

static inline void pause_cpu(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

static inline bool passed(struct kn_barrier *barrier, uint32_t epoch) {
  return atomic_load_explicit(&barrier->epoch, memory_order_acquire) != epoch;
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

// The last to arrive looks for sleepers right after it has changed the epoch, without the fence that
// would make sure to see one who lies down at that very moment, as the fence costs as much as the
// barrier. That one wakes by itself.
static void sleep_until_passed(struct kn_barrier *barrier, uint32_t epoch) {
  atomic_fetch_add(&barrier->sleepers, 1);
  while (!passed(barrier, epoch)) {
#if defined(__linux__)
    const struct timespec limit = {.tv_nsec = SLEEP_NANOSECONDS};
    syscall(SYS_futex, &barrier->epoch, FUTEX_WAIT_PRIVATE, epoch, &limit, NULL, 0);
#else
    sched_yield();
#endif
  }
  atomic_fetch_sub(&barrier->sleepers, 1);
}

static void wake_sleepers(struct kn_barrier *barrier) {
#if defined(__linux__)
  if (atomic_load_explicit(&barrier->sleepers, memory_order_relaxed) > 0) {
    syscall(SYS_futex, &barrier->epoch, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
  }
#else
  (void)barrier;
#endif
}

static void wait_until_passed(struct kn_barrier *barrier, uint32_t epoch) {
  const uint32_t crowded = atomic_load_explicit(&barrier->crowded, memory_order_relaxed);
  for (int spins = crowded > 0 ? SPINS_IF_CROWDED : SPINS; spins > 0; spins--) {
    if (passed(barrier, epoch)) return;
    pause_cpu();
  }
  if (crowded > 0) {
    atomic_store_explicit(&barrier->crowded, crowded - 1, memory_order_relaxed);
    sleep_until_passed(barrier, epoch);
    return;
  }
  const int64_t start = now();
  for (int64_t time = start, before; time < start + YIELD_NANOSECONDS;) {
    if (passed(barrier, epoch)) return;
    before = time;
    sched_yield();
    time = now();
    if (time > before + TAKEN_NANOSECONDS) {
      atomic_store_explicit(&barrier->crowded, CROWDED_WAITS, memory_order_relaxed);
      break;
    }
  }
  sleep_until_passed(barrier, epoch);
}

void kn_team_barrier_completing(const struct kn_team *team, const struct kn_completion *completion) {
  struct kn_barrier *barrier = team->barrier;
  uint32_t epoch = 0;
  if (team->count > 1) {
    // The epoch cannot advance before this member has arrived.
    epoch = atomic_load_explicit(&barrier->epoch, memory_order_relaxed);
    const uint32_t before = atomic_fetch_add_explicit(&barrier->arrived, 1, memory_order_acq_rel);
    if (before + 1 < team->count) {
      wait_until_passed(barrier, epoch);
      return;
    }
  }
  if (completion != NULL) completion->run(completion->argument, completion->iteration);
  if (team->count > 1) {
    atomic_store_explicit(&barrier->arrived, 0, memory_order_relaxed);
    atomic_store_explicit(&barrier->epoch, epoch + 1, memory_order_release);
    wake_sleepers(barrier);
  }
}

void kn_team_barrier(const struct kn_team *team) { kn_team_barrier_completing(team, NULL); }
