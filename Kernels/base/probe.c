#include "base/probe.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kernels/execution.h"
#include "kernels/isa.h"
#include "kernels/memory.h"
#include "kernels/probe.h"

// Fourteen figures share the time.
enum { FIGURES = 14 };

static const struct kn_probe_loops *active_loops(void) {
#if defined(__x86_64__)
  if (kn_isa_vectors() == KN_ISA_AVX512) return &kn_probe_loops_avx512;
  if (kn_isa_vectors() == KN_ISA_AVX2) return &kn_probe_loops_avx2;
#endif
  return &kn_probe_loops_portable;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// One run: what each member does, and how much work that is.
struct work {
  const struct kn_probe_loops *loops;
  size_t (*multiply_add)(size_t rounds);
  const float *memory;
  size_t floats;  // that each member reads, from a place of its own
  size_t rounds;
};

static void run_multiply_add(const void *arguments, const struct kn_team *team) {
  (void)team;
  const struct work *work = arguments;
  work->multiply_add(work->rounds);
}

static void run_read(const void *arguments, const struct kn_team *team) {
  const struct work *work = arguments;
  work->loops->read(work->memory + team->index * work->floats, work->floats, work->rounds);
}

static void run_barriers(const void *arguments, const struct kn_team *team) {
  const struct work *work = arguments;
  for (size_t r = 0; r < work->rounds; r++) kn_team_barrier(team);
}

static void run_nothing(const void *arguments, const struct kn_team *team) {
  (void)arguments;
  (void)team;
}

// Seconds of the fastest run of a kernel. The first one wakes the team and is not counted.
static double fastest(kn_kernel kernel, const struct work *work, size_t threads, double seconds) {
  const struct kn_step step = {kernel, work, NULL, threads};
  kn_execute_exactly(&step, 1, threads, NULL);
  double best = 0;
  const double end = now() + seconds;
  do {
    const double start = now();
    kn_execute_exactly(&step, 1, threads, NULL);
    const double time = now() - start;
    if (best == 0 || time < best) best = time;
  } while (now() < end);
  return best;
}

static struct kn_probe_rate multiply_add_rate(size_t (*multiply_add)(size_t rounds), size_t threads,
                                              double seconds) {
  const struct work work = {.multiply_add = multiply_add, .rounds = 200000};
  const double operations = (double)multiply_add(work.rounds);
  return (struct kn_probe_rate){
      operations / fastest(run_multiply_add, &work, 1, seconds),
      operations * (double)threads / fastest(run_multiply_add, &work, threads, seconds),
  };
}

// Each member reads `bytes` of its own; small pieces are read many times in a run.
static struct kn_probe_rate read_rate(size_t bytes, size_t threads, double seconds) {
  struct work work = {.loops = active_loops(), .floats = bytes / 1024 * 256};
  work.rounds = ((size_t)64 << 20) / bytes + 1;
  float *memory = kn_allocate(threads * work.floats * sizeof *memory);
  if (memory == NULL) return (struct kn_probe_rate){0, 0};
  memset(memory, 0, threads * work.floats * sizeof *memory);
  work.memory = memory;
  const double read = (double)work.rounds * (double)work.floats * sizeof *memory;
  const struct kn_probe_rate rate = {
      read / fastest(run_read, &work, 1, seconds),
      read * (double)threads / fastest(run_read, &work, threads, seconds),
  };
  kn_release(memory);
  return rate;
}

// The size of the data cache of a level, as Linux tells it of the first CPU, or else what is common.
// (sysconf gives a third level that other cores' are added to.)
static size_t cache_size(int level, size_t common) {
  const int index = level == 1 ? 0 : level;  // 1 is the instruction cache
  char name[80];
  snprintf(name, sizeof name, "/sys/devices/system/cpu/cpu0/cache/index%d/size", index);
  FILE *file = fopen(name, "re");
  if (file == NULL) return common;
  size_t kibibytes;
  const int fields = fscanf(file, "%zuK", &kibibytes);
  fclose(file);
  return fields == 1 && kibibytes > 0 ? kibibytes << 10 : common;
}

void kn_probe(size_t threads, double seconds, struct kn_probe_result *result) {
  const size_t first = cache_size(1, 32 << 10);
  const size_t second = cache_size(2, 1 << 20);
  const size_t third = cache_size(3, 16 << 20);
  const double each = seconds / FIGURES;
  if (threads == 0) threads = 1;

  // Half of a cache that is a core's own; of the third level, which all share, a part each that
  // the second cannot hold; of memory, more than the third can.
  const size_t share = third / 2 / threads;
  result->multiply_add = multiply_add_rate(active_loops()->multiply_add, threads, each);
  result->multiply_add_bfloat16 = (struct kn_probe_rate){0, 0};
#if defined(__x86_64__)
  if (kn_isa_active() == KN_ISA_AVX512_BF16) {
    result->multiply_add_bfloat16 =
        multiply_add_rate(kn_probe_multiply_pairs_avx512_bf16, threads, each);
  }
#endif
  result->read_first_level = read_rate(first / 2, threads, each);
  result->read_second_level = read_rate(second / 2, threads, each);
  result->read_third_level = read_rate(share > 3 * second ? share : 3 * second, threads, each);
  result->read_memory = read_rate(2 * third, threads, each);

  const struct work barriers = {.rounds = 1000};
  const double waiting = threads > 1 ? fastest(run_barriers, &barriers, threads, each) : 0;
  result->barrier_nanoseconds = 1e9 * waiting / (double)barriers.rounds;
  result->execute_nanoseconds = 1e9 * fastest(run_nothing, NULL, threads, each);
}
