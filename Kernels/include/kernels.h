#ifndef KERNELS_H
#define KERNELS_H

#include "kernels/elementwise.h"
#include "kernels/execution.h"
#include "kernels/gather.h"
#include "kernels/gemm.h"
#include "kernels/isa.h"
#include "kernels/layout.h"
#include "kernels/memory.h"
#include "kernels/normalization.h"
#include "kernels/probe.h"
#include "kernels/recurrent.h"
#include "kernels/reduce.h"
#include "kernels/scan.h"
#include "kernels/softmax.h"
#include "kernels/vector_math.h"

#endif
