#ifndef KERNELS_RANK_H
#define KERNELS_RANK_H

// No tensor has more dimensions.
enum { KN_MAX_RANK = 8 };

#endif
