/* SPDX-License-Identifier: GPL-2.0-only */
/* Events on their way into a guest (APM vol. 2 15.20, 15.21). */
#include <xen/smp.h>
#include <xen/softirq.h>
#include <xen/timer.h>
#include <asm/cpu.h>
#include <asm/emulate.h>
#include "svm.h"

/*
 * A delivery that an exit interrupted is repeated. Software interrupts are not: RIP is
 * still at the instruction, which runs again.
 */
void svm_save_interrupted_event(struct vcpu *v)
{
    uint64_t info = vmcb_of(v)->exitintinfo;
    uint8_t vector = (uint8_t)info, type = EVENT_TYPE(info);

    if (!(info & EVENT_VALID))
        return;
    if (type == HVM_EVENT_SWINT ||
        (type == HVM_EVENT_EXC && (vector == EXC_BP || vector == EXC_OF)))
        return;
    v->arch.hvm.event = (struct hvm_event){
        .valid = true,
        .vector = vector,
        .type = type,
        .has_error = info & EVENT_ERROR,
        .error = (uint32_t)(info >> 32),
    };
    if (type == HVM_EVENT_NMI)
        hvm_unblock_nmi(v);
}

static void inject(struct vmcb *c, uint8_t vector, uint8_t type, bool has_error,
                   uint32_t error)
{
    c->eventinj = vector | (uint64_t)type << EVENT_TYPE_SHIFT | EVENT_VALID |
                  (has_error ? EVENT_ERROR : 0) | (uint64_t)error << 32;
}

static void inject_nmi(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);

    inject(s->vmcb, EXC_NMI, HVM_EVENT_NMI, false, 0);
    write_once(v->arch.hvm.nmi_blocked, true);
    s->vmcb->intercept3 |= INTERCEPT_IRET;
}

static void inject_saved(struct vcpu *v)
{
    struct hvm_event *e = &v->arch.hvm.event;
    struct vmcb *c = vmcb_of(v);

    e->valid = false;
    if (e->type == HVM_EVENT_NMI) {
        inject_nmi(v);
        return;
    }
    /* Injection skips what the CPU does for a #DB trap: DR6 is ours to set. */
    if (e->type == HVM_EVENT_EXC && e->vector == EXC_DB)
        c->dr6 = v->arch.hvm.dr6;
    inject(c, e->vector, e->type, e->has_error, e->error);
}

static void request(struct vmcb *c, uint64_t what, bool exit)
{
    c->vintr = (c->vintr & ~VINTR_REQUEST) | what;
    if (exit)
        c->intercept3 |= INTERCEPT_VINTR;
    else
        c->intercept3 &= ~INTERCEPT_VINTR;
}

/* Ask for an exit as soon as the guest could take an interrupt. */
static void want_window(struct vmcb *c)
{
    request(c, VINTR_IRQ | VINTR_IGN_TPR | 0xfUL << VINTR_PRIO_SHIFT, true);
}

/*
 * An interrupt is not injected but offered (APM vol. 2 15.21.4): the CPU takes it when
 * the guest's IF, shadow and task priority let it, which costs no exit. Whether it did is
 * seen at the next exit.
 */
static void offer(struct vcpu *v, struct hvm_intr intr)
{
    uint64_t when = intr.from_lapic ? (uint64_t)intr.vector >> 4 << VINTR_PRIO_SHIFT
                                    : VINTR_IGN_TPR;

    request(vmcb_of(v), VINTR_IRQ | when | (uint64_t)intr.vector << VINTR_VECTOR_SHIFT,
            false);
    svm_of(v)->offered = intr;
    hvm_intr_hand_over(v, intr);
}

/*
 * An offer not taken is withdrawn, the next entry decides afresh. If the exit came out of
 * its delivery, the CPU may name it in EXITINTINFO as well: that is the same interrupt.
 */
void svm_settle_offer(struct vcpu *v)
{
    struct hvm_intr *offered = &svm_of(v)->offered;
    struct vmcb *c = vmcb_of(v);

    if (offered->kind == HVM_INTR_NONE)
        return;
    if (!(c->vintr & VINTR_IRQ)) {
        hvm_intr_delivered(v, *offered);
    } else {
        hvm_intr_withdraw(v, *offered);
        if ((uint8_t)c->exitintinfo == offered->vector && offered->vector >= 32)
            c->exitintinfo = 0;
    }
    offered->kind = HVM_INTR_NONE;
}

/* Time enough to enter the guest and have it execute an instruction. */
#define SHADOW_TIME MICROSECS(50)

/*
 * An NMI has to wait. What is injected at this entry goes first, and an interrupt of ours
 * ends the guest right behind that (15.20), before an instruction is executed. Behind a
 * shadow (15.21.5) a window opens, but not with IF off, as after MOV SS. A shadow lasts
 * for an instruction, and an interrupt at once would not let that run: so it comes soon.
 */
static void wait_with_nmi(struct vcpu *v, bool busy)
{
    struct vmcb *c = vmcb_of(v);

    if (!busy && (v->arch.regs.rflags & X86_EFLAGS_IF)) {
        want_window(c);
        return;
    }
    request(c, 0, false);
    if (!busy)
        timer_interrupt_by(NOW() + SHADOW_TIME);
    /* It was past already: whoever enters the guest has looked for work before. */
    if (busy || softirq_pending())
        smp_kick(smp_processor_id());
}

static bool can_take_now(struct vcpu *v, bool busy)
{
    return !busy && !(vmcb_of(v)->shadow & 1) && (v->arch.regs.rflags & X86_EFLAGS_IF);
}

/* Interrupts off: what is decided here is what the guest gets. */
void svm_prepare_events(struct vcpu *v)
{
    struct vmcb *c = vmcb_of(v);
    bool busy = v->arch.hvm.event.valid, now;
    struct hvm_intr intr;

    if (unlikely(svm_of(v)->stepping) && svm_step_now(v)) {
        /* A window that is open before the step would never let it happen. */
        if (svm_step_runs_on(v) && !(v->arch.regs.rflags & X86_EFLAGS_IF))
            want_window(c);
        else
            request(c, 0, false);
        return;
    }
    if (busy)
        inject_saved(v);
    intr = hvm_intr_pending(v);
    now = can_take_now(v, busy);
    if (!(intr.from_lapic && now) && hvm_intr_cr8_matters(v, intr))
        c->cr_write |= INTERCEPT_CR8;
    else
        c->cr_write &= ~INTERCEPT_CR8;
    if (intr.kind == HVM_INTR_NONE) {
        request(c, 0, false);
    } else if (intr.kind == HVM_INTR_VECTOR) {
        /*
         * The guest takes back the reason for a callback without an exit, in the handler
         * for one; so it is offered only where it is taken at once.
         */
        if (intr.from_lapic || now)
            offer(v, intr);
        else
            want_window(c);
    } else if (busy || (c->shadow & 1)) {
        wait_with_nmi(v, busy);
    } else {
        request(c, 0, false);
        hvm_intr_delivered(v, intr);
        inject_nmi(v);
    }
}
