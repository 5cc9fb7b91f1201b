#include "base/vector_math_portable.h"

#define EMBEDDING_SUM kn_embedding_sum__portable
#include "embedding/vector_rows.h"
