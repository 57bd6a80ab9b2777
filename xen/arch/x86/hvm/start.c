/* SPDX-License-Identifier: GPL-2.0-only */
/* Register states from which vCPUs start: reset, SIPI, PVH, VCPUOP_initialise. */
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <asm/cpu_policy.h>
#include <asm/msr.h>
#include <asm/xstate.h>
#include <public/hvm/hvm_vcpu.h>
#include "private.h"

/* Descriptor types with S, P and granularity as the VMCB packs them. */
#define ATTR_CODE16 0x09b
#define ATTR_DATA16 0x093
#define ATTR_CODE32 0xc9b
#define ATTR_DATA32 0xc93
#define ATTR_CODE64 0xa9b
#define ATTR_TSS    0x08b
#define ATTR_LDT    0x082

static void set_seg(struct vcpu *v, enum hvm_seg seg, uint16_t sel, uint16_t attr,
                    uint32_t limit, uint64_t base)
{
    struct segment_reg r = { sel, attr, limit, base };

    hvm->set_segment(v, seg, &r);
}

static void set_data_segs(struct vcpu *v, uint16_t attr, uint32_t limit)
{
    static const enum hvm_seg segs[] = { SEG_DS, SEG_ES, SEG_FS, SEG_GS, SEG_SS };

    for (unsigned int i = 0; i < ARRAY_SIZE(segs); i++)
        set_seg(v, segs[i], 0, attr, limit, 0);
}

/* Everything but general registers and segments, in the order of dependence. */
static void set_control(struct vcpu *v, uint64_t cr0, uint64_t cr3, uint64_t cr4,
                        uint64_t efer)
{
    struct hvm_vcpu *h = &v->arch.hvm;

    h->guest_cr[0] = cr0 | CR0_ET;
    h->guest_cr[2] = 0;
    h->guest_cr[3] = cr3;
    h->guest_cr[4] = cr4;
    h->efer = efer;
    for (unsigned int cr = 0; cr <= 4; cr++) {
        if (cr != 1)
            hvm->update_cr(v, cr);
    }
    hvm->update_efer(v);
    hvm->flush_vcpu_tlb(v);
}

static void common_reset(struct vcpu *v)
{
    static const struct hvm_saved_msrs zero;
    struct hvm_vcpu *h = &v->arch.hvm;

    memset(&v->arch.regs, 0, sizeof(v->arch.regs));
    v->arch.regs.rflags = 2;
    memset(&h->event, 0, sizeof(h->event));
    h->nmi_pending = false;
    hvm_unblock_nmi(v);
    memset(h->dr, 0, sizeof(h->dr));
    h->dr6 = DR6_RESET;
    h->dr7 = DR7_RESET;
    set_seg(v, SEG_LDTR, 0, ATTR_LDT, 0xffff, 0);
    set_seg(v, SEG_TR, 0, ATTR_TSS, 0xffff, 0);
    set_seg(v, SEG_GDTR, 0, 0, 0xffff, 0);
    set_seg(v, SEG_IDTR, 0, 0, 0xffff, 0);
    hvm->load_msrs(v, &zero);
    hvm->clear_interrupt_shadow(v);
}

void hvm_vcpu_reset(struct vcpu *v, uint16_t cs, uint16_t ip)
{
    common_reset(v);
    v->arch.regs.rip = ip;
    v->arch.regs.rdx = v->domain->arch.policy->basic[1].a;
    set_seg(v, SEG_CS, cs, ATTR_CODE16, 0xffff, (uint64_t)cs << 4);
    set_data_segs(v, ATTR_DATA16, 0xffff);
    set_control(v, 0, 0, 0, 0);
}

void hvm_vcpu_pvh_start(struct vcpu *v, uint32_t eip, uint32_t ebx)
{
    common_reset(v);
    v->arch.regs.rip = eip;
    v->arch.regs.rbx = ebx;
    set_seg(v, SEG_CS, 0, ATTR_CODE32, ~0u, 0);
    set_data_segs(v, ATTR_DATA32, ~0u);
    set_seg(v, SEG_TR, 0, ATTR_TSS, 0x67, 0);
    set_control(v, CR0_PE, 0, 0, 0);
    v->arch.hvm.init_done = true;
    v->is_initialised = true;
}

static bool seg_attr_ok(uint16_t attr)
{
    return !(attr & 0xf000);
}

