/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MTRRs and PAT of guests. With nested paging on AMD memory types come from the guest's
 * PAT and the nested entry, so MTRRs are storage with the checks of the hardware
 * (APM vol. 2 7.7, 7.8).
 */
#include <xen/domain.h>
#include <xen/errno.h>
#include <asm/cpu.h>
#include <asm/cpu_policy.h>
#include <asm/msr.h>
#include "private.h"

#define VAR_RANGES     8
#define CAP_FIXED      (1u << 8)
#define CAP_WC         (1u << 10)
#define DEF_FIXED_EN   (1u << 10)
#define DEF_ENABLE     (1u << 11)
#define MASK_VALID     (1u << 11)

/* Fixed-range MSRs in the order of mtrr_fixed[]. */
static int fixed_index(uint32_t msr)
{
    if (msr == MSR_MTRR_FIX_64K)
        return 0;
    if (msr == MSR_MTRR_FIX_16K_0 || msr == MSR_MTRR_FIX_16K_1)
        return 1 + (int)(msr - MSR_MTRR_FIX_16K_0);
    if (msr >= MSR_MTRR_FIX_4K_0 && msr <= MSR_MTRR_FIX_4K_7)
        return 3 + (int)(msr - MSR_MTRR_FIX_4K_0);
    return -1;
}

static bool type_valid(uint8_t type)
{
    return type == 0 || type == 1 || (type >= 4 && type <= 6);
}

bool pat_valid(uint64_t val)
{
    for (unsigned int i = 0; i < 8; i++, val >>= 8) {
        uint8_t type = (uint8_t)val;

        if (!type_valid(type) && type != 7)
            return false;
    }
    return true;
}

/* Domain 0 sees the machine's ranges: its drivers program devices by them. */
static void copy_host_mtrrs(struct hvm_vcpu *h)
{
    unsigned int n = rdmsr(MSR_MTRR_CAP) & 0xff;

    for (unsigned int i = 0; i < 2 * VAR_RANGES && i < 2 * n; i++)
        h->mtrr_var[i] = rdmsr(MSR_MTRR_PHYSBASE0 + i);
    if (rdmsr(MSR_MTRR_CAP) & CAP_FIXED) {
        h->mtrr_fixed[0] = rdmsr(MSR_MTRR_FIX_64K);
        for (unsigned int i = 0; i < 2; i++)
            h->mtrr_fixed[1 + i] = rdmsr(MSR_MTRR_FIX_16K_0 + i);
        for (unsigned int i = 0; i < 8; i++)
            h->mtrr_fixed[3 + i] = rdmsr(MSR_MTRR_FIX_4K_0 + i);
    }
    h->mtrr_def = rdmsr(MSR_MTRR_DEF_TYPE);
}

void mtrr_init(struct vcpu *v)
{
    struct hvm_vcpu *h = &v->arch.hvm;

    h->mtrr_cap = VAR_RANGES | CAP_FIXED | CAP_WC;
    if (v->domain->is_privileged && cpu_has(X86_FEATURE_MTRR))
        copy_host_mtrrs(h);
}

int mtrr_msr_read(struct vcpu *v, uint32_t msr, uint64_t *val)
{
    struct hvm_vcpu *h = &v->arch.hvm;
    int fixed = fixed_index(msr);

    if (fixed >= 0)
        *val = h->mtrr_fixed[fixed];
    else if (msr >= MSR_MTRR_PHYSBASE0 && msr < MSR_MTRR_PHYSBASE0 + 2 * VAR_RANGES)
        *val = h->mtrr_var[msr - MSR_MTRR_PHYSBASE0];
    else if (msr == MSR_MTRR_CAP)
        *val = h->mtrr_cap;
    else if (msr == MSR_MTRR_DEF_TYPE)
        *val = h->mtrr_def;
    else if (msr == MSR_PAT)
        *val = h->pat;
    else
        return 1;
    return 0;
}

static int write_var(struct vcpu *v, unsigned int index, uint64_t val)
{
    unsigned int width = cpu_policy_maxphysaddr(v->domain->arch.policy);
    uint64_t ok = ((1ULL << width) - 1) & PAGE_MASK;

    ok |= index & 1 ? MASK_VALID : 0xff;
    if ((val & ~ok) || (!(index & 1) && !type_valid((uint8_t)val)))
        return -EPERM;
    v->arch.hvm.mtrr_var[index] = val;
    return 0;
}

int mtrr_msr_write(struct vcpu *v, uint32_t msr, uint64_t val)
{
    struct hvm_vcpu *h = &v->arch.hvm;
    int fixed = fixed_index(msr);

    if (fixed >= 0) {
        for (unsigned int i = 0; i < 64; i += 8) {
            if (!type_valid((uint8_t)(val >> i)))
                return -EPERM;
        }
        h->mtrr_fixed[fixed] = val;
        return 0;
    }
    if (msr >= MSR_MTRR_PHYSBASE0 && msr < MSR_MTRR_PHYSBASE0 + 2 * VAR_RANGES)
        return write_var(v, msr - MSR_MTRR_PHYSBASE0, val);
    switch (msr) {
    case MSR_MTRR_CAP:
        return -EPERM;
    case MSR_MTRR_DEF_TYPE:
        if ((val & ~(uint64_t)(0xff | DEF_FIXED_EN | DEF_ENABLE)) ||
            !type_valid((uint8_t)val))
            return -EPERM;
        h->mtrr_def = val;
        return 0;
    case MSR_PAT:
        if (!pat_valid(val))
            return -EPERM;
        h->pat = val;
        return hvm->msr_write(v, MSR_PAT, val);
    default:
        return 1;
    }
}
