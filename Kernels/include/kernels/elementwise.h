// Elementwise: output[i] = function(inputs[0][i], inputs[1][i], ...) over an n-dimensional index i.
#ifndef KERNELS_ELEMENTWISE_H
#define KERNELS_ELEMENTWISE_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/execution.h"
#include "kernels/rank.h"

enum { KN_ELEMENTWISE_INPUTS = 3 };

// The functions are those of elementwise/functions.inc: KN_UNARY_TANH, KN_BINARY_ADD, ...
#define KN_UNARY(NAME, ...) KN_UNARY_##NAME,
#define KN_UNARY_I32(NAME, ...) KN_UNARY_##NAME,
enum kn_unary_function {
#include "../../elementwise/functions.inc"
  KN_UNARY_COUNT
};

#define KN_BINARY(NAME, ...) KN_BINARY_##NAME,
#define KN_BINARY_I32(NAME, ...) KN_BINARY_##NAME,
enum kn_binary_function {
#include "../../elementwise/functions.inc"
  KN_BINARY_COUNT
};

#define KN_COMPARE(NAME, ...) KN_COMPARE_##NAME,
enum kn_compare_function {
#include "../../elementwise/functions.inc"
  KN_COMPARE_COUNT
};

#define KN_CAST(NAME, ...) KN_CAST_##NAME,
enum kn_cast_function {
#include "../../elementwise/functions.inc"
  KN_CAST_COUNT
};

// output: dense, row-major, `shape`. Input k's strides count elements, any sign; 0 broadcasts.
// output may be the same memory as an input that is dense too (in place), and overlaps none else.
// rank 0 is a scalar; with a size of 0 nothing is touched. Elements have 4 bytes: float, int32_t,
// or bool as an int32_t of 0 or 1.
//
// An element's bits depend on its operands alone: not on where it stands, nor on the threads.
// NaN gives NaN, also in maximum, minimum and relu. Floating-point functions are within 4 ulp
// (Tests/KernelTests/UnaryTests.swift has each one's bound). int32_t wraps around; division
// truncates; by zero it gives 0, and so does the remainder.
struct kn_elementwise_arguments {
  int function;  // of the kernel's enum; kn_select has none
  size_t rank;
  size_t shape[KN_MAX_RANK];
  ptrdiff_t strides[KN_ELEMENTWISE_INPUTS][KN_MAX_RANK];
  const void *inputs[KN_ELEMENTWISE_INPUTS];
  void *output;
};

// output = function(inputs[0])
void kn_unary(const void *arguments, const struct kn_team *team);
// output = function(inputs[0], inputs[1])
void kn_binary(const void *arguments, const struct kn_team *team);
// output (bool) = inputs[0] ? inputs[1], float or int32_t
void kn_compare(const void *arguments, const struct kn_team *team);
// output = inputs[0] (bool) ? inputs[1] : inputs[2], any type
void kn_select(const void *arguments, const struct kn_team *team);
// output = inputs[0] in another type. To int32_t: truncates, saturates, NaN gives 0. To bool: != 0.
void kn_cast(const void *arguments, const struct kn_team *team);

// output[outer, i, inner] = i, where output is dense [outer, length, inner].
struct kn_iota_arguments {
  size_t outer, length, inner;
  int is_float;  // float elements, else int32_t
  void *output;
};
void kn_iota(const void *arguments, const struct kn_team *team);

// output[i] = value for all i < count; value: the bits of any 4-byte element.
struct kn_fill_arguments {
  size_t count;
  uint32_t value;
  void *output;
};
void kn_fill(const void *arguments, const struct kn_team *team);

#endif
