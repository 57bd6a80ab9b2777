/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The IRET that ends an NMI's handler. Its intercept comes before it is executed (APM
 * vol. 2, 15.9), but the next NMI may come only after it. So the guest executes it alone,
 * with RFLAGS.TF set and every exception intercepted; the single-step trap comes before
 * any other event (8.5). Nothing of that reaches the guest: a fault is given to it with
 * the flags it had, and the trap only if TF was its own.
 */
#include <asm/msr.h>
#include "svm.h"

/* Bits of DR6 that say what a #DB is about. */
#define DR6_REASONS (0xfUL | DR6_BS | DR6_BT)

/* All that an instruction can raise; NMIs have an intercept of their own. */
#define STEP_EXCEPTIONS                                                         \
    (SVM_EXCEPTIONS | 1u << EXC_DE | 1u << EXC_BP | 1u << EXC_OF | 1u << EXC_BR | \
     1u << EXC_UD | 1u << EXC_NM | 1u << EXC_TS | 1u << EXC_NP | 1u << EXC_SS |   \
     1u << EXC_GP | 1u << EXC_PF | 1u << EXC_MF | 1u << EXC_XF)

#define HAS_ERROR                                                               \
    (1u << EXC_TS | 1u << EXC_NP | 1u << EXC_SS | 1u << EXC_GP | 1u << EXC_AC)

static void retired(struct vcpu *v)
{
    svm_of(v)->stepping = false;
    hvm_unblock_nmi(v);
}

/*
 * Outside of long mode an IRET with NT set switches tasks, and the outgoing task's state
 * would keep the TF that is ours (APM vol. 2 chapter 12). So it goes without. The next
 * exit, for whatever reason, shows whether it is over: by another place or another task.
 */
static bool switches_task(const struct vcpu *v)
{
    return (v->arch.regs.rflags & X86_EFLAGS_NT) && !(v->arch.hvm.efer & EFER_LMA);
}

void svm_begin_step(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);

    s->vmcb->intercept3 &= ~INTERCEPT_IRET;
    s->stepping = true;
    s->step_rip = v->arch.regs.rip;
    s->step_tr = s->vmcb->tr.sel;
}

/* The IRET was not executed, something else comes first: wait for the next one. */
static void abandon(struct svm_vcpu *s)
{
    s->stepping = false;
    s->vmcb->intercept3 |= INTERCEPT_IRET;
}

bool svm_step_now(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);

    if (!v->arch.hvm.nmi_blocked)
        s->stepping = false;    /* a reset, or a new context was loaded */
    else if (v->arch.hvm.event.valid || v->arch.regs.rip != s->step_rip)
        abandon(s);
    return s->stepping;
}

bool svm_step_runs_on(const struct vcpu *v)
{
    return switches_task(v);
}

void svm_arm_step(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);
    struct vmcb *c = s->vmcb;

    s->step_tf = c->rflags & X86_EFLAGS_TF;
    s->step_dr6 = c->dr6;
    if (!switches_task(v))
        c->rflags |= X86_EFLAGS_TF;
    c->dr6 &= ~DR6_REASONS;
    c->exceptions = STEP_EXCEPTIONS;
}

/* Returns what the guest is to hear of a #DB, as bits of DR6. */
static uint64_t disarm(struct vcpu *v, struct svm_vcpu *s)
{
    struct vmcb *c = s->vmcb;
    uint64_t reasons = c->dr6 & DR6_REASONS;

    c->exceptions = SVM_EXCEPTIONS;
    if (!s->step_tf)
        reasons &= ~DR6_BS;
    c->dr6 = v->arch.hvm.dr6 = s->step_dr6 | reasons;
    return reasons;
}

static void give_fault(struct vcpu *v, struct vmcb *c, uint8_t vector)
{
    if (vector == EXC_PF)
        hvm_inject_page_fault(v, c->exitinfo2, (uint32_t)c->exitinfo1);
    else
        hvm_inject_exception(v, vector,
                             HAS_ERROR & 1u << vector ? (int)(uint16_t)c->exitinfo1 : -1);
}

/*
 * RIP has moved without a trap if another vCPU put an INT n or so in place of the IRET,
 * or if that switched tasks. Exceptions are intercepted until now, so one that exits has
 * its place here, too.
 */
bool svm_step_exit(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);
    struct vmcb *c = s->vmcb;
    bool db = c->exitcode == EXIT_EXCEPTION + EXC_DB;
    bool over = (db && (c->dr6 & DR6_BS)) || v->arch.regs.rip != s->step_rip ||
                c->tr.sel != s->step_tr;
    uint64_t reasons = disarm(v, s), vector = c->exitcode - EXIT_EXCEPTION;

    if (over)
        retired(v);
    else if (!s->step_tf)
        v->arch.regs.rflags &= ~X86_EFLAGS_TF;
    if (c->exitcode < EXIT_EXCEPTION || vector >= 32 || vector == EXC_MC)
        return false;           /* none of its doing: if not over, it is stepped again */
    if (!over)
        abandon(s);
    if (db && reasons)
        hvm_inject_exception(v, EXC_DB, -1);
    else if (!db && vector != EXC_BP && vector != EXC_OF)
        give_fault(v, c, (uint8_t)vector);
    return true;
}
