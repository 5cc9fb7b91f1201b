// exp, tanh, sigmoid, erf, log and softplus over the primitives of one instruction set.
// No include guard of its own: it is the tail of vector_math_{avx512,avx2,portable}.h.
//
// Where the coefficients come from: least squares on 400 Chebyshev nodes in 50 digits, reweighted
// (Lawson) until the largest error relative to the function is smallest, then rounded to float.
// Each polynomial states its interval and that error; the sum with all roundings is what the tests
// bound by 4 ulp.

// The first `count` lanes; all if there are as many or more.
V_INLINE vf v_load_up_to(const float *p, size_t count) {
  return count >= V_WIDTH ? v_load(p) : v_load_first(p, count);
}

V_INLINE void v_store_up_to(float *p, size_t count, vf x) {
  if (count >= V_WIDTH) {
    v_store(p, x);
  } else {
    v_store_first(p, count, x);
  }
}

// x = n·ln 2 + r with whole n and |r| ≤ ln 2 / 2: gives n and expm1(r). |x| is at most 151·ln 2.
V_INLINE vf v_expm1_reduced(vf x, vf *n) {
  *n = v_round(v_mul(x, v_set(0x1.715476p+0f)));  // 1 / ln 2
  // ln 2 in two parts; the first has 10 bits, so that n times it is exact without an FMA too.
  vf r = v_fnma(*n, v_set(0x1.63p-1f), x);
  r = v_fnma(*n, v_set(-0x1.bd0106p-13f), r);
  // expm1(r) = r + r²·(1/2 + r·p(r)), |r| ≤ 0.350, relative error 2^-26.
  vf p = v_fma(v_set(0x1.6c568cp-10f), r, v_set(0x1.1228dcp-7f));
  p = v_fma(p, r, v_set(0x1.5555bep-5f));
  p = v_fma(p, r, v_set(0x1.5554bp-3f));
  p = v_fma(p, r, v_set(0.5f));
  return v_fma(v_mul(r, r), p, r);
}

// The limits are where float's exp is 0 and infinite.
V_INLINE vf v_exp(vf x) {
  vf n;
  const vf p = v_expm1_reduced(v_min(v_set(89.0f), v_max(v_set(-104.0f), x)), &n);
  return v_scale(v_add(v_set(1.0f), p), n);
}

// exp(x) for x ≤ 0.
V_INLINE vf v_exp_of_negative(vf x) {
  vf n;
  const vf p = v_expm1_reduced(v_max(v_set(-104.0f), x), &n);
  return v_scale_down(v_add(v_set(1.0f), p), n);
}

// 2^y for -250 ≤ y < 128: y = n + r with whole n, 2^r = 1 + r·p(r), |r| ≤ 1/2, relative error 2^-25.9.
V_INLINE vf v_exp2(vf y) {
  const vf n = v_round(y), r = v_sub(y, n);
  vf p = v_fma(v_set(0x1.41fbbap-13f), r, v_set(0x1.5f3e54p-10f));
  p = v_fma(p, r, v_set(0x1.3b2d4cp-7f));
  p = v_fma(p, r, v_set(0x1.c6aee8p-5f));
  p = v_fma(p, r, v_set(0x1.ebfbdcp-3f));
  p = v_fma(p, r, v_set(0x1.62e43p-1f));
  return v_scale(v_fma(p, r, v_set(1.0f)), n);
}

// With m = expm1(-2|x|): tanh |x| = -m / (2 + m), which has no cancellation. It is 1 from 9.02 on.
V_INLINE vf v_tanh(vf x) {
  vf n;
  const vf p = v_expm1_reduced(v_max(v_set(-20.0f), v_mul(v_abs(x), v_set(-2.0f))), &n);
  const vf scale = v_scale_down(v_set(1.0f), n);
  const vf m = v_fma(scale, p, v_sub(scale, v_set(1.0f)));
  return v_copysign(v_div(m, v_add(v_set(2.0f), m)), x);
}

// With e = exp(-|x|): 1 / (1 + e) for x ≥ 0, e / (1 + e) below: accurate on both sides.
V_INLINE vf v_sigmoid(vf x) {
  const vf e = v_exp_of_negative(v_negate(v_abs(x)));
  const vf top = v_select(v_less(x, v_zero()), e, v_set(1.0f));
  return v_div(top, v_add(v_set(1.0f), e));
}

