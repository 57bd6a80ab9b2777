/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HLT, and what ends one with interrupts off: an NMI or a start. Whoever halts sets its
 * flag first and looks for a reason to run afterwards; whoever wakes it leaves the reason
 * first and clears the flag afterwards. So one of the two sees the other.
 */
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/sched.h>
#include <asm/hvm.h>
#include <asm/vlapic.h>
#include <public/sched.h>
#include "private.h"

static bool may_go_on(struct vcpu *v)
{
    return vlapic_start_pending(v->arch.hvm.vlapic) || hvm_nmi_due(v);
}

static void halt_irqs_off(struct vcpu *v)
{
    struct domain *d = v->domain;
    struct vcpu *other;

    __atomic_or_fetch(&v->sched.pause_flags, VPF_HALTED, __ATOMIC_SEQ_CST);
    if (may_go_on(v)) {
        __atomic_and_fetch(&v->sched.pause_flags, ~VPF_HALTED, __ATOMIC_SEQ_CST);
        return;
    }
    vcpu_sleep_nosync(v);
    for_each_vcpu(d, other) {
        if (!(__atomic_load_n(&other->sched.pause_flags, __ATOMIC_SEQ_CST) & VPF_OFF))
            return;
    }
    /* Nobody is left who could send an NMI or a start. */
    domain_shutdown(d, SHUTDOWN_poweroff);
}

void hvm_hlt(struct vcpu *v)
{
    if (v->arch.hvm.event.valid || hvm_nmi_due(v))
        return;
    if (v->arch.regs.rflags & X86_EFLAGS_IF)
        vcpu_block();
    else
        halt_irqs_off(v);
}

void hvm_unblock_nmi(struct vcpu *v)
{
    /* Ordered against hvm_post_nmi(): it sees this, or the next look sees its NMI. */
    __atomic_store_n(&v->arch.hvm.nmi_blocked, false, __ATOMIC_SEQ_CST);
}

void hvm_post_nmi(struct vcpu *v)
{
    uint32_t old;

    __atomic_store_n(&v->arch.hvm.nmi_pending, true, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&v->arch.hvm.nmi_blocked, __ATOMIC_SEQ_CST))
        return;
    old = __atomic_fetch_and(&v->sched.pause_flags, ~VPF_HALTED, __ATOMIC_SEQ_CST);
    if (old & VPF_HALTED)
        vcpu_wake(v);
    vcpu_kick(v);
}
