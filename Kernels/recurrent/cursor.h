// Hands out pieces of a workspace; with no workspace it only counts.
#ifndef RECURRENT_CURSOR_H
#define RECURRENT_CURSOR_H

#include <stddef.h>

enum { KN_CURSOR_LINE = 128 };  // bytes: CPUs fetch lines in pairs

struct kn_cursor {
  char *base;
  size_t bytes;
};

static inline void *kn_take(struct kn_cursor *cursor, size_t count, size_t size) {
  void *piece = cursor->base == NULL ? NULL : cursor->base + cursor->bytes;
  cursor->bytes += (count * size + KN_CURSOR_LINE - 1) / KN_CURSOR_LINE * KN_CURSOR_LINE;
  return piece;
}

#endif
