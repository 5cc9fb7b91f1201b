#ifndef KN_VECTOR_MATH_H
#define KN_VECTOR_MATH_H

// Vectors of V_WIDTH floats, and functions of them, for the files of one instruction set.
//
// A file of kernels includes ONE of these, the AVX ones between isa_begin_*.h and isa_end.h:
//
//     vector_math_avx512.h (16 lanes)    vector_math_avx2.h (8)    vector_math_portable.h (4)
//
// All three give the same names, so that a kernel's body can be written once (vf: vector of floats,
// vi: of int32, vm: mask) and included by each:
//
//     v_zero v_set v_load v_store      v_load_first(p, n) v_store_first(p, n, x): n lanes, the rest 0
//     v_add v_sub v_mul v_div v_abs v_negate v_copysign(magnitude, sign)
//     v_fma(a, b, c) = a·b + c         v_fnma(a, b, c) = c − a·b    (rounded once where the CPU can)
//     v_min(a, b) v_max(a, b): b when either is NaN     v_less v_select(mask, yes, no)
//     v_scale(x, n) = x·2ⁿ for whole n in [-151, 129]   v_scale_down: n in [-151, 0]
//     v_sum v_maximum: across the lanes, in a fixed order
//     v_exp v_tanh v_sigmoid v_erf v_log v_softplus
//
// The functions are within 4 ulp of the true value for every float, give NaN for NaN, keep −0, and
// take infinities and denormals (unless the thread flushes these). A lane's result depends on that
// lane alone: a tail that uses v_load_first has the same bits as the body.

#endif
