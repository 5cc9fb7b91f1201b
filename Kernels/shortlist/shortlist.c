// The kernel: bounds of all elements from the bytes, then products with the panels that may have the
// largest.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/partition.h"
#include "gemm/gemm.h"
#include "kernels/isa.h"
#include "shortlist/rows.h"

enum { LINE = 16 };

static const struct kn_shortlist_rows *active_rows(void) {
  switch (kn_isa_vectors()) {
#if defined(__x86_64__)
    case KN_ISA_AVX512: return &kn_shortlist_rows__avx512;
    case KN_ISA_AVX2: return &kn_shortlist_rows__avx2;
#endif
    default: return &kn_shortlist_rows__portable;
  }
}

// What a member found in its columns, by row.
struct finding {
  float largest_bound[KN_SHORTLIST_MAX_ROWS];  // of what elements are at least
  float best[KN_SHORTLIST_MAX_ROWS];
  int32_t position[KN_SHORTLIST_MAX_ROWS];
};

// The workspace: a finding, rows of a in 16 bits and their words for every member, then bounds [m, n]
// of all.
struct layout {
  size_t finding, rows, words, member;  // floats
  size_t bounds_stride;
};

static struct layout layout_of(size_t m, size_t n, size_t k) {
  struct layout layout = {
      .finding = kn_round_up(sizeof(struct finding) / sizeof(float), LINE),
      .rows = m * kn_shortlist_depth(k) / 2,
      .words = kn_round_up(m * kn_divide_up(k, 2), LINE),
      .bounds_stride = kn_round_up(n, LINE),
  };
  layout.member = layout.finding + layout.rows + layout.words;
  return layout;
}

size_t kn_shortlist_workspace_size(size_t m, size_t n, size_t k, size_t threads) {
  const struct layout layout = layout_of(m, n, k);
  return threads * layout.member + m * layout.bounds_stride;
}

// A row in integers r [depth], so small that no sum of depth products with bytes overflows 32 bits.
static struct kn_shortlist_row round_row(const float *a, size_t k, bool rounds, int16_t *r) {
  const size_t depth = kn_shortlist_depth(k);
  float largest = 0;
  for (size_t p = 0; p < k; p++) {
    const float x = fabsf(kn_shortlist_rounded(a[p], rounds));
    largest = x > largest ? x : largest;
  }
  const float most = (float)kn_smaller(INT16_MAX, INT32_MAX / 127 / (depth > 0 ? depth : 1));
  const bool fits = largest > KN_SHORTLIST_SMALLEST && largest < KN_SHORTLIST_LARGEST;
  const float unit = fits ? largest / most : 0, inverse = fits ? most / largest : 0;
  double squares = 0, rest = 0;
  for (size_t p = 0; p < k; p++) {
    const float x = kn_shortlist_rounded(a[p], rounds);
    // NaN is none of these.
    const float q = rintf(x * inverse);
    r[p] = q > -most && q < most ? (int16_t)q : q >= most ? (int16_t)most : (int16_t)-most;
    const double e = (double)x - (double)unit * r[p];
    squares += (double)x * x;
    rest += e * e;
  }
  memset(r + k, 0, (depth - k) * sizeof *r);
  return (struct kn_shortlist_row){
      .unit = unit,
      .length = (float)(1.0001 * sqrt(squares)),
      .rest = (float)(1.01 * 127 * sqrt((double)k * rest)),
  };
}

// Whether an element may be the largest: also where its bound is NaN.
static bool may_be_largest(const float *bounds, size_t columns, float largest_bound) {
  bool found = false;
  for (size_t j = 0; j < columns; j++) found |= !(bounds[j] < largest_bound);
  return found;
}

// Multiplies a row with the panels of some columns that may have the largest element.
static void search(const struct kn_shortlist_arguments *arguments,
                   const struct kn_gemm_kernels *kernels, const float *a, struct kn_range columns,
                   const float *bounds, float largest_bound, float *best, int32_t *position) {
  const size_t k = kn_gemm_steps(kernels, arguments->packed_type, arguments->k);
  const size_t step = kn_gemm_panel_words(kernels, arguments->packed_type);
  float products[KN_GEMM_MAX_WIDTH];
  for (size_t column = columns.begin; column < columns.end; column += kernels->width) {
    const size_t count = kn_smaller(kernels->width, columns.end - column);
    if (!may_be_largest(bounds + column, count, largest_bound)) continue;
    const struct kn_gemm_block block = {
        .m = 1,
        .n = count,
        .k = k,
        .a = a,
        .a_column_stride = 1,
        .panels = arguments->packed + column / kernels->width * k * step,
        .panel_type = arguments->packed_type,
        .panel_step = step,
        .panel_stride = k * step,
        .c = products,
        .c_row_stride = KN_GEMM_MAX_WIDTH,
        .distance = KN_GEMM_FAR,
    };
    kn_gemm_multiply(kernels, &block);
    for (size_t j = 0; j < count; j++) {
      if (products[j] > *best) {
        *best = products[j];
        *position = (int32_t)(column + j);
      }
    }
  }
}

