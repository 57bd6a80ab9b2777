/* SPDX-License-Identifier: GPL-2.0-only */
/* What each CPU switches on before it runs anything else. */
#ifndef ASM_CPU_INIT_H
#define ASM_CPU_INIT_H

/* On each CPU, once, after cpu_policy_init(); the boot CPU first. Panics on a CPU that
 * lacks what the boot CPU has. FPU and XCR0 are asm/xstate.h's. */
void cpu_init(void);

/* For apic_init(): number the processors of the MADT, CPU 0 is this one. */
void smp_boot_cpu_init(void);

#endif