V_INLINE vf v_erf(vf x) {
  const vf a = v_abs(x);
  // erf(a) = a + a·p(a²), a ≤ 0.85, relative error 2^-27.3.
  const vf s = v_mul(a, a);
  vf p = v_fma(v_set(-0x1.4b1834p-11f), s, v_set(0x1.4b074ep-8f));
  p = v_fma(p, s, v_set(-0x1.b72208p-6f));
  p = v_fma(p, s, v_set(0x1.ce23dep-4f));
  p = v_fma(p, s, v_set(-0x1.81271ap-2f));
  p = v_fma(p, s, v_set(0x1.06eba8p-3f));
  const vf small = v_fma(a, p, a);
  // erf(a) = 1 - exp(-q(a)), 0.85 ≤ a ≤ 4, relative error 2^-28.8; it is 1 from 3.92 on.
  const vf t = v_min(v_set(4.0f), a);
  vf q = v_fma(v_set(-0x1.ab24d2p-13f), t, v_set(0x1.98aa38p-9f));
  q = v_fma(q, t, v_set(-0x1.70f3fp-6f));
  q = v_fma(q, t, v_set(0x1.ac2376p-4f));
  q = v_fma(q, t, v_set(0x1.45e5ccp-1f));
  q = v_fma(q, t, v_set(0x1.20c89cp+0f));
  q = v_fma(q, t, v_set(0x1.b65eb8p-14f));
  const vf large = v_sub(v_set(1.0f), v_exp_of_negative(v_negate(q)));
  return v_copysign(v_select(v_less(a, v_set(0.85f)), small, large), x);
}

// x = 2ᵉ·(1 + f) with √½ ≤ 1 + f < √2.
V_INLINE vf v_log(vf x) {
  const vm tiny = v_less(x, v_set(0x1p-126f));
  const vf scaled = v_select(tiny, v_mul(x, v_set(0x1p23f)), x);
  const vi root = v_set_int(0x3f3504f3);  // the bits of √½
  const vi offset = v_sub_int(v_bits(scaled), root);
  const vf mantissa =
      v_from_bits(v_add_int(v_and_int(offset, v_set_int(0x007fffff)), root));
  const vf f = v_sub(mantissa, v_set(1.0f));
  vf e = v_from_int(v_shift_right(offset, 23));
  e = v_sub(e, v_select(tiny, v_set(23.0f), v_zero()));
  // log(1 + f) = f - f²/2 + f³·p(f), relative error 2^-27.4.
  vf p = v_fma(v_set(-0x1.38b4ccp-4f), f, v_set(0x1.055b46p-3f));
  p = v_fma(p, f, v_set(-0x1.0d8552p-3f));
  p = v_fma(p, f, v_set(0x1.22da22p-3f));
  p = v_fma(p, f, v_set(-0x1.547244p-3f));
  p = v_fma(p, f, v_set(0x1.99a008p-3f));
  p = v_fma(p, f, v_set(-0x1.000228p-2f));
  p = v_fma(p, f, v_set(0x1.555554p-2f));
  const vf square = v_mul(f, f);
  vf tail = v_fma(v_mul(square, f), p, v_mul(e, v_set(-0x1.bd0106p-13f)));
  tail = v_fma(square, v_set(-0.5f), tail);
  const vf result = v_fma(e, v_set(0x1.63p-1f), v_add(f, tail));
  // 0 has -∞, what is below 0 or NaN has NaN, and +∞ itself.
  const vf infinity = v_set(__builtin_inff());
  const vf outside = v_select(v_less(x, v_zero()), v_set(__builtin_nanf("")),
                              v_select(v_less(v_zero(), x), result, v_sub(x, infinity)));
  return v_select(v_less(x, infinity), outside, x);
}

// log(1 + exp x) = max(x, 0) + log1p(e), e = exp(-|x|).
V_INLINE vf v_softplus(vf x) {
  const vf e = v_exp_of_negative(v_negate(v_abs(x)));
  // log1p(e) = e·p(e), 0 ≤ e ≤ 1, relative error 2^-30.3.
  vf p = v_fma(v_set(0x1.0a1aacp-9f), e, v_set(-0x1.b7555ep-7f));
  p = v_fma(p, e, v_set(0x1.53c98ap-5f));
  p = v_fma(p, e, v_set(-0x1.51ae16p-4f));
  p = v_fma(p, e, v_set(0x1.fca87cp-4f));
  p = v_fma(p, e, v_set(-0x1.49d826p-3f));
  p = v_fma(p, e, v_set(0x1.975ccap-3f));
  p = v_fma(p, e, v_set(-0x1.ffbd42p-3f));
  p = v_fma(p, e, v_set(0x1.55534ep-2f));
  p = v_fma(p, e, v_set(-0x1.fffff4p-2f));
  p = v_fma(p, e, v_set(1.0f));
  return v_fma(e, p, v_max(v_zero(), x));
}
