#ifndef KERNELS_H
#define KERNELS_H

#include "kernels/attention.h"
#include "kernels/elementwise.h"
#include "kernels/embedding.h"
#include "kernels/execution.h"
#include "kernels/gather.h"
#include "kernels/gemm.h"
#include "kernels/index_status.h"
#include "kernels/isa.h"
#include "kernels/layout.h"
#include "kernels/loss.h"
#include "kernels/memory.h"
#include "kernels/normalization.h"
#include "kernels/optimizer.h"
#include "kernels/probe.h"
#include "kernels/random.h"
#include "kernels/recurrent.h"
#include "kernels/recurrent_gradient.h"
#include "kernels/reduce.h"
#include "kernels/scan.h"
#include "kernels/shortlist.h"
#include "kernels/softmax.h"
#include "kernels/vector_math.h"

#endif
