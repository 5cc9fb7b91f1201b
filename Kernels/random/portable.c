#include "random/fill.h"

#define RANDOM_FILL kn_random_fill__portable
#include "random/fill_loop.h"
