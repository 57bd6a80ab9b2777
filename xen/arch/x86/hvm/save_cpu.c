/* SPDX-License-Identifier: GPL-2.0-only */
/* Saved contexts: the records of CPU, XSAVE area and MTRRs. The vCPU is paused. */
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <asm/cpu.h>
#include <asm/cpu_policy.h>
#include <asm/msr.h>
#include <asm/xstate.h>
#include <public/hvm/save.h>
#include "private.h"

/* Each segment of the record, by its name there. */
#define FOR_EACH_SEGMENT(X)                                                     \
    X(CS, cs) X(DS, ds) X(ES, es) X(FS, fs) X(GS, gs) X(SS, ss) X(TR, tr) X(LDTR, ldtr)
#define FOR_EACH_GPR(X)                                                         \
    X(rax) X(rbx) X(rcx) X(rdx) X(rbp) X(rsi) X(rdi) X(rsp) X(r8) X(r9) X(r10)  \
    X(r11) X(r12) X(r13) X(r14) X(r15) X(rip) X(rflags)

/* Nothing is saved of such a vCPU, and what is loaded stays down. */
static bool never_started(const struct vcpu *v)
{
    return !v->is_initialised || (v->sched.pause_flags & VPF_DOWN);
}

/*
 * The record has no word for a HLT with interrupts off, which only an NMI or a start may
 * end. It is executed once more where it is loaded: its opcode is the byte before RIP,
 * whatever prefixes it had.
 */
static uint64_t rip_to_go_on_at(const struct vcpu *v)
{
    uint64_t rip = v->arch.regs.rip;

    return (v->sched.pause_flags & VPF_HALTED) && rip ? rip - 1 : rip;
}

