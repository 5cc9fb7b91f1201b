// The driver of sums of embeddings: rows are shared out, and a row stays in cache from its first term
// to its normalisation.
#include "kernels/embedding.h"

#include <assert.h>

#include "base/index_status.h"
#include "base/partition.h"
#include "embedding/rows.h"
#include "kernels/isa.h"
#include "normalization/rows.h"

static kn_embedding_sum *embedding_sum(void) {
  switch (kn_isa_vectors()) {
#if defined(__x86_64__)
    case KN_ISA_AVX512: return kn_embedding_sum__avx512;
    case KN_ISA_AVX2: return kn_embedding_sum__avx2;
#endif
    default: return kn_embedding_sum__portable;
  }
}

// What a term has for a row; NULL for an index that is none of its rows.
static const void *source_row(const struct kn_embedding_term *term, size_t row, size_t width) {
  size_t source = row % term->period;
  if (term->indices != NULL) {
    const int32_t index = term->indices[source];
    if (index < 0 || (size_t)index >= term->source_rows) {
      kn_report_index(term->status, source, index);
      return NULL;
    }
    source = (size_t)index;
  }
  const size_t size = term->is_bfloat16 ? sizeof(uint16_t) : sizeof(float);
  return (const char *)term->source + source * width * size;
}

void kn_embedding(const void *opaque, const struct kn_team *team) {
  const struct kn_embedding_arguments *arguments = opaque;
  assert(arguments->term_count >= 1 && arguments->term_count <= KN_EMBEDDING_TERMS);
  kn_embedding_sum *const add_up = embedding_sum();
  const struct kn_normalization_rows *rows = kn_active_normalization_rows();
  const size_t width = arguments->width;
  const struct kn_range range = kn_partition(arguments->rows, 1, team->index, team->count);
  for (size_t row = range.begin; row < range.end; row++) {
    struct kn_embedding_source sources[KN_EMBEDDING_TERMS];
    size_t count = 0;
    for (size_t i = 0; i < arguments->term_count; i++) {
      const struct kn_embedding_term *term = &arguments->terms[i];
      const void *source = source_row(term, row, width);
      if (source == NULL) continue;
      sources[count++] =
          (struct kn_embedding_source){source, term->scale, term->is_bfloat16};
    }
    float *sum = (arguments->sum != NULL ? arguments->sum : arguments->y) + row * width;
    add_up(width, count, sources, sum);
    if (arguments->norm != KN_EMBEDDING_SUM) {
      kn_normalize_row(rows, width, arguments->norm == KN_EMBEDDING_LAYER_NORM,
                       arguments->epsilon, arguments->weight, arguments->bias, sum,
                       arguments->y + row * width);
    }
  }
}
