// The cells' equations on vectors of units; kernels/recurrent.h has them in full.
// Included by tiles' and rows' code of one instruction set, after its vector_math_*.h.
#ifndef RECURRENT_CELLS_H
#define RECURRENT_CELLS_H

struct lstm_state {
  vf hidden, cell;
};

// The order of operations is spelled, so that the compiler fuses the same ones everywhere.
V_INLINE struct lstm_state lstm(vf i, vf f, vf g, vf o, vf c) {
  const vf cell = v_fma(v_sigmoid(f), c, v_mul(v_sigmoid(i), v_tanh(g)));
  return (struct lstm_state){v_mul(v_sigmoid(o), v_tanh(cell)), cell};
}

V_INLINE vf gru_mix(vf z, vf n, vf h) { return v_fma(v_sigmoid(z), v_sub(h, n), n); }

V_INLINE vf gru_reset_after(vf r, vf z, vf input, vf state, vf h) {
  return gru_mix(z, v_tanh(v_fma(v_sigmoid(r), state, input)), h);
}

// The second operand is kept when it is NaN.
V_INLINE vf relu(vf a) { return v_max(v_zero(), a); }

#endif
