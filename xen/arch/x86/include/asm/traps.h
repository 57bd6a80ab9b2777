/* SPDX-License-Identifier: GPL-2.0-only */
/* Exceptions, and the tables (GDT, IDT, TSS) that a CPU needs to take them. */
#ifndef ASM_TRAPS_H
#define ASM_TRAPS_H

#include <xen/types.h>
#include <public/xen.h>

#define XEN_CS  0x08
#define XEN_DS  0x10
#define XEN_TSS 0x18

#define TRAP_NMI 2
#define TRAP_DF  8
#define TRAP_PF  14
#define TRAP_MC  18

/* Once, on the boot CPU: fill the IDT that all CPUs share. */
void traps_init(void);
/*
 * On each CPU, the boot CPU included, with %gs already at its per-CPU area: load GDT, TSS
 * and IDT. The CPU's IST stacks (traps_alloc_stacks) exist already; false on the boot CPU
 * before the heap is fine, its stacks are static.
 */
void traps_load(unsigned int cpu);
/* Stacks for #DF, NMI and #MC of a CPU about to be started: 0 or -ENOMEM. */
int traps_alloc_stacks(unsigned int cpu);
/* Lowest address of cpu's n-th such stack (#DF, NMI, #MC), or NULL: not yet there. */
const void *ist_stack(unsigned int cpu, unsigned int n);

/*
 * NMI handlers are asked in order until one says the NMI was its own. They run on an
 * own stack with everything off: no locks, no printk but through a panic.
 */
typedef bool (*nmi_handler_t)(const struct cpu_user_regs *regs);
int nmi_register(nmi_handler_t fn);

/* From the entry stubs. */
void do_exception(struct cpu_user_regs *regs);

#endif
