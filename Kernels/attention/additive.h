// The way back of additive scores.
#ifndef ATTENTION_ADDITIVE_H
#define ATTENTION_ADDITIVE_H

#include "kernels/attention.h"

void kn_additive_attention_gradient(const struct kn_attention_gradient_arguments *arguments,
                                    const struct kn_team *team);

// Floats of workspace.
size_t kn_additive_attention_gradient_size(const struct kn_attention_problem *problem);

#endif
