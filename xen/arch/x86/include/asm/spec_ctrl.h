/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What keeps a guest from steering what the CPU does ahead of time, where boot chooses it
 * (spec-ctrl= in docs/spec-ctrl.md). Thunks (entry/thunk.S) are always there.
 * AMD APM vol. 2 3.2.9 (PRED_CMD), 3.1.7 (EFER); vol. 3 E.4.7, E.4.17 (CPUID).
 */
#ifndef ASM_SPEC_CTRL_H
#define ASM_SPEC_CTRL_H

#include <xen/types.h>

struct vcpu;

/* Bits of spec_exit: what is done behind each exit; each value has its svm_vmrun_... */
#define SPEC_EXIT_RSB  1
#define SPEC_EXIT_IBPB 2

/* Constant after spec_ctrl_init(). */
extern uint8_t spec_exit;

/*
 * Choose, by the options and by cpu_policy_host, and say on the console what is in force.
 * The boot CPU, once, behind cpu_policy_init() and before spec_ctrl_cpu_init().
 */
void spec_ctrl_init(void);

/* On each CPU, once: switch on what a CPU has a bit for. */
void spec_ctrl_cpu_init(void);

/* A number for a new vCPU that no other ever had: what spec_ctrl_switch_in() goes by. */
void spec_ctrl_vcpu_init(struct vcpu *v);

/*
 * v, not idle, is about to run on this CPU: forget the branches of another vCPU that ran
 * here last, of the same domain or not. Interrupts off.
 */
void spec_ctrl_switch_in(const struct vcpu *v);

#endif
