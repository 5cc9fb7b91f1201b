#include "embedded_models.h"

// The toolchain's clang has #embed in every mode, and says that C23 has it too.
#pragma clang diagnostic ignored "-Wc23-extensions"

// Safetensors readers take their numbers in place: 64 bytes suit every kernel.
static const _Alignas(64) unsigned char language_of_word[] = {
#embed "language-of-word.sequent"
};

static const _Alignas(64) unsigned char pronounce[] = {
#embed "pronounce.sequent"
};

static const struct embedded_model models[] = {
    {"pronounce", pronounce, sizeof pronounce},
    {"language-of-word", language_of_word, sizeof language_of_word},
};

struct embedded_model embedded_model_at(size_t position) {
  if (position < sizeof models / sizeof models[0]) return models[position];
  return (struct embedded_model){NULL, NULL, 0};
}
