#include "base/vector_math_portable.h"

#define EMBEDDING_ADD kn_embedding_add__portable
#include "embedding/vector_rows.h"
