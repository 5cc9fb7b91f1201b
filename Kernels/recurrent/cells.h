// The cells' equations on vectors of units; kernels/recurrent.h has them in full.
// Included by tiles' and rows' code of one instruction set, after its vector_math_*.h.
#ifndef RECURRENT_CELLS_H
#define RECURRENT_CELLS_H

struct lstm_step {
  vf i, f, g, o;  // after their functions
  vf hidden, cell;
};

// The order of operations is spelled, so that the compiler fuses the same ones everywhere.
V_INLINE struct lstm_step lstm(vf i, vf f, vf g, vf o, vf c) {
  struct lstm_step s = {v_sigmoid(i), v_sigmoid(f), v_tanh(g), v_sigmoid(o), c, c};
  s.cell = v_fma(s.f, c, v_mul(s.i, s.g));
  s.hidden = v_mul(s.o, v_tanh(s.cell));
  return s;
}

struct gru_step {
  vf r, z, n;  // after their functions
  vf hidden;
};

V_INLINE vf gru_mix(vf z, vf n, vf h) { return v_fma(z, v_sub(h, n), n); }

V_INLINE struct gru_step gru_reset_after(vf r, vf z, vf input, vf state, vf h) {
  struct gru_step s = {v_sigmoid(r), v_sigmoid(z), h, h};
  s.n = v_tanh(v_fma(s.r, state, input));
  s.hidden = gru_mix(s.z, s.n, h);
  return s;
}

// The second operand is kept when it is NaN.
V_INLINE vf relu(vf a) { return v_max(v_zero(), a); }

#endif
