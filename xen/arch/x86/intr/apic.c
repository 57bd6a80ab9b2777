/* SPDX-License-Identifier: GPL-2.0-only */
/* The local APIC: modes, enabling, local vectors, commands to other CPUs. */
#include <xen/acpi.h>
#include <xen/errno.h>
#include <xen/init.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/param.h>
#include <xen/percpu.h>
#include <xen/smp.h>
#include <xen/time.h>
#include <asm/apic.h>
#include <asm/cpu.h>
#include <asm/cpu_init.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/traps.h>
#include <asm/vectors.h>

#include "private.h"

#define APIC_REG_SPACE 0x1000
#define ERRORS_SHOWN 8
#define APIC_BASE_ADDR_MASK 0x000ffffffffff000UL

bool apic_x2mode __ro_after_init;
static volatile void *apic_mmio __ro_after_init;

static bool opt_x2apic __initdata = true;
bool_param("x2apic", opt_x2apic);

static DEFINE_PER_CPU(unsigned int, apic_errors);

uint32_t apic_read(unsigned int reg)
{
    if (apic_x2mode)
        return (uint32_t)rdmsr(MSR_X2APIC_FIRST + reg / 16);
    return mmio_read32((const volatile char *)apic_mmio + reg);
}

void apic_write(unsigned int reg, uint32_t val)
{
    if (apic_x2mode)
        wrmsr(MSR_X2APIC_FIRST + reg / 16, val);
    else
        mmio_write32((volatile char *)apic_mmio + reg, val);
}

void apic_eoi(void)
{
    apic_write(APIC_EOI, 0);
}

uint32_t apic_my_id(void)
{
    uint32_t id = apic_read(APIC_ID);

    return apic_x2mode ? id : id >> 24;
}

bool apic_vector_requested(uint8_t vector)
{
    return apic_read(APIC_IRR + vector / 32 * 16) & (1U << (vector % 32));
}

bool apic_vector_is_level(uint8_t vector)
{
    return apic_read(APIC_TMR + vector / 32 * 16) & (1U << (vector % 32));
}

/* --- commands ---------------------------------------------------------------------- */

/* xAPIC only: the command register takes no new command while one is on its way. */
static int wait_icr_idle(void)
{
    unsigned int i;

    for (i = 0; i < 100000; i++) {
        if (!(apic_read(APIC_ICR) & APIC_ICR_BUSY))
            return 0;
        cpu_relax();
    }
    return -ETIMEDOUT;
}

/* Hand the command over, once the one before is on its way. Interrupts are off. */
static int write_icr(uint32_t apic_id, uint32_t command)
{
    int rc;

    if (apic_x2mode) {
        /* The MSR write is not ordered with earlier stores (SDM vol. 3, 11.12.3). */
        smp_mb();
        wrmsr(MSR_X2APIC_FIRST + APIC_ICR / 16, (uint64_t)apic_id << 32 | command);
        return 0;
    }
    rc = wait_icr_idle();
    if (!rc) {
        apic_write(APIC_ICR_HIGH, apic_id << 24);
        apic_write(APIC_ICR, command);
    }
    return rc;
}

int apic_send_command(uint32_t apic_id, uint32_t command)
{
    uint64_t flags = irq_save();
    int rc = write_icr(apic_id, command);

    if (!rc && !apic_x2mode)
        rc = wait_icr_idle();
    irq_restore(flags);
    return rc;
}

/* An interrupt in between would send with our destination. */
static void send_ipi(unsigned int cpu, uint32_t command)
{
    uint64_t flags = irq_save();

    write_icr(cpu_apic_id(cpu), command | APIC_ICR_ASSERT);
    irq_restore(flags);
}

void apic_send_vector(unsigned int cpu, uint8_t vector)
{
    send_ipi(cpu, APIC_DELIVERY_FIXED | vector);
}

void apic_send_mask(const cpumask_t *mask, uint8_t vector)
{
    unsigned int cpu, self = smp_processor_id();

    for_each_cpu(cpu, mask)
        if (cpu != self)
            apic_send_vector(cpu, vector);
}

void apic_send_nmi(unsigned int cpu)
{
    send_ipi(cpu, APIC_DELIVERY_NMI);
}

/* --- local vectors ------------------------------------------------------------------ */

/* No EOI: the spurious vector is never in service (APM vol. 2, 16.4.7). */
static void spurious_vector(struct cpu_user_regs *regs)
{
}

