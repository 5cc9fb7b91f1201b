#include "recurrent/plan.h"

#include "base/sizes.h"

// The model counts cycles. Its constants were measured on a Zen 5 server core; what matters for a
// choice is their proportion.
static const double cycles_per_nanosecond = 4;
static const double vectors_per_cycle = 2;        // multiply-adds
static const double step_cycles = 240;            // calls, and the pointwise part's latency
static const double barrier_cycles = 900;         // with the lines that then travel between cores
static const double barrier_wait = 0.03;          // of a step, for the slower member
static const double tile_cycles = 30;             // to begin and to end a tile
static const double pointwise_cycles = 14;        // a vector of units, per gate
static const double near_bytes_per_cycle = 44;    // from the core's own cache
static const double far_bytes_per_cycle = 26;     // from the shared cache
static const double memory_bytes_per_cycle = 11;  // a core's share
static const double unhidden = 0.3;               // of the time to fetch weights while computing
static const double near_bytes = 704 << 10;       // of weights that the core's own cache keeps
static const double far_bytes = 12 << 20;         // of weights that the shared cache keeps

static double larger(double a, double b) { return a > b ? a : b; }

// The state's product with one panel. Weights come once from where they are, which computing hides
// for the most part; every tile then reads them from the core's own cache.
static double panel_cycles(const struct kn_cell_layout *layout,
                           const struct kn_recurrent_kernels *kernels, size_t depth, size_t rows,
                           double bytes_per_cycle) {
  const double bytes = layout->blocks * kernels->width * sizeof(float);
  const size_t tiles = kn_divide_up(rows, kernels->tile_rows[layout->blocks]);
  const double computing = rows * layout->blocks / vectors_per_cycle;
  const double reading = tiles * bytes / near_bytes_per_cycle;
  const double fetching = bytes / bytes_per_cycle, busy = larger(computing, reading);
  return depth * larger(fetching, busy + unhidden * fetching) + tiles * tile_cycles;
}

double kn_recurrent_plan_cost(const struct kn_recurrent_arguments *a,
                              const struct kn_recurrent_plan *plan) {
  const struct kn_recurrent_kernels *kernels = kn_recurrent_kernels();
  const struct kn_cell_layout *layout = &kn_cell_layouts[a->cell];
  const size_t granule = layout->granule * kernels->width;
  const size_t members = plan->threads / plan->groups;  // of the smallest group
  const size_t turns = a->directions / plan->groups;
  const size_t rows = plan->by_rows ? kn_divide_up(a->batch, members) : a->batch;
  const size_t granules = kn_divide_up(a->hidden, granule);
  const size_t own = plan->by_rows ? granules : kn_divide_up(granules, members);
  const double vectors = (double)own * layout->granule * layout->gates;
  const double row_bytes = kernels->width * sizeof(float) * a->hidden;  // of weights, for a vector
  const double all_bytes = granules * layout->granule * layout->gates * row_bytes * a->directions;
  const double rate = vectors * row_bytes * turns <= near_bytes ? near_bytes_per_cycle
                      : all_bytes <= far_bytes                  ? far_bytes_per_cycle
                                                                : memory_bytes_per_cycle;
  double step = rows * vectors * a->input / vectors_per_cycle;
  step += vectors / layout->blocks * panel_cycles(layout, kernels, a->hidden, rows, rate);
  step += step_cycles + rows * vectors * pointwise_cycles;
  if (!plan->by_rows && plan->threads > plan->groups) {
    step += barrier_cycles * layout->phases + barrier_wait * step;
  }
  return step * a->time * turns / cycles_per_nanosecond;
}

struct kn_recurrent_plan kn_recurrent_choose_plan(const struct kn_recurrent_arguments *a,
                                                  size_t threads) {
  struct kn_recurrent_plan best = {1, 1, true};
  double lowest = kn_recurrent_plan_cost(a, &best);
  for (size_t groups = 1; groups <= kn_smaller(a->directions, threads); groups++) {
    for (int by_rows = 0; by_rows <= 1; by_rows++) {
      const size_t used = by_rows ? kn_smaller(threads, groups * a->batch) : threads;
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

bool kn_recurrent_weights_are_far(const struct kn_recurrent_arguments *a,
                                  const struct kn_recurrent_share *share) {
  const size_t columns =
      (share->units.end - share->units.begin) * kn_cell_layouts[a->cell].gates;
  return columns * a->hidden * sizeof(float) > near_bytes;
}
