/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared among the files of hvm/svm/. */
#ifndef SVM_PRIVATE_H
#define SVM_PRIVATE_H

#include <xen/domain.h>
#include <xen/percpu.h>
#include "../private.h"
#include "vmcb.h"

/* CPUID 0x8000000a EDX (APM vol. 3 E.4.9). */
#define SVM_FEATURE_NPT       (1u << 0)
#define SVM_FEATURE_NRIPS     (1u << 3)
#define SVM_FEATURE_FLUSHASID (1u << 6)
#define SVM_FEATURE_DECODE    (1u << 7)

struct svm_vcpu {
    struct vmcb *vmcb;
    paddr_t vmcb_pa;
    /* Address space id: good on one CPU while its generation is that CPU's. */
    unsigned int asid_cpu;
    uint32_t asid;
    uint64_t asid_gen;
    bool dr_loaded;             /* the CPU has the guest's DR0-3, no DR intercept */
    struct hvm_intr offered;    /* the CPU's to deliver, until the exit */
    /* step.c: the IRET is next; at which RIP, in which task, the guest's TF and DR6. */
    bool stepping, step_tf;
    uint16_t step_tr;
    uint64_t step_rip, step_dr6;
    bool io_ready;              /* domain 0: the permission map is in place */
};

static inline struct svm_vcpu *svm_of(struct vcpu *v)
{
    return v->arch.hvm.vendor;
}

static inline struct vmcb *vmcb_of(struct vcpu *v)
{
    return svm_of(v)->vmcb;
}

/* #DB and #AC can be made to recur for ever within one instruction (XSA-156). */
#define SVM_EXCEPTIONS (1u << EXC_DB | 1u << EXC_AC | 1u << EXC_MC)

extern uint32_t svm_features;       /* EDX, constant after boot */
extern uint32_t svm_max_asid;

/*
 * Permission maps: one for all guests, all-ones; MSRs with the pass-through ones clear.
 */
extern void *svm_iopm, *svm_msrpm;
DECLARE_PER_CPU(paddr_t, svm_host_vmcb);

int svm_cpu_up(void);
void svm_cpu_down(void);
int svm_maps_init(void);
int svm_domain_init(struct domain *d);
void svm_domain_destroy(struct domain *d);
/* Domain 0's own I/O map, filled when its first vCPU is about to run. */
void svm_io_map_prepare(struct vcpu *v);

int svm_vcpu_init(struct vcpu *v);
void svm_vcpu_destroy(struct vcpu *v);
void svm_switch_out(struct vcpu *v);
void svm_switch_in(struct vcpu *v);
void svm_get_segment(struct vcpu *v, enum hvm_seg seg, struct segment_reg *r);
void svm_set_segment(struct vcpu *v, enum hvm_seg seg, const struct segment_reg *r);
unsigned int svm_code_attr(struct vcpu *v);
unsigned int svm_cpl(struct vcpu *v);
void svm_update_cr(struct vcpu *v, unsigned int cr);
void svm_update_efer(struct vcpu *v);
/* The guest touched a debug register: give it the real ones until it is switched out. */
void svm_take_debug_registers(struct vcpu *v);

/* asid.c */
void svm_asid_cpu_init(void);
void svm_asid_assign(struct vcpu *v);
void svm_flush_guest_tlb(void);
void svm_flush_vcpu_tlb(struct vcpu *v);

/* intr.c; right after an exit, svm_settle_offer() first. */
void svm_settle_offer(struct vcpu *v);
void svm_save_interrupted_event(struct vcpu *v);
void svm_prepare_events(struct vcpu *v);

/*
 * step.c, all for current. The guest is at the IRET that ends an NMI's handler: execute
 * it alone before NMIs come again. While stepping is set: svm_step_now() before events
 * are looked at (true: there are to be none at this entry), svm_arm_step() when the VMCB
 * has the registers, and svm_step_exit() after the exit (true: handled).
 */
void svm_begin_step(struct vcpu *v);
bool svm_step_now(struct vcpu *v);
/* Nothing ends the step of itself: the guest runs on until some exit. */
bool svm_step_runs_on(const struct vcpu *v);
void svm_arm_step(struct vcpu *v);
bool svm_step_exit(struct vcpu *v);

/* exit.c */
void svm_handle_exit(struct vcpu *v);

/* run.c, entry.S */
noreturn void svm_run(struct vcpu *v);
/*
 * Into the guest and back, with the physical addresses of its VMCB and of this CPU's;
 * behind the exit with what the name says (asm/spec_ctrl.h). Interrupts off.
 */
typedef void svm_vmrun_fn(struct cpu_user_regs *regs, paddr_t guest, paddr_t host);
svm_vmrun_fn svm_vmrun, svm_vmrun_rsb, svm_vmrun_ibpb, svm_vmrun_ibpb_rsb;

#endif