/* What a 32-bit state may not be (public/hvm/hvm_vcpu.h). */
static int check32(struct vcpu *v, const struct vcpu_hvm_x86_32 *r)
{
    const uint16_t data[] = { r->ds_ar, r->ss_ar, r->es_ar };

    if (!seg_attr_ok(r->cs_ar) || !(r->cs_ar & SEG_ATTR_P) || !(r->cs_ar & SEG_ATTR_S) ||
        !(r->cs_ar & 8) || (r->cs_ar & SEG_ATTR_L))
        return -EINVAL;
    for (unsigned int i = 0; i < ARRAY_SIZE(data); i++) {
        if (!seg_attr_ok(data[i]) ||
            ((data[i] & SEG_ATTR_P) && (!(data[i] & SEG_ATTR_S) || (data[i] & 8))))
            return -EINVAL;
    }
    if (!(r->ss_ar & SEG_ATTR_P) || !seg_attr_ok(r->tr_ar) ||
        (r->tr_ar && ((r->tr_ar & SEG_ATTR_S) || (r->tr_ar & 0xf) != 0xb)))
        return -EINVAL;
    /* All at one privilege level, which is that of the stack. */
    if (((r->cs_ar ^ r->ss_ar) & 0x60) && !(r->cs_ar & 4))
        return -EINVAL;
    if (r->pad1 || (r->eflags & X86_EFLAGS_VM))
        return -EINVAL;
    return (r->cr4 & ~hvm_cr4_valid_bits(v)) ||
           (r->efer & ~(hvm_efer_valid_bits(v) | EFER_LMA))
               ? -EINVAL : 0;
}

static int check_control(struct vcpu *v, uint64_t cr0, uint64_t cr4, uint64_t efer)
{
    if ((cr0 >> 32) || ((cr0 & CR0_PG) && !(cr0 & CR0_PE)) ||
        ((cr0 & CR0_NW) && !(cr0 & CR0_CD)))
        return -EINVAL;
    if ((cr4 & ~hvm_cr4_valid_bits(v)) ||
        (efer & ~(hvm_efer_valid_bits(v) | EFER_LMA)))
        return -EINVAL;
    /* LMA says: long mode is on, which needs all of this. */
    if ((efer & EFER_LMA) && (!(efer & EFER_LME) || !(cr0 & CR0_PG) ||
                              !(cr4 & CR4_PAE)))
        return -EINVAL;
    if ((efer & EFER_LME) && (cr0 & CR0_PG) && !(efer & EFER_LMA))
        return -EINVAL;
    return 0;
}

static int set_context32(struct vcpu *v, const struct vcpu_hvm_x86_32 *r)
{
    struct cpu_user_regs *u = &v->arch.regs;
    int rc = check32(v, r);

    if (!rc)
        rc = check_control(v, r->cr0, r->cr4, r->efer);
    if (rc)
        return rc;
    common_reset(v);
    u->rax = r->eax;
    u->rcx = r->ecx;
    u->rdx = r->edx;
    u->rbx = r->ebx;
    u->rsp = r->esp;
    u->rbp = r->ebp;
    u->rsi = r->esi;
    u->rdi = r->edi;
    u->rip = r->eip;
    u->rflags = r->eflags | 2;
    set_data_segs(v, 0, 0);
    set_seg(v, SEG_CS, 0, r->cs_ar, r->cs_limit, r->cs_base);
    set_seg(v, SEG_DS, 0, r->ds_ar, r->ds_limit, r->ds_base);
    set_seg(v, SEG_SS, 0, r->ss_ar, r->ss_limit, r->ss_base);
    set_seg(v, SEG_ES, 0, r->es_ar, r->es_limit, r->es_base);
    if (r->tr_ar)
        set_seg(v, SEG_TR, 0, r->tr_ar, r->tr_limit, r->tr_base);
    set_control(v, r->cr0, r->cr3, r->cr4, r->efer);
    return 0;
}

static int set_context64(struct vcpu *v, const struct vcpu_hvm_x86_64 *r)
{
    struct cpu_user_regs *u = &v->arch.regs;
    int rc = check_control(v, r->cr0, r->cr4, r->efer);

    if (rc)
        return rc;
    if (!(r->efer & EFER_LMA) ||
        (r->cr3 >> cpu_policy_maxphysaddr(v->domain->arch.policy)))
        return -EINVAL;
    common_reset(v);
    u->rax = r->rax;
    u->rcx = r->rcx;
    u->rdx = r->rdx;
    u->rbx = r->rbx;
    u->rsp = r->rsp;
    u->rbp = r->rbp;
    u->rsi = r->rsi;
    u->rdi = r->rdi;
    u->rip = r->rip;
    u->rflags = r->rflags | 2;
    set_data_segs(v, ATTR_DATA32, ~0u);
    set_seg(v, SEG_CS, 0, ATTR_CODE64, ~0u, 0);
    set_control(v, r->cr0, r->cr3, r->cr4, r->efer);
    return 0;
}

int hvm_set_context(struct vcpu *v, const struct vcpu_hvm_context *ctx)
{
    int rc = -EINVAL;

    if (ctx->pad)
        return -EINVAL;
    if (ctx->mode == VCPU_HVM_MODE_32B)
        rc = set_context32(v, &ctx->cpu_regs.x86_32);
    else if (ctx->mode == VCPU_HVM_MODE_64B)
        rc = set_context64(v, &ctx->cpu_regs.x86_64);
    if (rc)
        return rc;
    v->arch.hvm.init_done = true;
    v->is_initialised = true;
    return 0;
}
