#include "team.h"

#include <sched.h>

// About 20 µs: longer than the differences between equal shares of work, shorter than what a
// descheduled member would cost the others.
enum { SPINS_BEFORE_YIELD = 2000 };

static inline void pause_cpu(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

void kn_team_barrier_completing(const struct kn_team *team, const struct kn_completion *completion) {
  if (team->count > 1) {
    struct kn_barrier *barrier = team->barrier;
    // The epoch cannot advance before this member has arrived.
    const uint32_t epoch = atomic_load_explicit(&barrier->epoch, memory_order_relaxed);
    const uint32_t before = atomic_fetch_add_explicit(&barrier->arrived, 1, memory_order_acq_rel);
    if (before + 1 < team->count) {
      for (int spins = 0; atomic_load_explicit(&barrier->epoch, memory_order_acquire) == epoch;) {
        if (spins < SPINS_BEFORE_YIELD) {
          spins++;
          pause_cpu();
        } else {
          sched_yield();
        }
      }
      return;
    }
    if (completion != NULL) completion->run(completion->argument, completion->iteration);
    atomic_store_explicit(&barrier->arrived, 0, memory_order_relaxed);
    atomic_store_explicit(&barrier->epoch, epoch + 1, memory_order_release);
  } else if (completion != NULL) {
    completion->run(completion->argument, completion->iteration);
  }
}

void kn_team_barrier(const struct kn_team *team) { kn_team_barrier_completing(team, NULL); }
