/* SPDX-License-Identifier: GPL-2.0-only */
/* Birth and death of hardware-virtualised domains and vCPUs, and small helpers. */
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/smp.h>
#include <xen/softirq.h>
#include <xen/time.h>
#include <asm/cpu.h>
#include <asm/current.h>
#include <asm/cpu_policy.h>
#include <asm/msr.h>
#include <asm/xstate.h>
#include <public/sched.h>
#include "private.h"

const struct hvm_ops *hvm;

#define PAT_RESET       0x0007040600070406ULL
#define RFLAGS_RESERVED 0x2ULL

int hvm_init(void)
{
    const struct hvm_ops *ops = svm_probe();
    int rc;

    if (!ops)
        return -ENODEV;
    rc = xstate_init();
    if (rc)
        return rc;
    hvm = ops;
    hvm_register_cpu_records();
    hvm_dev_init();
    cpu_policy_init_guests(true);
    printk(XENLOG_INFO "HVM: %s with nested paging\n", hvm->name);
    return hvm_cpu_up();
}

int hvm_cpu_up(void)
{
    xstate_init_cpu();
    return hvm ? hvm->cpu_up() : 0;
}

int hvm_domain_init(struct domain *d)
{
    struct hvm_domain *hd = &d->arch.hvm;
    int rc;

    spin_lock_init(&hd->lock, LOCK_HVM, "hvm");
    hd->params[HVM_PARAM_TRIPLE_FAULT_REASON] = SHUTDOWN_reboot;
    rc = hvm->domain_init(d);
    return rc ? rc : hvm_dev_domain_init(d);
}

int hvm_domain_relinquish(struct domain *d)
{
    /* Devices stay until no vCPU can reach them; nothing here maps frames. */
    (void)d;
    return 0;
}

void hvm_domain_destroy(struct domain *d)
{
    hvm_dev_domain_destroy(d);
    hvm->domain_destroy(d);
}

int hvm_vcpu_init(struct vcpu *v)
{
    int rc;

    v->arch.hvm.pat = PAT_RESET;
    mtrr_init(v);
    rc = hvm->vcpu_init(v);
    if (rc)
        return rc;
    rc = hvm_dev_vcpu_init(v);
    if (rc) {
        hvm->vcpu_destroy(v);
        return rc;
    }
    hvm_vcpu_reset(v, 0xf000, 0xfff0);
    return 0;
}

void hvm_vcpu_destroy(struct vcpu *v)
{
    hvm_dev_vcpu_destroy(v);
    hvm->vcpu_destroy(v);
}

unsigned int hvm_cpl(struct vcpu *v)
{
    return hvm->cpl(v);
}

unsigned int hvm_code_bytes(struct vcpu *v)
{
    unsigned int attr;

    if (!(v->arch.hvm.guest_cr[0] & CR0_PE) || (v->arch.regs.rflags & X86_EFLAGS_VM))
        return 2;
    attr = hvm->code_attr(v);
    if ((v->arch.hvm.efer & EFER_LMA) && (attr & SEG_ATTR_L))
        return 8;
    return attr & SEG_ATTR_DB ? 4 : 2;
}

void hvm_skip_insn(struct vcpu *v, unsigned int len)
{
    struct cpu_user_regs *regs = &v->arch.regs;

    regs->rip += len;
    switch (hvm_code_bytes(v)) {
    case 2:
        regs->rip &= 0xffff;
        break;
    case 4:
        regs->rip &= 0xffffffff;
        break;
    }
    regs->rflags &= ~X86_EFLAGS_RF;
    v->arch.hvm.insn_retired = true;
    if (regs->rflags & X86_EFLAGS_TF) {
        v->arch.hvm.dr6 |= DR6_BS;
        hvm_inject_exception(v, EXC_DB, -1);
    }
}

void hvm_triple_fault(struct vcpu *v)
{
    struct domain *d = v->domain;
    unsigned int reason = (unsigned int)d->arch.hvm.params[HVM_PARAM_TRIPLE_FAULT_REASON];

    gprintk(XENLOG_WARNING, "triple fault\n");
    hvm_dump_vcpu(v);
    domain_shutdown(d, reason);
}

void hvm_run_softirqs(struct vcpu *v)
{
    s_time_t ran_since = v->sched.start;

    if (!do_softirq() && vcpu_runnable(v))
        softirq_put_off();
    /* Was away: the guest's copy of its run state is old. */
    if (v->sched.start != ran_since)
        vcpu_runstate_publish(v);
}

void vcpu_kick(struct vcpu *v)
{
    vcpu_unblock(v);
    if (v != current && read_once(v->sched.running))
        smp_kick(read_once(v->processor));
}

uint64_t hvm_guest_tsc(struct vcpu *v)
{
    return rdtsc() + (uint64_t)v->arch.hvm.tsc_offset;
}

void hvm_set_guest_tsc(struct vcpu *v, uint64_t tsc)
{
    v->arch.hvm.tsc_offset = (int64_t)(tsc - rdtsc());
    hvm->set_tsc_offset(v, v->arch.hvm.tsc_offset);
    if (v == current)
        update_vcpu_time(v);
}

void hvm_dump_vcpu(struct vcpu *v)
{
    const struct cpu_user_regs *r = &v->arch.regs;
    const uint64_t *cr = v->arch.hvm.guest_cr;
    struct segment_reg cs;

    hvm->get_segment(v, SEG_CS, &cs);
    printk(XENLOG_GUEST XENLOG_WARNING
           "%pv rip %04x:%016lx rflags %08lx rsp %016lx\n"
           "  rax %016lx rbx %016lx rcx %016lx rdx %016lx\n"
           "  rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n"
           "  r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n"
           "  r13 %016lx r14 %016lx r15 %016lx efer %lx\n"
           "  cr0 %lx cr2 %lx cr3 %lx cr4 %lx\n",
           v, cs.sel, r->rip, r->rflags, r->rsp, r->rax, r->rbx, r->rcx, r->rdx, r->rsi,
           r->rdi, r->rbp, r->r8, r->r9, r->r10, r->r11, r->r12, r->r13, r->r14, r->r15,
           v->arch.hvm.efer, cr[0], cr[2], cr[3], cr[4]);
}
