// kn_apply's functions for one instruction set, in the table ARRAY_FUNCTIONS.

#define OF_ARRAY(name, NAME)                                                              \
  static void name##_of_array(size_t count, const float *x, float *y) {                   \
    size_t i = 0;                                                                         \
    for (; i + V_WIDTH <= count; i += V_WIDTH) v_store(y + i, v_##name(v_load(x + i)));   \
    const size_t rest = count - i;                                                        \
    if (rest > 0) v_store_first(y + i, rest, v_##name(v_load_first(x + i, rest)));        \
  }
KN_FUNCTIONS(OF_ARRAY)

#define ENTRY(name, NAME) name##_of_array,
const kn_array_function ARRAY_FUNCTIONS[KN_FUNCTION_COUNT] = {KN_FUNCTIONS(ENTRY)};
