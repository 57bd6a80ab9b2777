/* SPDX-License-Identifier: GPL-2.0-only */
/* Events on their way into a guest (APM vol. 2 15.20, 15.21). */
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
        svm_of(v)->nmi_blocked = false;
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
    s->nmi_blocked = true;
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

/* Ask for an exit as soon as the guest could take an interrupt. */
static void want_window(struct vmcb *c)
{
    c->vintr |= VINTR_IRQ | VINTR_IGN_TPR | 0xfUL << VINTR_PRIO_SHIFT;
    c->intercept3 |= INTERCEPT_VINTR;
}

static void no_window(struct vmcb *c)
{
    c->vintr &= ~(VINTR_IRQ | VINTR_IGN_TPR | 0xfUL << VINTR_PRIO_SHIFT);
    c->intercept3 &= ~INTERCEPT_VINTR;
}

/* Interrupts off: what is decided here is what the guest gets. */
void svm_prepare_events(struct vcpu *v)
{
    struct vmcb *c = vmcb_of(v);
    bool busy = v->arch.hvm.event.valid;
    struct hvm_intr intr;

    if (busy)
        inject_saved(v);
    /* An interrupt that only the task priority holds back: see when that is lowered. */
    if (hvm_intr_below_tpr(v))
        c->cr_write |= INTERCEPT_CR8;
    else
        c->cr_write &= ~INTERCEPT_CR8;
    intr = hvm_intr_pending(v);
    if (intr.kind == HVM_INTR_NONE) {
        if (c->intercept3 & INTERCEPT_VINTR)
            no_window(c);
        return;
    }
    if (intr.kind == HVM_INTR_NMI) {
        if (!busy && !svm_of(v)->nmi_blocked && !(c->shadow & 1)) {
            hvm_intr_ack(v, intr);
            inject_nmi(v);
        } else if (!svm_of(v)->nmi_blocked) {
            want_window(c);
        }
        return;
    }
    if (busy || (c->shadow & 1) || !(v->arch.regs.rflags & X86_EFLAGS_IF)) {
        want_window(c);
        return;
    }
    hvm_intr_ack(v, intr);
    inject(c, intr.vector, HVM_EVENT_EXTINT, false, 0);
    /* One more may be waiting behind it. */
    if (hvm_intr_pending(v).kind != HVM_INTR_NONE)
        want_window(c);
    else
        no_window(c);
}
