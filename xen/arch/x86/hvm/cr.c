/* SPDX-License-Identifier: GPL-2.0-only */
/* Control registers, EFER and XCR0: what a guest may write (APM vol. 2 3.1, 11.5.2). */
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <asm/cpu_policy.h>
#include <asm/current.h>
#include <asm/msr.h>
#include <asm/xstate.h>
#include "private.h"

/* Bits of CR4 and the feature that brings each; NONE: always there. */
#define NONE 0xffff
static const struct {
    uint8_t bit;
    uint16_t feature;
} cr4_bits[] = {
    { 0, X86_FEATURE_VME }, { 1, X86_FEATURE_VME }, { 2, X86_FEATURE_TSC },
    { 3, X86_FEATURE_DE }, { 4, X86_FEATURE_PSE }, { 5, X86_FEATURE_PAE },
    { 6, X86_FEATURE_MCE }, { 7, X86_FEATURE_PGE }, { 8, NONE },
    { 9, X86_FEATURE_FXSR }, { 10, X86_FEATURE_SSE }, { 11, X86_FEATURE_UMIP },
    { 16, X86_FEATURE_FSGSBASE }, { 17, X86_FEATURE_PCID }, { 18, X86_FEATURE_XSAVE },
    { 20, X86_FEATURE_SMEP }, { 21, X86_FEATURE_SMAP }, { 22, X86_FEATURE_PKU },
};

uint64_t hvm_cr4_valid_bits(struct vcpu *v)
{
    const struct cpu_policy *p = v->domain->arch.policy;
    uint64_t valid = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(cr4_bits); i++) {
        if (cr4_bits[i].feature == NONE || cpu_policy_has(p, cr4_bits[i].feature))
            valid |= 1UL << cr4_bits[i].bit;
    }
    return valid;
}

uint64_t hvm_efer_valid_bits(struct vcpu *v)
{
    const struct cpu_policy *p = v->domain->arch.policy;

    return (cpu_policy_has(p, X86_FEATURE_SYSCALL) ? EFER_SCE : 0) |
           (cpu_policy_has(p, X86_FEATURE_LM) ? EFER_LME : 0) |
           (cpu_policy_has(p, X86_FEATURE_NX) ? EFER_NXE : 0) |
           (cpu_policy_has(p, X86_FEATURE_FFXSR) ? EFER_FFXSE : 0);
}

static bool in_64bit_code(struct vcpu *v)
{
    struct segment_reg cs;

    hvm->get_segment(v, SEG_CS, &cs);
    return cs.attr & SEG_ATTR_L;
}

int hvm_set_cr0(struct vcpu *v, uint64_t val)
{
    struct hvm_vcpu *h = &v->arch.hvm;
    uint64_t old = h->guest_cr[0], efer = h->efer;

    if (val >> 32)
        return -EPERM;
    if (((val & CR0_NW) && !(val & CR0_CD)) ||
        ((val & CR0_PG) && !(val & CR0_PE)))
        return -EPERM;

    if (!(old & CR0_PG) && (val & CR0_PG) && (efer & EFER_LME)) {
        if (!(h->guest_cr[4] & CR4_PAE) || in_64bit_code(v))
            return -EPERM;
        efer |= EFER_LMA;
    } else if ((old & CR0_PG) && !(val & CR0_PG) && (efer & EFER_LMA)) {
        if (in_64bit_code(v) || (h->guest_cr[4] & CR4_PCIDE))
            return -EPERM;
        efer &= ~(uint64_t)EFER_LMA;
    }
    h->guest_cr[0] = val | CR0_ET;
    if (efer != h->efer) {
        h->efer = efer;
        hvm->update_efer(v);
    }
    hvm->update_cr(v, 0);
    if ((old ^ val) & (CR0_PG | CR0_WP | CR0_PE))
        hvm->flush_vcpu_tlb(v);
    return 0;
}

int hvm_set_cr3(struct vcpu *v, uint64_t val)
{
    struct hvm_vcpu *h = &v->arch.hvm;
    unsigned int width = cpu_policy_maxphysaddr(v->domain->arch.policy);

    /* Bit 63 with PCIDs asks to keep translations: not flushing less is allowed. */
    if (h->guest_cr[4] & CR4_PCIDE)
        val &= ~(1UL << 63);
    if ((h->efer & EFER_LMA) && (val >> width))
        return -EPERM;
    h->guest_cr[3] = val;
    hvm->update_cr(v, 3);
    hvm->flush_vcpu_tlb(v);
    return 0;
}

int hvm_set_cr4(struct vcpu *v, uint64_t val)
{
    const uint64_t flushing = CR4_PSE | CR4_PAE | CR4_PGE | CR4_PCIDE |
                              CR4_SMEP | CR4_SMAP | CR4_PKE;
    struct hvm_vcpu *h = &v->arch.hvm;
    uint64_t old = h->guest_cr[4];

    if (val & ~hvm_cr4_valid_bits(v))
        return -EPERM;
    if ((h->efer & EFER_LMA) && !(val & CR4_PAE))
        return -EPERM;
    if ((val & ~old & CR4_PCIDE) &&
        (!(h->efer & EFER_LMA) || (h->guest_cr[3] & 0xfff)))
        return -EPERM;
    h->guest_cr[4] = val;
    hvm->update_cr(v, 4);
    if ((old ^ val) & flushing)
        hvm->flush_vcpu_tlb(v);
    return 0;
}

int hvm_set_efer(struct vcpu *v, uint64_t val)
{
    struct hvm_vcpu *h = &v->arch.hvm;
    uint64_t old = h->efer;

    if (val & ~(hvm_efer_valid_bits(v) | EFER_LMA))
        return -EPERM;
    if (((old ^ val) & EFER_LME) && (h->guest_cr[0] & CR0_PG))
        return -EPERM;
    /* LMA follows from LME and paging; what is written does not matter. */
    h->efer = (val & ~(uint64_t)EFER_LMA) | (old & EFER_LMA);
    hvm->update_efer(v);
    if ((old ^ val) & EFER_NXE)
        hvm->flush_vcpu_tlb(v);
    return 0;
}

uint64_t hvm_get_xcr0(struct vcpu *v)
{
    if (!xstate_mask)
        return 1;
    return v == current ? xcr0_read() : v->arch.xcr0;
}

int hvm_set_xcr0(struct vcpu *v, uint32_t index, uint64_t val)
{
    if (index || !xcr0_valid(val, cpu_policy_xcr0(v->domain->arch.policy)))
        return -EPERM;
    v->arch.xcr0 = val;
    xcr0_write(val);
    return 0;
}
