// gelu on the vectors of vector_math_*.h, for the files that include one of those.
//
// Both forms are x·σ with σ = 1 / (1 + exp(-x·p(x²))), which does not cancel for negative x; and both
// slopes need σ too. exp is taken as a power of two. σ is 1 in float before x = 30, and its x stops at
// a limit below which the power would be infinite: x·σ is -0 there.
#ifndef BASE_VECTOR_GELU_H
#define BASE_VECTOR_GELU_H

// A value of gelu and its slope: what is not used is not computed.
struct v_gelu {
  vf value, slope;
};

V_INLINE vf v_bounded(vf x, float low) { return v_min(v_set(30.0f), v_max(v_set(low), x)); }

// x·Φ(x) = x·(1 + erf(x / √2)) / 2: p(x²) = log2(Φ(x) / Φ(-x)) / x. Least squares on 1500 Chebyshev
// nodes of 0 ≤ x ≤ 6, weighted by x·Φ(x)·Φ(-x) and reweighted until the largest error is smallest:
// Φ is right to 2^-24.7 with the coefficients rounded. From 6 on Φ is 1 in float.
//
// -p is summed by halves: a chain of six steps would take half of the function's time. The slope is
// Φ(x) + x·φ(x), φ(x) = exp(-x²/2) / √(2π).
V_INLINE struct v_gelu v_gelu_and_slope(vf x) {
  const float low = -22.5f;
  const vf bounded = v_bounded(x, low), square = v_mul(bounded, bounded);
  const vf s = v_min(v_set(36.0f), square), s2 = v_mul(s, s);
  const vf p01 = v_fma(v_set(-0x1.ad6798p-4f), s, v_set(-0x1.26aeccp+1f));
  const vf p23 = v_fma(v_set(0x1.4ea9d8p-13f), s, v_set(0x1.8a7896p-14f));
  const vf p45 = v_fma(v_set(0x1.99c664p-22f), s, v_set(-0x1.7fdb86p-17f));
  const vf p456 = v_fma(v_set(-0x1.5c38aap-28f), s2, p45);
  const vf p = v_fma(v_fma(p456, s2, p23), s2, p01);
  const vf phi = v_div(v_set(1.0f), v_add(v_set(1.0f), v_exp2(v_mul(bounded, p))));
  // -log2(e) / 2 and 1 / √(2π)
  const vf density = v_exp2(v_max(v_set(-150.0f), v_mul(square, v_set(-0x1.715476p-1f))));
  return (struct v_gelu){v_mul(v_max(v_set(low), x), phi),
                         v_fma(v_mul(bounded, v_set(0x1.988454p-2f)), density, phi)};
}

// x·(1 + tanh u) / 2 with u = √(2/π)·(x + 0.044715·x³), where σ = (1 + tanh u) / 2 =
// 1 / (1 + exp -2u). The slope is σ + x·σ·(1 - σ)·2u'.
V_INLINE struct v_gelu v_gelu_tanh_and_slope(vf x) {
  const float low = -10.05f;
  const vf bounded = v_bounded(x, low), square = v_mul(bounded, bounded);
  const vf p = v_fma(square, v_set(-0x1.a5a7dp-4f), v_set(-0x1.26aec2p+1f));
  const vf power = v_exp2(v_max(v_set(-150.0f), v_mul(bounded, p)));
  const vf sigma = v_div(v_set(1.0f), v_add(v_set(1.0f), power));
  const vf slope = v_fma(square, v_set(0x1.b6676cp-3f), v_set(0x1.988454p+0f));
  const vf spread = v_mul(sigma, v_sub(v_set(1.0f), sigma));
  return (struct v_gelu){v_mul(v_max(v_set(low), x), sigma),
                         v_fma(v_mul(bounded, spread), slope, sigma)};
}

V_INLINE vf v_gelu(vf x) { return v_gelu_and_slope(x).value; }

V_INLINE vf v_gelu_tanh(vf x) { return v_gelu_tanh_and_slope(x).value; }

#endif
