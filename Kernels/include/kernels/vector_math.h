// Functions of arrays of floats.
#ifndef KERNELS_VECTOR_MATH_H
#define KERNELS_VECTOR_MATH_H

#include <stddef.h>

// A row per function that base/vector_math_functions.h defines.
#define KN_FUNCTIONS(ROW) \
  ROW(exp, EXP)           \
  ROW(tanh, TANH)         \
  ROW(sigmoid, SIGMOID)   \
  ROW(erf, ERF)           \
  ROW(log, LOG)           \
  ROW(softplus, SOFTPLUS)

#define KN_FUNCTION_CASE(name, NAME) KN_FUNCTION_##NAME,
enum kn_function { KN_FUNCTIONS(KN_FUNCTION_CASE) KN_FUNCTION_COUNT };
#undef KN_FUNCTION_CASE

// y[i] = function(x[i]) for i in 0..<count, with the active instruction set, on the calling thread;
// x = y is allowed. Within 4 ulp for every float; an element's bits don't depend on its neighbours.
void kn_apply(enum kn_function function, size_t count, const float *x, float *y);

#endif
