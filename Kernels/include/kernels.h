#ifndef KERNELS_H
#define KERNELS_H

#include "kernels/execution.h"
#include "kernels/isa.h"
#include "kernels/memory.h"
#include "kernels/vector_math.h"

#endif
