/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Local APIC (APM vol. 2 chapter 16, SDM vol. 3 chapter 11): registers, interprocessor
 * interrupts, the one-shot timer. Implementation: xen/arch/x86/intr/.
 */
#ifndef ASM_APIC_H
#define ASM_APIC_H

#include <xen/cpumask.h>
#include <xen/types.h>

/* Register offsets; an x2APIC has them as MSRs 0x800 + offset / 16. */
#define APIC_ID         0x020
#define APIC_LVR        0x030
#define APIC_TPR        0x080
#define APIC_EOI        0x0b0
#define APIC_LDR        0x0d0
#define APIC_DFR        0x0e0
#define APIC_SVR        0x0f0
#define APIC_ISR        0x100
#define APIC_TMR        0x180
#define APIC_IRR        0x200
#define APIC_ESR        0x280
#define APIC_LVT_CMCI   0x2f0
#define APIC_ICR        0x300
#define APIC_ICR_HIGH   0x310
#define APIC_LVT_TIMER  0x320
#define APIC_LVT_THERM  0x330
#define APIC_LVT_PERF   0x340
#define APIC_LVT_LINT0  0x350
#define APIC_LVT_LINT1  0x360
#define APIC_LVT_ERROR  0x370
#define APIC_TIMER_INIT 0x380
#define APIC_TIMER_CUR  0x390
#define APIC_TIMER_DIV  0x3e0

#define APIC_SVR_ENABLE    (1U << 8)
#define APIC_LVT_MASKED    (1U << 16)
#define APIC_LVT_LEVEL     (1U << 15)
#define APIC_LVT_ACTIVE_LOW (1U << 13)
#define APIC_DELIVERY_FIXED (0U << 8)
#define APIC_DELIVERY_NMI  (4U << 8)
#define APIC_DELIVERY_INIT (5U << 8)
#define APIC_DELIVERY_SIPI (6U << 8)
#define APIC_DELIVERY_EXTINT (7U << 8)
#define APIC_ICR_BUSY      (1U << 12)
#define APIC_ICR_ASSERT    (1U << 14)
#define APIC_ICR_LEVEL     (1U << 15)
#define APIC_TIMER_DEADLINE (2U << 17)

extern bool apic_x2mode;          /* all CPUs use x2APIC mode */

uint32_t apic_read(unsigned int reg);
void apic_write(unsigned int reg, uint32_t val);
void apic_eoi(void);
uint32_t apic_my_id(void);

/*
 * Boot: find the registers, choose the mode, number the CPUs; 0 or -ENODEV. Needs the
 * MADT.
 */
int apic_init(void);
/* On each CPU, with interrupts off: enable it and set its local vectors. */
void apic_cpu_init(void);
/* Boot, after the time sources: find the rate of the timer and switch it on. */
int apic_timer_init(void);
void apic_timer_cpu_init(void);

/*
 * Interprocessor interrupts; the target is another CPU and has an APIC id. Any context.
 */
void apic_send_vector(unsigned int cpu, uint8_t vector);
void apic_send_mask(const cpumask_t *mask, uint8_t vector); /* the sender is left out */
void apic_send_nmi(unsigned int cpu);
/* Raw command for starting processors; waits until it is sent: 0 or -ETIMEDOUT. */
int apic_send_command(uint32_t apic_id, uint32_t command);

/* Is the vector requested but not yet in service on this CPU? */
bool apic_vector_requested(uint8_t vector);
/* In service as level-triggered: its EOI goes to the I/O APICs as well. */
bool apic_vector_is_level(uint8_t vector);

void smp_ipi_init(void); /* boot, once: vectors of the interprocessor interrupts */

#endif
