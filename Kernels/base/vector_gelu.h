// gelu on the vectors of vector_math_*.h, for the files that include one of those.
//
// Both forms are x / (1 + exp(-x·p(x²))), which does not cancel for negative x. Below -30 they are
// -0 in float, and x stops there so that -∞ is not divided by ∞. Their slopes are 0 and 1 beyond ±30,
// where x stops for the same reason.
#ifndef BASE_VECTOR_GELU_H
#define BASE_VECTOR_GELU_H

// x·Φ(x) = x·(1 + erf(x / √2)) / 2: p(x²) = log(Φ(x) / Φ(-x)) / x. Least squares on 2000 Chebyshev
// nodes of 0 ≤ x ≤ 6, weighted by x·Φ(x)·Φ(-x) and reweighted until the largest error is smallest:
// Φ is right to 2^-24.3 with the coefficients rounded. From 6 on Φ is 1 in float.
//
// -p is summed by halves: a chain of six steps would take half of the function's time. The denominator
// is 1 / Φ(x).
V_INLINE vf v_gelu_denominator(vf bounded) {
  const vf s = v_min(v_set(36.0f), v_mul(bounded, bounded)), s2 = v_mul(s, s);
  const vf p01 = v_fma(v_set(-0x1.29a4p-4f), s, v_set(-0x1.98846p+0f));
  const vf p23 = v_fma(v_set(0x1.cff126p-14f), s, v_set(0x1.116d3p-14f));
  const vf p45 = v_fma(v_set(0x1.1c088cp-22f), s, v_set(-0x1.0a11cap-17f));
  const vf p456 = v_fma(v_set(-0x1.e2bb94p-29f), s2, p45);
  const vf p = v_fma(v_fma(p456, s2, p23), s2, p01);
  return v_add(v_set(1.0f), v_exp(v_mul(bounded, p)));
}

V_INLINE vf v_gelu(vf x) {
  const vf bounded = v_max(v_set(-30.0f), x);
  return v_div(bounded, v_gelu_denominator(bounded));
}

// Φ(x) + x·φ(x), φ(x) = exp(-x²/2) / √(2π).
V_INLINE vf v_gelu_slope(vf x) {
  const vf bounded = v_min(v_set(30.0f), v_max(v_set(-30.0f), x));
  const vf density = v_exp_of_negative(v_mul(v_mul(bounded, bounded), v_set(-0.5f)));
  return v_fma(v_mul(bounded, v_set(0x1.988454p-2f)), density,
               v_div(v_set(1.0f), v_gelu_denominator(bounded)));
}

// x·(1 + tanh u) / 2 with u = √(2/π)·(x + 0.044715·x³), where (1 + tanh u) / 2 = 1 / (1 + exp -2u).
V_INLINE vf v_gelu_tanh_denominator(vf bounded) {
  const vf p = v_fma(v_mul(bounded, bounded), v_set(-0x1.2444f2p-4f), v_set(-0x1.988454p+0f));
  return v_add(v_set(1.0f), v_exp(v_mul(bounded, p)));
}

V_INLINE vf v_gelu_tanh(vf x) {
  const vf bounded = v_max(v_set(-30.0f), x);
  return v_div(bounded, v_gelu_tanh_denominator(bounded));
}

// With σ = (1 + tanh u) / 2: σ + x·σ·(1 - σ)·2u'.
V_INLINE vf v_gelu_tanh_slope(vf x) {
  const vf bounded = v_min(v_set(30.0f), v_max(v_set(-30.0f), x));
  const vf sigma = v_div(v_set(1.0f), v_gelu_tanh_denominator(bounded));
  const vf slope = v_fma(v_mul(bounded, bounded), v_set(0x1.b6676cp-3f), v_set(0x1.988454p+0f));
  const vf spread = v_mul(sigma, v_sub(v_set(1.0f), sigma));
  return v_fma(v_mul(bounded, spread), slope, sigma);
}

#endif
