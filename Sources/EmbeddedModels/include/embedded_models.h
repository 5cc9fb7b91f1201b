#ifndef EMBEDDED_MODELS_H
#define EMBEDDED_MODELS_H

#include <stddef.h>

/// A model's artifact, in the executable itself.
struct embedded_model {
  const char *name;
  const unsigned char *bytes;
  size_t size;
};

/// The model at a position, or one whose name is NULL behind the last.
struct embedded_model embedded_model_at(size_t position);

#endif
