/* SPDX-License-Identifier: GPL-2.0-only */
/* The life of a vCPU: softirqs, events, guest, exit, and again. */
#include <xen/lib.h>
#include <xen/softirq.h>
#include <asm/cpu.h>
#include <asm/current.h>
#include <asm/msr.h>
#include <asm/p2m.h>
#include <asm/spec_ctrl.h>
#include <asm/vlapic.h>
#include "svm.h"

/* What entry.S believes. */
BUILD_BUG_ON(offsetof(struct cpu_user_regs, rbp) != 32);
BUILD_BUG_ON(offsetof(struct cpu_user_regs, r8) != 72);
BUILD_BUG_ON(offsetof(struct cpu_user_regs, rcx) != 88);
BUILD_BUG_ON(offsetof(struct cpu_user_regs, rdi) != 112);

static void load_registers(struct vcpu *v, struct vmcb *c)
{
    const struct cpu_user_regs *r = &v->arch.regs;

    c->rax = r->rax;
    c->rip = r->rip;
    c->rsp = r->rsp;
    c->rflags = r->rflags;
    c->vintr = (c->vintr & ~VINTR_TPR_MASK) | (vlapic_get_cr8(v) & VINTR_TPR_MASK);
}

static void store_registers(struct vcpu *v, struct vmcb *c)
{
    struct cpu_user_regs *r = &v->arch.regs;
    struct hvm_vcpu *h = &v->arch.hvm;
    uint8_t tpr = c->vintr & VINTR_TPR_MASK;

    r->rax = c->rax;
    r->rip = c->rip;
    r->rsp = c->rsp;
    r->rflags = c->rflags;
    r->cs = c->cs.sel;
    r->ss = c->ss.sel;
    /* Not all writes to these exit. */
    h->guest_cr[0] = c->cr0;
    h->guest_cr[2] = c->cr2;
    h->guest_cr[3] = c->cr3;
    h->guest_cr[4] = c->cr4;
    h->efer = c->efer & ~(uint64_t)EFER_SVME;
    h->dr6 = c->dr6;
    h->dr7 = c->dr7;
    h->insn_retired = false;
    if (tpr != vlapic_get_cr8(v))
        vlapic_set_cr8(v, tpr);
    /* The guest's breakpoints must not hit in the hypervisor. */
    if (c->dr7 & 0xff)
        __asm__ volatile("mov %0, %%db7" ::"r"(DR7_RESET));
}

/* Translations that a p2m commit has made stale while v was not in the guest. */
static void follow_p2m(struct vcpu *v)
{
    uint64_t generation = p2m_tlb_generation(v->domain);

    if (generation == v->arch.hvm.p2m_gen)
        return;
    v->arch.hvm.p2m_gen = generation;
    svm_flush_vcpu_tlb(v);
}

/* The choice is made on this side: no branch is to be trusted behind the exit. */
static void vmrun(struct cpu_user_regs *regs, paddr_t guest, paddr_t host)
{
    switch (spec_exit) {
    case 0:
        svm_vmrun(regs, guest, host);
        break;
    case SPEC_EXIT_RSB:
        svm_vmrun_rsb(regs, guest, host);
        break;
    case SPEC_EXIT_IBPB:
        svm_vmrun_ibpb(regs, guest, host);
        break;
    default:
        svm_vmrun_ibpb_rsb(regs, guest, host);
        break;
    }
}

/* Interrupts off from the last check for work until the exit. */
static void enter_guest(struct vcpu *v)
{
    struct svm_vcpu *s = svm_of(v);
    struct vmcb *c = s->vmcb;

    c->eventinj = 0;
    svm_prepare_events(v);
    follow_p2m(v);
    svm_asid_assign(v);
    load_registers(v, c);
    if (unlikely(s->stepping))
        svm_arm_step(v);
    c->clean = 0;
    vmrun(&v->arch.regs, s->vmcb_pa, this_cpu(svm_host_vmcb));
    store_registers(v, c);
    svm_settle_offer(v);
}

void svm_run(struct vcpu *v)
{
    svm_io_map_prepare(v);
    for (;;) {
        if (softirq_pending())
            hvm_run_softirqs(v);
        hvm_dev_before_entry(v);
        irq_disable();
        /* Looked at once more: a kick from here on ends the guest at once. */
        if (softirq_pending() || vlapic_start_pending(v->arch.hvm.vlapic)) {
            irq_enable();
            continue;
        }
        enter_guest(v);
        irq_enable();
        svm_save_interrupted_event(v);
        svm_handle_exit(v);
    }
}
