/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSRs of guests. What is not named here, by the vendor's code or by the local APIC is
 * refused with #GP (I7).
 */
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <asm/cpu.h>
#include <asm/cpu_policy.h>
#include <asm/msr.h>
#include "private.h"

#define HWCR_TSC_FREQ_SEL (1u << 24)

static bool is_amd(const struct vcpu *v)
{
    enum cpu_vendor vendor = cpu_policy_vendor(v->domain->arch.policy);

    return vendor == VENDOR_AMD || vendor == VENDOR_HYGON;
}

static bool has_tsc_aux(const struct vcpu *v)
{
    const struct cpu_policy *p = v->domain->arch.policy;

    return cpu_policy_has(p, X86_FEATURE_RDTSCP) || cpu_policy_has(p, X86_FEATURE_RDPID);
}

/* Machine-check banks that never report: control all-ones, the rest zero. */
static int mc_bank_read(uint32_t msr, uint64_t *val)
{
    if (msr < MSR_MC0_CTL || msr >= MSR_MC0_CTL + 4 * MC_BANKS)
        return 1;
    *val = (msr - MSR_MC0_CTL) % 4 ? 0 : ~0ULL;
    return 0;
}

static int mc_bank_write(uint32_t msr, uint64_t val)
{
    if (msr < MSR_MC0_CTL || msr >= MSR_MC0_CTL + 4 * MC_BANKS)
        return 1;
    /* Control takes anything and keeps all-ones; status and the like can be cleared. */
    return (msr - MSR_MC0_CTL) % 4 && val ? -EPERM : 0;
}

/* Registers that only AMD has and that guests touch whatever CPUID says. */
static int amd_read(uint32_t msr, uint64_t *val)
{
    *val = 0;
    switch (msr) {
    case MSR_K7_EVNTSEL0 ... MSR_K7_PERFCTR3:   /* no counters: they stay zero */
    case MSR_SYSCFG:
    case MSR_NB_CFG:
        return 0;
    case MSR_HWCR:
        *val = HWCR_TSC_FREQ_SEL;
        return 0;
    case MSR_DE_CFG:
        *val = DE_CFG_LFENCE_SERIALISE;
        return 0;
    default:
        return 1;
    }
}

static int amd_write(uint32_t msr, uint64_t val)
{
    switch (msr) {
    case MSR_K7_EVNTSEL0 ... MSR_K7_PERFCTR3:
    case MSR_NB_CFG:    /* extended CF8 access, which is always on where it exists */
        return 0;
    case MSR_DE_CFG:
        return val & DE_CFG_LFENCE_SERIALISE ? 0 : -EPERM;
    default:
        return 1;
    }
}

static int common_read(struct vcpu *v, uint32_t msr, uint64_t *val)
{
    const struct cpu_policy *p = v->domain->arch.policy;

    switch (msr) {
    case MSR_TSC:
        *val = hvm_guest_tsc(v);
        return 0;
    case MSR_EFER:
        *val = v->arch.hvm.efer;
        return 0;
    case MSR_TSC_AUX:
        *val = v->arch.hvm.tsc_aux;
        return has_tsc_aux(v) ? 0 : -EPERM;
    case MSR_PATCH_LEVEL:
        /* Drivers compare it with their errata lists, so it is the machine's. */
        return rdmsr_safe(msr, val) ? -EPERM : 0;
    case MSR_MCG_CAP:
        *val = MCG_CAP;
        return 0;
    case MSR_MCG_STATUS:
    case MSR_DEBUGCTL:
        *val = 0;
        return 0;
    case MSR_XSS:
        *val = 0;
        return cpu_policy_has(p, X86_FEATURE_XSAVES) ? 0 : -EPERM;
    case MSR_PLATFORM_INFO:
        *val = p->platform_info;
        return p->platform_info ? 0 : -EPERM;
    case MSR_ARCH_CAPS:
        *val = p->arch_caps;
        return cpu_policy_has(p, X86_FEATURE_ARCH_CAPS) ? 0 : -EPERM;
    default:
        return 1;
    }
}

int hvm_msr_read(struct vcpu *v, uint32_t msr, uint64_t *val)
{
    int rc;

    *val = 0;
    if ((msr >= MSR_X2APIC_FIRST && msr <= MSR_X2APIC_LAST) || msr == MSR_TSC_DEADLINE)
        return vlapic_msr_read(v, msr, val);
    if (msr == MSR_APIC_BASE) {
        *val = vlapic_base_msr(v);
        return 0;
    }
    rc = common_read(v, msr, val);
    if (rc > 0)
        rc = mtrr_msr_read(v, msr, val);
    if (rc > 0)
        rc = mc_bank_read(msr, val);
    if (rc > 0)
        rc = hvm->msr_read(v, msr, val);
    if (rc > 0 && is_amd(v))
        rc = amd_read(msr, val);
    if (!rc)
        return 0;
    gprintk(XENLOG_DEBUG, "RDMSR %#x refused\n", msr);
    return -EPERM;
}

static int write_pred_cmd(struct vcpu *v, uint64_t val)
{
    if (!cpu_policy_has(v->domain->arch.policy, X86_FEATURE_IBPB) ||
        (val & ~(uint64_t)PRED_CMD_IBPB))
        return -EPERM;
    return wrmsr_safe(MSR_PRED_CMD, val) ? -EPERM : 0;
}

static int common_write(struct vcpu *v, uint32_t msr, uint64_t val)
{
    switch (msr) {
    case MSR_TSC:
        hvm_set_guest_tsc(v, val);
        return 0;
    case MSR_EFER:
        return hvm_set_efer(v, val);
    case MSR_TSC_AUX:
        if (!has_tsc_aux(v) || (val >> 32))
            return -EPERM;
        v->arch.hvm.tsc_aux = val;
        return wrmsr_safe(MSR_TSC_AUX, val) ? -EPERM : 0;
    case MSR_PATCH_LEVEL:
    case MSR_DEBUGCTL:
    case MSR_MCG_STATUS:
        return val ? -EPERM : 0;
    case MSR_PRED_CMD:
        return write_pred_cmd(v, val);
    case MSR_XSS:
        return val || !cpu_policy_has(v->domain->arch.policy, X86_FEATURE_XSAVES)
                   ? -EPERM : 0;
    case MSR_XEN_HYPERCALL:
        return hvm_write_hypercall_page(v, val);
    default:
        return 1;
    }
}

int hvm_msr_write(struct vcpu *v, uint32_t msr, uint64_t val)
{
    int rc;

    if ((msr >= MSR_X2APIC_FIRST && msr <= MSR_X2APIC_LAST) || msr == MSR_TSC_DEADLINE)
        return vlapic_msr_write(v, msr, val);
    if (msr == MSR_APIC_BASE)
        return vlapic_set_base_msr(v, val);
    rc = common_write(v, msr, val);
    if (rc > 0)
        rc = mtrr_msr_write(v, msr, val);
    if (rc > 0)
        rc = mc_bank_write(msr, val);
    if (rc > 0)
        rc = hvm->msr_write(v, msr, val);
    if (rc > 0 && is_amd(v))
        rc = amd_write(msr, val);
    if (!rc)
        return 0;
    gprintk(XENLOG_DEBUG, "WRMSR %#x = %#lx refused\n", msr, val);
    return -EPERM;
}
