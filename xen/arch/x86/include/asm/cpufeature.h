/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of CPU features, numbered as the public ABI numbers them (word * 32 + bit of
 * public/arch-x86/cpufeatureset.h), and questions about the CPU we run on.
 */
#ifndef ASM_X86_CPUFEATURE_H
#define ASM_X86_CPUFEATURE_H

#include <xen/types.h>

enum x86_feature {
#define XEN_CPUFEATURE(name, value) X86_FEATURE_##name = (value),
#include <public/arch-x86/cpufeatureset.h>
#undef XEN_CPUFEATURE
};

/* Words in a featureset; the last word the ABI names is 18. */
#define X86_FEATURE_WORDS 19

/* The host's features; all zero until cpu_policy_init() ran on the boot CPU. */
extern uint32_t host_features[X86_FEATURE_WORDS];

/* Does a featureset hold a feature?  Unknown numbers read as absent. */
static inline bool features_test(const uint32_t *features, unsigned int feature)
{
    return feature / 32 < X86_FEATURE_WORDS &&
           (features[feature / 32] >> (feature % 32)) & 1;
}

/* Does the host have the feature (see enum x86_feature)?  Any context. */
static inline bool cpu_has(unsigned int feature)
{
    return features_test(host_features, feature);
}

#endif
