/* SPDX-License-Identifier: GPL-2.0-only */
/* The policies of this machine. */
#include <xen/compiler.h>
#include <asm/cpu_policy.h>
#include <public/sysctl.h>

struct cpu_policy cpu_policy_raw, cpu_policy_host;
struct cpu_policy cpu_policy_hvm_max, cpu_policy_hvm_default;
uint32_t host_features[X86_FEATURE_WORDS];

static void cpuid_instruction(uint32_t leaf, uint32_t subleaf, struct cpuid_leaf *out)
{
    __asm__ volatile("cpuid"
                     : "=a"(out->a), "=b"(out->b), "=c"(out->c), "=d"(out->d)
                     : "0"(leaf), "2"(subleaf));
}

void cpu_policy_init(void)
{
    cpu_policy_read(&cpu_policy_raw, cpuid_instruction);
    cpu_policy_host = cpu_policy_raw;
    cpu_policy_make_host(&cpu_policy_host);
    cpu_policy_get_features(&cpu_policy_host, host_features);
}

void cpu_policy_init_guests(bool hap)
{
    cpu_policy_make_hvm(&cpu_policy_host, hap, &cpu_policy_hvm_max,
                        &cpu_policy_hvm_default);
}

const struct cpu_policy *cpu_policy_by_index(unsigned int index)
{
    switch (index) {
    case XEN_SYSCTL_cpu_policy_raw: return &cpu_policy_raw;
    case XEN_SYSCTL_cpu_policy_host: return &cpu_policy_host;
    case XEN_SYSCTL_cpu_policy_hvm_max: return &cpu_policy_hvm_max;
    case XEN_SYSCTL_cpu_policy_hvm_default: return &cpu_policy_hvm_default;
    default: return NULL;
    }
}
