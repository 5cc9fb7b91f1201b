#include "recurrent/plan.h"

// The model's constants, measured on a Zen 5 server core; plans depend on their proportions.
static const double cycles_per_nanosecond = 4.0;
static const double step_nanoseconds = 60;      // calls and the pointwise part's latency
static const double barrier_nanoseconds = 250;  // with the wait for the slower member
static const double unit_nanoseconds = 3.0;     // pointwise work for a vector of units and a gate
static const double near_cache = 640 << 10;     // bytes of weights that a core's own cache keeps
static const double near_bytes = 190;           // bytes a nanosecond from there
static const double far_bytes = 95;             // from the shared cache

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static size_t divided_up(size_t a, size_t b) { return (a + b - 1) / b; }

double kn_recurrent_plan_cost(const struct kn_recurrent_arguments *a,
                              const struct kn_recurrent_plan *plan) {
  const struct kn_recurrent_kernels *kernels = kn_recurrent_kernels();
  const struct kn_cell_layout *layout = &kn_cell_layouts[a->cell];
  const size_t granule = layout->granule * kernels->width;
  const size_t members = plan->threads / plan->groups;  // of the smallest group
  const size_t turns = a->directions / plan->groups;
  const double rows = plan->by_rows ? divided_up(a->batch, members) : a->batch;
  const double units =
      granule * divided_up(divided_up(a->hidden, granule), plan->by_rows ? 1 : members);
  const double columns = units * layout->gates;
  const double rate = 2.0 * cycles_per_nanosecond * kernels->multiply_adds;
  const double bytes = columns * a->hidden * sizeof(float);
  const double bandwidth = bytes * turns <= near_cache ? near_bytes : far_bytes;
  const double computing = 2 * rows * columns * a->hidden / rate, reading = bytes / bandwidth;
  double step = 2 * rows * columns * a->input / rate;
  step += computing > reading ? computing : reading;
  step += step_nanoseconds + rows * columns / kernels->width * unit_nanoseconds;
  if (!plan->by_rows && plan->threads > plan->groups) {
    step += barrier_nanoseconds * layout->phases;
  }
  return step * a->time * turns;
}

struct kn_recurrent_plan kn_recurrent_choose_plan(const struct kn_recurrent_arguments *a,
                                                  size_t threads) {
  struct kn_recurrent_plan best = {1, 1, true};
  double lowest = kn_recurrent_plan_cost(a, &best);
  for (size_t groups = 1; groups <= smaller(a->directions, threads); groups++) {
    for (int by_rows = 0; by_rows <= 1; by_rows++) {
      const size_t used = by_rows ? smaller(threads, groups * a->batch) : threads;
      const struct kn_recurrent_plan plan = {used, groups, by_rows};
      if (used < groups) continue;
      const double cost = kn_recurrent_plan_cost(a, &plan);
      if (cost < lowest) {
        best = plan;
        lowest = cost;
      }
    }
  }
  return best;
}

struct kn_recurrent_share kn_recurrent_share(const struct kn_recurrent_arguments *a,
                                             const struct kn_recurrent_kernels *kernels,
                                             const struct kn_recurrent_plan *plan, size_t member) {
  const struct kn_cell_layout *layout = &kn_cell_layouts[a->cell];
  const size_t units = kn_padded_units(layout, a->hidden, kernels->width);
  const size_t group = member % plan->groups, place = member / plan->groups;
  const size_t members = (plan->threads - group + plan->groups - 1) / plan->groups;
  struct kn_recurrent_share share = {
      .first_direction = plan->groups == 1 ? 0 : group,
      .last_direction = plan->groups == 1 ? a->directions : group + 1,
      .units = {0, units},
      .row_step = 1,
  };
  if (plan->by_rows) {
    share.first_row = place;
    share.row_step = members;
  } else {
    share.units = kn_partition(units, layout->granule * kernels->width, place, members);
    share.barriers = plan->threads > plan->groups;
  }
  return share;
}
