/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercall handlers, dispatch and continuations (xen/common/hypercall/).
 *
 * Every handler has one shape: six argument registers in, the guest's rax out. The
 * declarative table in xen/common/hypercall/table.c holds number, name, argument count
 * and who may call.
 */
#ifndef XEN_HYPERCALL_H
#define XEN_HYPERCALL_H

#include <xen/compiler.h>
#include <xen/types.h>
#include <xen/errno.h>

struct vcpu;

#define HYPERCALL(name) long hypercall_##name(const unsigned long *a)
HYPERCALL(memory_op);
HYPERCALL(set_timer_op);
HYPERCALL(xen_version);
HYPERCALL(console_io);
HYPERCALL(grant_table_op);
HYPERCALL(vm_assist);
HYPERCALL(vcpu_op);
HYPERCALL(multicall);
HYPERCALL(sched_op);
HYPERCALL(callback_op);
HYPERCALL(xsm_op);
HYPERCALL(event_channel_op);
HYPERCALL(physdev_op);
HYPERCALL(hvm_op);
HYPERCALL(sysctl);
HYPERCALL(domctl);
HYPERCALL(platform_op);
HYPERCALL(hypfs_op);
HYPERCALL(dm_op);
HYPERCALL(test_op); /* CONFIG_FAULT_INJECTION only: test_op.h */

/*
 * Run call nr of current with args. Returns the value for rax, or -ERESTART after
 * replacing args when the call is to be issued again (the caller then does not advance
 * the guest's instruction pointer and loads args into its argument registers).
 */
long hypercall_dispatch(unsigned int nr, unsigned long args[6]);

/*
 * Handlers: stop here and run again with these arguments. Use: return
 * hypercall_continue(new_args). Arguments the handler does not use may be left as they
 * were.
 */
long hypercall_continue(const unsigned long *args);

/* An event waits for v, which is current, and its interrupt flag does not hold it off. */
bool vcpu_event_deliverable(struct vcpu *v);

/* A long loop should stop: softirq work or an event for current waits (I6). */
bool hypercall_preempt_check(void);

/*
 * Write current's registered run state and time areas (guest virtual addresses). No lock
 * held; the scheduler calls it after a vCPU was switched in. An area that cannot be
 * written is skipped.
 */
void vcpu_runstate_publish(struct vcpu *v);

/* v's run state to gva of current (compat: as 32-bit guests read it). 0 or -EFAULT. */
int __must_check vcpu_runstate_write(struct vcpu *v, uint64_t gva, bool compat);

/* Number of calls made by each vCPU or domain is in the debug key dump. */
const char *hypercall_name(unsigned int nr);

#endif
