#include "base/vector_math_portable.h"

#define ATTENTION_ROWS kn_attention_rows_portable
#include "attention/vector_rows.h"
