// The function RANDOM_FILL: a loop that the compiler vectorises for the file that includes this.
void RANDOM_FILL(uint32_t first, size_t count, float *output) {
  for (size_t i = 0; i < count; i++) {
    const int32_t bits = (int32_t)(kn_hash(first + (uint32_t)i) >> 8);
    output[i] = (float)bits * 0x1p-24f;
  }
}
