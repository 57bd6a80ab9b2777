/* SPDX-License-Identifier: GPL-2.0-only */
/* What neutral code asks of the machine's other processors. on_cpus() is in softirq.h. */
#ifndef XEN_SMP_H
#define XEN_SMP_H

#include <xen/cpumask.h>
#include <xen/types.h>

/* Make cpu leave a guest or its halt so that it looks at its softirqs. Any context. */
void smp_kick(unsigned int cpu);

/* Start all other processors of the MADT, up to NR_CPUS and the maxcpus= option. */
void smp_boot_all(void);

/*
 * Stop every other CPU for good (panic, reboot): by interrupt, then by NMI for those that
 * do not answer. Bounded wait; any context, also with interrupts off. Idempotent.
 */
void smp_stop_others(void);

/* MADT facts about CPU cpu; ~0 when there is no such CPU. */
uint32_t cpu_apic_id(unsigned int cpu);
uint32_t cpu_acpi_id(unsigned int cpu);

#endif