static struct finding *finding_of(const struct kn_shortlist_arguments *arguments,
                                  const struct layout *layout, size_t member) {
  return (struct finding *)(arguments->workspace + member * layout->member);
}

// Over all members.
static float largest_bound_of(const struct kn_shortlist_arguments *arguments,
                              const struct layout *layout, size_t members, size_t row) {
  float largest = -INFINITY;
  for (size_t member = 0; member < members; member++) {
    const float bound = finding_of(arguments, layout, member)->largest_bound[row];
    if (bound > largest) largest = bound;
  }
  return largest;
}

// Members' columns ascend: of equal elements the first stays.
static int32_t position_of(const struct kn_shortlist_arguments *arguments,
                           const struct layout *layout, size_t members, size_t row) {
  const struct finding *best = finding_of(arguments, layout, 0);
  for (size_t member = 1; member < members; member++) {
    const struct finding *other = finding_of(arguments, layout, member);
    if (other->best[row] > best->best[row]) best = other;
  }
  return best->position[row];
}

void kn_shortlist_argmax(const void *pointer, const struct kn_team *team) {
  const struct kn_shortlist_arguments *arguments = pointer;
  const size_t m = arguments->m, n = arguments->n, k = arguments->k;
  assert(m <= KN_SHORTLIST_MAX_ROWS && n <= INT32_MAX);
  const struct kn_gemm_kernels *kernels = kn_gemm_kernels_for(kn_isa_active());
  const struct kn_shortlist_rows *functions = active_rows();
  const bool rounds = kn_gemm_multiplies_pairs(kernels, arguments->packed_type);
  const struct layout layout = layout_of(m, n, k);
  const size_t depth = kn_shortlist_depth(k), pairs = kn_divide_up(k, 2);
  struct finding *finding = finding_of(arguments, &layout, team->index);
  float *own = (float *)finding + layout.finding, *words = own + layout.rows;
  int16_t *rows = (int16_t *)own;
  float *bounds = arguments->workspace + team->count * layout.member;
  const int8_t *bytes = (const int8_t *)arguments->shortlist;
  const float *scales = arguments->shortlist + n * depth / sizeof(float);
  const struct kn_range columns = kn_partition(n, KN_SHORTLIST_UNIT, team->index, team->count);
  const size_t count = columns.end - columns.begin;

  struct kn_shortlist_row rounded[KN_SHORTLIST_MAX_ROWS];
  for (size_t i = 0; i < m; i++) {
    const float *a = arguments->a + i * arguments->a_row_stride;
    rounded[i] = round_row(a, k, rounds, rows + i * depth);
    if (rounds) kernels->round_pairs(a, k, words + i * pairs);
  }
  functions->multiply(m, rows, depth, bytes + columns.begin * depth, count,
                      bounds + columns.begin, layout.bounds_stride);
  for (size_t i = 0; i < m; i++) {
    finding->largest_bound[i] =
        functions->bound(count, &rounded[i], scales + columns.begin, scales + n + columns.begin,
                         bounds + i * layout.bounds_stride + columns.begin);
    finding->best[i] = -INFINITY;
    finding->position[i] = 0;
  }
  kn_team_barrier(team);

  for (size_t i = 0; i < m; i++) {
    const float *a = rounds ? words + i * pairs : arguments->a + i * arguments->a_row_stride;
    search(arguments, kernels, a, columns, bounds + i * layout.bounds_stride,
           largest_bound_of(arguments, &layout, team->count, i), &finding->best[i],
           &finding->position[i]);
  }
  kn_team_barrier(team);

  if (team->index > 0) return;
  for (size_t i = 0; i < m; i++) {
    arguments->output[i] = position_of(arguments, &layout, team->count, i);
  }
}