static void save_segments(struct vcpu *v, struct hvm_hw_cpu *r)
{
    struct segment_reg seg;

#define SAVE(id, name)                                                          \
    hvm->get_segment(v, SEG_##id, &seg);                                        \
    r->name##_sel = seg.sel;                                                    \
    r->name##_limit = seg.limit;                                                \
    r->name##_base = seg.base;                                                  \
    r->name##_arbytes = seg.attr;
    FOR_EACH_SEGMENT(SAVE)
#undef SAVE
    hvm->get_segment(v, SEG_GDTR, &seg);
    r->gdtr_limit = seg.limit;
    r->gdtr_base = seg.base;
    hvm->get_segment(v, SEG_IDTR, &seg);
    r->idtr_limit = seg.limit;
    r->idtr_base = seg.base;
}

/*
 * What the next entry injects: an event that was on its way, or an NMI. There is one
 * place only: an NMI behind another event or handler is lost, and what it waited for.
 */
static void save_event(struct vcpu *v, struct hvm_hw_cpu *r)
{
    const struct hvm_event nmi = { .valid = true, .vector = EXC_NMI,
                                   .type = HVM_EVENT_NMI };
    const struct hvm_event *e = &v->arch.hvm.event;

    if (!e->valid && hvm_nmi_due(v))
        e = &nmi;
    if (!e->valid)
        return;
    r->pending_vector = e->vector;
    r->pending_type = e->type & 7;
    r->pending_error_valid = e->has_error;
    r->pending_valid = 1;
    r->error_code = e->error;
}

static int save_cpu(struct domain *d, struct vcpu *v, void *record)
{
    struct hvm_vcpu *h = &v->arch.hvm;
    struct hvm_hw_cpu *r = record;
    struct hvm_saved_msrs m;

    (void)d;
    if (never_started(v))
        return -ENODATA;
    memcpy(r->fpu_regs, v->arch.xsave->legacy, sizeof(r->fpu_regs));
    r->flags = XEN_X86_FPU_INITIALISED;
#define SAVE(name) r->name = v->arch.regs.name;
    FOR_EACH_GPR(SAVE)
#undef SAVE
    r->rip = rip_to_go_on_at(v);
    r->cr0 = h->guest_cr[0];
    r->cr2 = h->guest_cr[2];
    r->cr3 = h->guest_cr[3];
    r->cr4 = h->guest_cr[4];
    r->dr0 = h->dr[0];
    r->dr1 = h->dr[1];
    r->dr2 = h->dr[2];
    r->dr3 = h->dr[3];
    r->dr6 = h->dr6;
    r->dr7 = h->dr7;
    save_segments(v, r);
    hvm->save_msrs(v, &m);
    r->sysenter_cs = m.sysenter_cs;
    r->sysenter_esp = m.sysenter_esp;
    r->sysenter_eip = m.sysenter_eip;
    r->shadow_gs = m.shadow_gs;
    r->msr_star = m.star;
    r->msr_lstar = m.lstar;
    r->msr_cstar = m.cstar;
    r->msr_syscall_mask = m.syscall_mask;
    r->msr_efer = h->efer;
    r->msr_tsc_aux = h->tsc_aux;
    r->tsc = hvm_guest_tsc(v);
    save_event(v, r);
    return 0;
}

/* Types that EVENTINJ knows (APM vol. 2, 15.20); Xen is as strict about the rest. */
static bool event_valid(const struct hvm_hw_cpu *r)
{
    const unsigned int known = 1u << HVM_EVENT_EXTINT | 1u << HVM_EVENT_NMI |
                               1u << HVM_EVENT_EXC | 1u << HVM_EVENT_SWINT;

    return !r->pending_valid || ((known & 1u << r->pending_type) && !r->pending_reserved);
}

/* Control state that the CPU would refuse to enter with. */
static int check_cpu(struct vcpu *v, const struct hvm_hw_cpu *r)
{
    if ((r->cr0 >> 32) || ((r->cr0 & CR0_PG) && !(r->cr0 & CR0_PE)) ||
        ((r->cr0 & CR0_NW) && !(r->cr0 & CR0_CD)))
        return -EINVAL;
    if ((r->cr4 & ~hvm_cr4_valid_bits(v)) ||
        (r->msr_efer & ~(hvm_efer_valid_bits(v) | EFER_LMA)))
        return -EINVAL;
    if ((r->msr_efer & EFER_LMA) &&
        (!(r->msr_efer & EFER_LME) || !(r->cr0 & CR0_PG) || !(r->cr4 & CR4_PAE)))
        return -EINVAL;
    if ((r->dr6 >> 32) || (r->dr7 >> 32) ||
        (r->cr3 >> cpu_policy_maxphysaddr(v->domain->arch.policy)))
        return -EINVAL;
    return (r->flags & ~XEN_X86_FPU_INITIALISED) || !event_valid(r) ? -EINVAL : 0;
}

static void load_segments(struct vcpu *v, const struct hvm_hw_cpu *r)
{
    struct segment_reg seg;

#define LOAD(id, name)                                                          \
    seg = (struct segment_reg){ (uint16_t)r->name##_sel,                        \
                                (uint16_t)r->name##_arbytes, r->name##_limit,   \
                                r->name##_base };                               \
    hvm->set_segment(v, SEG_##id, &seg);
    FOR_EACH_SEGMENT(LOAD)
#undef LOAD
    seg = (struct segment_reg){ 0, 0, r->gdtr_limit, r->gdtr_base };
    hvm->set_segment(v, SEG_GDTR, &seg);
    seg = (struct segment_reg){ 0, 0, r->idtr_limit, r->idtr_base };
    hvm->set_segment(v, SEG_IDTR, &seg);
}

static void load_control(struct vcpu *v, const struct hvm_hw_cpu *r)
{
    struct hvm_vcpu *h = &v->arch.hvm;

    h->guest_cr[0] = r->cr0 | CR0_ET;
    h->guest_cr[2] = r->cr2;
    h->guest_cr[3] = r->cr3;
    h->guest_cr[4] = r->cr4;
    for (unsigned int cr = 0; cr <= 4; cr++) {
        if (cr != 1)
            hvm->update_cr(v, cr);
    }
    h->efer = r->msr_efer;
    hvm->update_efer(v);
    h->dr[0] = r->dr0;
    h->dr[1] = r->dr1;
    h->dr[2] = r->dr2;
    h->dr[3] = r->dr3;
    h->dr6 = r->dr6;
    h->dr7 = r->dr7;
    h->tsc_aux = (uint32_t)r->msr_tsc_aux;
    hvm->flush_vcpu_tlb(v);
}

static void load_fpu(struct vcpu *v, const struct hvm_hw_cpu *r)
{
    struct xsave_area *area = v->arch.xsave;

    xstate_reset(v);
    if (!(r->flags & XEN_X86_FPU_INITIALISED))
        return;
    memcpy(area->legacy, r->fpu_regs, sizeof(area->legacy));
    /* MXCSR bits that the CPU lacks would make the restore fault. */
    *(uint32_t *)&area->legacy[24] &= 0xffff;
}

static int load_cpu(struct domain *d, struct vcpu *v, const void *record, uint32_t len)
{
    struct hvm_vcpu *h = &v->arch.hvm;
    struct hvm_hw_cpu r;
    int rc;

    (void)d;
    if (len != sizeof(r))
        return -EINVAL;
    memcpy(&r, record, sizeof(r));
    rc = check_cpu(v, &r);
    if (rc)
        return rc;
#define LOAD(name) v->arch.regs.name = r.name;
    FOR_EACH_GPR(LOAD)
#undef LOAD
    v->arch.regs.rflags |= 2;
    load_segments(v, &r);
    load_control(v, &r);
    hvm->load_msrs(v, &(struct hvm_saved_msrs){
        .sysenter_cs = r.sysenter_cs,
        .sysenter_esp = r.sysenter_esp,
        .sysenter_eip = r.sysenter_eip,
        .shadow_gs = r.shadow_gs,
        .star = r.msr_star,
        .lstar = r.msr_lstar,
        .cstar = r.msr_cstar,
        .syscall_mask = r.msr_syscall_mask,
    });
    load_fpu(v, &r);
    /* 0 comes from toolstacks that build domains: all vCPUs keep the common time base. */
    if (r.tsc)
        hvm_set_guest_tsc(v, r.tsc);
    h->event = (struct hvm_event){
        .valid = r.pending_valid,
        .vector = r.pending_vector,
        .type = r.pending_type,
        .has_error = r.pending_error_valid,
        .error = r.error_code,
    };
    /* What waited here was the old context's; and none are held back (README.md). */
    h->nmi_pending = false;
    hvm_unblock_nmi(v);
    h->init_done = true;
    v->is_initialised = true;
    return vcpu_up(v);
}

/* --- XSAVE ------------------------------------------------------------------------- */

#define XSAVE_HEAD offsetof(struct hvm_hw_cpu_xsave, save_area)

static int save_xsave(struct domain *d, struct vcpu *v, void *record)
{
    struct hvm_hw_cpu_xsave *r = record;

    if (never_started(v) || !cpu_policy_xcr0(d->arch.policy))
        return -ENODATA;
    r->xfeature_mask = xstate_mask;
    r->xcr0 = hvm_get_xcr0(v);
    r->xcr0_accum = xstate_mask;
    memcpy(&r->save_area, v->arch.xsave, xstate_size);
    return 0;
}

static int load_xsave(struct domain *d, struct vcpu *v, const void *record, uint32_t len)
{
    uint64_t allowed = cpu_policy_xcr0(d->arch.policy);
    struct xsave_area *area = v->arch.xsave;
    struct hvm_hw_cpu_xsave r;

    if (!allowed || len < sizeof(r))
        return -EINVAL;
    memcpy(&r, record, sizeof(r));
    if (!xcr0_valid(r.xcr0, allowed) || r.save_area.xsave_hdr.xcomp_bv ||
        (r.save_area.xsave_hdr.xstate_bv & ~xstate_mask))
        return -EINVAL;
    for (unsigned int i = 0; i < ARRAY_SIZE(r.save_area.xsave_hdr.reserved); i++) {
        if (r.save_area.xsave_hdr.reserved[i])
            return -EINVAL;
    }
    /* Components whose bytes are not all there are left in reset state. */
    xstate_reset(v);
    memcpy(area, (const char *)record + XSAVE_HEAD, len - XSAVE_HEAD);
    area->xstate_bv = r.save_area.xsave_hdr.xstate_bv;
    if (len - XSAVE_HEAD < xstate_size)
        area->xstate_bv &= 3;
    *(uint32_t *)&area->legacy[24] &= 0xffff;
    v->arch.xcr0 = r.xcr0;
    return 0;
}

/* --- MTRRs ------------------------------------------------------------------------- */

static int save_mtrr(struct domain *d, struct vcpu *v, void *record)
{
    const struct hvm_vcpu *h = &v->arch.hvm;
    struct hvm_hw_mtrr *r = record;

    (void)d;
    r->msr_pat_cr = h->pat;
    memcpy(r->msr_mtrr_var, h->mtrr_var, sizeof(r->msr_mtrr_var));
    memcpy(r->msr_mtrr_fixed, h->mtrr_fixed, sizeof(r->msr_mtrr_fixed));
    r->msr_mtrr_cap = h->mtrr_cap;
    r->msr_mtrr_def_type = h->mtrr_def;
    return 0;
}

/* By the checks that the guest's own writes meet. */
static int load_mtrr(struct domain *d, struct vcpu *v, const void *record, uint32_t len)
{
    struct hvm_hw_mtrr r;
    int rc;

    (void)d;
    if (len != sizeof(r))
        return -EINVAL;
    memcpy(&r, record, sizeof(r));
    if ((uint8_t)r.msr_mtrr_cap > MTRR_VCNT)
        return -EINVAL;
    rc = mtrr_msr_write(v, MSR_PAT, r.msr_pat_cr);
    for (unsigned int i = 0; !rc && i < ARRAY_SIZE(r.msr_mtrr_var); i++)
        rc = mtrr_msr_write(v, MSR_MTRR_PHYSBASE0 + i, r.msr_mtrr_var[i]);
    if (!rc)
        rc = mtrr_msr_write(v, MSR_MTRR_FIX_64K, r.msr_mtrr_fixed[0]);
    for (unsigned int i = 0; !rc && i < 2; i++)
        rc = mtrr_msr_write(v, MSR_MTRR_FIX_16K_0 + i, r.msr_mtrr_fixed[1 + i]);
    for (unsigned int i = 0; !rc && i < 8; i++)
        rc = mtrr_msr_write(v, MSR_MTRR_FIX_4K_0 + i, r.msr_mtrr_fixed[3 + i]);
    if (!rc)
        rc = mtrr_msr_write(v, MSR_MTRR_DEF_TYPE, r.msr_mtrr_def_type);
    return rc ? -EINVAL : 0;
}

/* --- what Debian's Xen saves and vCPUs here have only in its reset state ----------- */

static int save_nothing(struct domain *d, struct vcpu *v, void *record)
{
    (void)d;
    (void)v;
    (void)record;
    return -ENODATA;
}

static int load_tsc_adjust(struct domain *d, struct vcpu *v, const void *record,
                           uint32_t len)
{
    struct hvm_tsc_adjust r;

    (void)d;
    (void)v;
    if (len != sizeof(r))
        return -EINVAL;
    memcpy(&r, record, sizeof(r));
    return r.tsc_adjust ? -EOPNOTSUPP : 0;
}

/* As many banks as guests see here (MSR_MCG_CAP), nothing enabled. */
static int load_vmce(struct domain *d, struct vcpu *v, const void *record, uint32_t len)
{
    struct hvm_vmce_vcpu r;

    (void)d;
    (void)v;
    if (len != sizeof(r))
        return -EINVAL;
    memcpy(&r, record, sizeof(r));
    if (r.mci_ctl2_bank0 || r.mci_ctl2_bank1 || r.mcg_ext_ctl)
        return -EOPNOTSUPP;
    return r.caps == MCG_CAP ? 0 : -EOPNOTSUPP;
}

void __init hvm_register_cpu_records(void)
{
    const struct hvm_save_handler records[] = {
        { HVM_SAVE_CODE(VMCE_VCPU), true, HVM_SAVE_LENGTH(VMCE_VCPU), save_nothing,
          load_vmce },
        { HVM_SAVE_CODE(TSC_ADJUST), true, HVM_SAVE_LENGTH(TSC_ADJUST), save_nothing,
          load_tsc_adjust },
        { HVM_SAVE_CODE(CPU), true, HVM_SAVE_LENGTH(CPU), save_cpu, load_cpu },
        { HVM_SAVE_CODE(MTRR), true, HVM_SAVE_LENGTH(MTRR), save_mtrr, load_mtrr },
        { CPU_XSAVE_CODE, true, (uint32_t)XSAVE_HEAD + xstate_size, save_xsave,
          load_xsave },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(records); i++) {
        if (records[i].type != CPU_XSAVE_CODE || xstate_mask)
            hvm_register_save(&records[i]);
    }
}
