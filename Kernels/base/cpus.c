// The CPUs this process may use.
#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernels/execution.h"

static size_t cpus_of_affinity(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return (size_t)CPU_COUNT(&set);
#endif
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (size_t)online : 1;
}

// The quota of the control group at `path` ("" is the root), in CPUs rounded up; SIZE_MAX if none.
static size_t quota_at(const char *path) {
  char name[4200];
  snprintf(name, sizeof name, "/sys/fs/cgroup%s/cpu.max", path);
  FILE *file = fopen(name, "re");
  if (file == NULL) return SIZE_MAX;
  unsigned long long quota, period;  // microseconds; the quota reads "max" when there is none
  const int fields = fscanf(file, "%llu %llu", &quota, &period);
  fclose(file);
  if (fields != 2 || period == 0) return SIZE_MAX;
  return quota > period ? (size_t)((quota + period - 1) / period) : 1;
}

// The smallest quota from this process's control group (version 2) up to the root.
static size_t cpus_of_control_group(void) {
  char line[4200], *path = NULL;
  FILE *file = fopen("/proc/self/cgroup", "re");
  if (file == NULL) return SIZE_MAX;
  while (path == NULL && fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, "0::/", 4) == 0) path = line + 3;
  }
  fclose(file);
  if (path == NULL) return SIZE_MAX;
  path[strcspn(path, "\n")] = '\0';
  size_t least = quota_at("");
  for (char *end; (end = strrchr(path, '/')) != NULL; *end = '\0') {
    const size_t quota = quota_at(path);
    if (quota < least) least = quota;
  }
  return least;
}

size_t kn_available_cpus(void) {
  static _Atomic size_t quota;  // 0 until it is first asked for: a group's quota seldom changes
  size_t limit = atomic_load_explicit(&quota, memory_order_relaxed);
  if (limit == 0) {
    limit = cpus_of_control_group();
    atomic_store_explicit(&quota, limit, memory_order_relaxed);
  }
  const size_t cpus = cpus_of_affinity();
  return cpus < limit ? cpus : limit;
}
