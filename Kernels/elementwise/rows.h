// What the driver calls: one function over a run of contiguous elements.
#ifndef ELEMENTWISE_ROWS_H
#define ELEMENTWISE_ROWS_H

#include "kernels/elementwise.h"

// output[i] = f(inputs[0][i], ...) for i < count, all contiguous; output may be any of the inputs.
typedef void (*kn_row)(size_t count, const void *const *inputs, void *output);

enum { KN_UNARY_FLOATS = KN_UNARY_NOT, KN_BINARY_FLOATS = KN_BINARY_ADD_I32 };

// The float functions, compiled for each instruction set.
struct kn_float_rows {
  kn_row unary[KN_UNARY_FLOATS];
  kn_row binary[KN_BINARY_FLOATS];
};
extern const struct kn_float_rows kn_float_rows__portable;
#if defined(__x86_64__)
extern const struct kn_float_rows kn_float_rows__avx2;
extern const struct kn_float_rows kn_float_rows__avx512;
#endif

// What has no rounding is left to the compiler's vectoriser.
extern const kn_row kn_unary_i32_rows[KN_UNARY_COUNT - KN_UNARY_FLOATS];
extern const kn_row kn_binary_i32_rows[KN_BINARY_COUNT - KN_BINARY_FLOATS];
extern const kn_row kn_compare_rows[KN_COMPARE_COUNT];
extern const kn_row kn_cast_rows[KN_CAST_COUNT];
void kn_select_row(size_t count, const void *const *inputs, void *output);

#endif