static void error_vector(struct cpu_user_regs *regs)
{
    uint32_t esr;

    /* The write latches what has gathered since the last one. */
    apic_write(APIC_ESR, 0);
    esr = apic_read(APIC_ESR);
    apic_eoi();
    if (this_cpu(apic_errors)++ < ERRORS_SHOWN)
        printk(XENLOG_WARNING "CPU%u: APIC error %02x\n", smp_processor_id(), esr);
}

/* Connect the NMI inputs that the firmware names for this processor. */
static void set_nmi_inputs(uint32_t acpi_uid)
{
    const struct acpi_madt *madt = &acpi_host.madt;
    uint32_t i;

    for (i = 0; i < madt->nmis; i++) {
        const struct acpi_lapic_nmi *nmi = &madt->nmi[i];

        if ((nmi->uid != ACPI_NMI_ALL_CPUS && nmi->uid != acpi_uid) || nmi->lint > 1)
            continue;
        apic_write(nmi->lint ? APIC_LVT_LINT1 : APIC_LVT_LINT0, APIC_DELIVERY_NMI);
    }
}

/* A loader or an earlier kernel may have left vectors in service. */
static void drain_in_service(void)
{
    int rounds, i;

    for (rounds = 0; rounds < 256; rounds++) {
        bool any = false;

        for (i = 0; i < 8; i++)
            any |= apic_read(APIC_ISR + (unsigned int)i * 16) != 0;
        if (!any)
            return;
        apic_eoi();
    }
}

/* x2APIC mode is entered from xAPIC mode only (SDM vol. 3, 11.12.5). */
static void enter_mode(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE;

    wrmsr(MSR_APIC_BASE, base);
    if (apic_x2mode && !(base & APIC_BASE_EXTD))
        wrmsr(MSR_APIC_BASE, base | APIC_BASE_EXTD);
}

void apic_cpu_init(void)
{
    uint32_t max_lvt;

    enter_mode();
    max_lvt = (apic_read(APIC_LVR) >> 16) & 0xff;
    apic_write(APIC_SVR, APIC_SVR_ENABLE | VECTOR_SPURIOUS);
    /* Accept nothing below 0x20: those are exceptions. */
    apic_write(APIC_TPR, 0x10);
    apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | VECTOR_TIMER);
    apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED | APIC_DELIVERY_EXTINT);
    apic_write(APIC_LVT_LINT1, APIC_LVT_MASKED);
    if (max_lvt >= 4)
        apic_write(APIC_LVT_PERF, APIC_LVT_MASKED);
    if (max_lvt >= 5)
        apic_write(APIC_LVT_THERM, APIC_LVT_MASKED);
    drain_in_service();
    set_nmi_inputs(cpu_acpi_id(smp_processor_id()));

    apic_write(APIC_ESR, 0);
    apic_write(APIC_LVT_ERROR, VECTOR_ERROR);
}

/* --- boot --------------------------------------------------------------------------- */

static bool __init want_x2apic(uint64_t base)
{
    if (!cpu_has(X86_FEATURE_X2APIC))
        return false;
    /* Leaving the mode that the firmware chose would need a reset of the APIC. */
    if (base & APIC_BASE_EXTD)
        return true;
    return opt_x2apic;
}

int __init apic_init(void)
{
    uint64_t base;
    paddr_t pa;

    if (!cpu_has(X86_FEATURE_APIC)) {
        printk(XENLOG_ERR "This processor has no local APIC\n");
        return -ENODEV;
    }
    base = rdmsr(MSR_APIC_BASE);
    apic_x2mode = want_x2apic(base);
    if (!apic_x2mode) {
        pa = base & APIC_BASE_ADDR_MASK;
        if (acpi_host.madt.lapic_addr != pa)
            printk(XENLOG_WARNING "APIC at %#lx, the MADT says %#lx\n", pa,
                   acpi_host.madt.lapic_addr);
        apic_mmio = ioremap(pa, APIC_REG_SPACE);
        if (!apic_mmio)
            return -ENOMEM;
    }
    vector_register(VECTOR_SPURIOUS, spurious_vector);
    vector_register(VECTOR_ERROR, error_vector);
    enter_mode();
    pic_disable();
    smp_boot_cpu_init();
    apic_cpu_init();
    printk(XENLOG_INFO "Local APIC: %s mode, version %#x, boot CPU has id %u\n",
           apic_x2mode ? "x2APIC" : "xAPIC", apic_read(APIC_LVR) & 0xff, apic_my_id());
    return 0;
}
