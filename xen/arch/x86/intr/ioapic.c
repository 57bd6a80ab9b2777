/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/O APICs (82093AA data sheet; ICH 9 data sheet 13.5) and the 8259s, which are put
 * away.
 */
#include <xen/acpi.h>
#include <xen/alloc.h>
#include <xen/errno.h>
#include <xen/init.h>
#include <xen/iommu.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/smp.h>
#include <xen/time.h>
#include <asm/cpu.h>
#include <asm/vectors.h>

#include "private.h"

#define REG_SELECT   0x00
#define REG_WINDOW   0x10
#define REG_EOI      0x40       /* from version 20h on */
#define IOAPIC_SPACE 0x1000

#define IOAPIC_VERSION   0x01
#define IOAPIC_RTE(pin)  (0x10 + 2 * (pin))

#define RTE_DELIVERY_MASK (7ULL << 8)
#define RTE_DELIVERY_SMI  (2ULL << 8)
#define RTE_ACTIVE_LOW    (1ULL << 13)
#define RTE_REMOTE_IRR    (1ULL << 14)
#define RTE_LEVEL         (1ULL << 15)
#define RTE_MASKED        (1ULL << 16)
#define RTE_DEST_SHIFT    56

#define ISA_IRQS 16
#define INTI_POLARITY(f) ((f) & 3)
#define INTI_TRIGGER(f)  (((f) >> 2) & 3)
#define INTI_LOW_OR_LEVEL 3
#define INTI_AS_THE_BUS   0

/*
 * How long an end of interrupt may be on its way (I8). No processor has to run for that:
 * the last one has sent it, or vector_retire() would not have let go of the old route.
 */
#define IRR_DEADLINE_MS 20

struct ioapic {
    volatile char *regs;
    unsigned int id, gsi_base, pins, version;
};

static struct ioapic ioapics[ACPI_MAX_IOAPICS] __ro_after_init;
static unsigned int nr_ioapics __ro_after_init;
static DEFINE_SPINLOCK(ioapic_lock, LOCK_IOAPIC); /* the select registers */
static uint32_t *rte_low;     /* by GSI: lower half without the mask [irq_desc.lock] */
static uint8_t isa_gsi[ISA_IRQS] __ro_after_init;

static struct ioapic *ioapic_of(unsigned int gsi)
{
    unsigned int i;

    for (i = 0; i < nr_ioapics; i++)
        if (gsi - ioapics[i].gsi_base < ioapics[i].pins)
            return &ioapics[i];
    return NULL;
}

static uint32_t reg_read(const struct ioapic *io, unsigned int reg)
{
    mmio_write32(io->regs + REG_SELECT, reg);
    return mmio_read32(io->regs + REG_WINDOW);
}

static void reg_write(const struct ioapic *io, unsigned int reg, uint32_t val)
{
    mmio_write32(io->regs + REG_SELECT, reg);
    mmio_write32(io->regs + REG_WINDOW, val);
}

static uint64_t entry_read(const struct ioapic *io, unsigned int pin)
{
    uint64_t flags = spin_lock_irqsave(&ioapic_lock);
    uint64_t rte = reg_read(io, IOAPIC_RTE(pin));

    rte |= (uint64_t)reg_read(io, IOAPIC_RTE(pin) + 1) << 32;
    spin_unlock_irqrestore(&ioapic_lock, flags);
    return rte;
}

uint64_t ioapic_read_entry(unsigned int gsi)
{
    const struct ioapic *io = ioapic_of(gsi);

    return io ? entry_read(io, gsi - io->gsi_base) : 0;
}

/* --- as an interrupt source --------------------------------------------------------- */

static void ioapic_set_mask(struct irq_desc *desc, bool masked)
{
    const struct ioapic *io = ioapic_of(desc->irq);
    unsigned int reg = IOAPIC_RTE(desc->irq - io->gsi_base);
    uint64_t flags = spin_lock_irqsave(&ioapic_lock);

    reg_write(io, reg, rte_low[desc->irq] | (masked ? (uint32_t)RTE_MASKED : 0));
    /* The read pushes the write to the chip before we go on. */
    if (masked)
        (void)reg_read(io, reg);
    spin_unlock_irqrestore(&ioapic_lock, flags);
}

/*
 * What the processor's EOI does not end: QEMU's AMD-Vi forgets the trigger mode, and a
 * remapped entry's vector field is no vector. Old chips end it by turning to edge and
 * back.
 */
static void ioapic_end_level(struct irq_desc *desc)
{
    const struct ioapic *io = ioapic_of(desc->irq);
    unsigned int reg = IOAPIC_RTE(desc->irq - io->gsi_base);
    uint32_t low = rte_low[desc->irq];
    uint64_t flags = spin_lock_irqsave(&ioapic_lock);

    if (io->version >= 0x20) {
        mmio_write32(io->regs + REG_EOI, low & 0xff);
    } else {
        reg_write(io, reg, (low & ~(uint32_t)RTE_LEVEL) | (uint32_t)RTE_MASKED);
        reg_write(io, reg, low | (desc->hw_masked ? (uint32_t)RTE_MASKED : 0));
    }
    spin_unlock_irqrestore(&ioapic_lock, flags);
}

static bool in_service(const struct ioapic *io, unsigned int pin)
{
    uint64_t both = RTE_REMOTE_IRR | RTE_LEVEL;

    return (entry_read(io, pin) & both) == both;
}

/*
 * A changed vector would never match the end of an interrupt that is still in service.
 * One that got lost is made up for, or the pin would be of no use to anybody any more.
 */
static int wait_remote_irr(const struct ioapic *io, struct irq_desc *desc)
{
    unsigned int pin = desc->irq - io->gsi_base;
    s_time_t deadline = NOW() + MILLISECS(IRR_DEADLINE_MS);
    uint64_t flags;

    while (in_service(io, pin) && NOW() <= deadline)
        cpu_relax();
    if (!in_service(io, pin))
        return 0;
    flags = spin_lock_irqsave(&desc->lock);
    ioapic_end_level(desc);
    spin_unlock_irqrestore(&desc->lock, flags);
    if (in_service(io, pin)) {
        printk(XENLOG_WARNING "GSI %u: interrupt stays in service\n", desc->irq);
        return -ETIMEDOUT;
    }
    printk(XENLOG_WARNING "GSI %u: end of interrupt was lost\n", desc->irq);
    return 0;
}

static int ioapic_program(struct irq_desc *desc)
{
    const struct ioapic *io = ioapic_of(desc->irq);
    unsigned int pin = desc->irq - io->gsi_base;
    uint64_t rte = RTE_MASKED | desc->vector, flags;
    int rc;

    rc = wait_remote_irr(io, desc);
    if (rc)
        return rc;
    if (desc->level)
        rte |= RTE_LEVEL;
    if (desc->active_low)
        rte |= RTE_ACTIVE_LOW;
    rte |= (uint64_t)cpu_apic_id(desc->cpu) << RTE_DEST_SHIFT;
    if (iommu && iommu_intremap && iommu->remap_ioapic) {
        rc = iommu->remap_ioapic(io->id, pin, &rte);
        if (rc)
            return rc;
    }

    flags = spin_lock_irqsave(&ioapic_lock);
    reg_write(io, IOAPIC_RTE(pin), (uint32_t)(rte | RTE_MASKED));
    reg_write(io, IOAPIC_RTE(pin) + 1, (uint32_t)(rte >> 32));
    rte_low[desc->irq] = (uint32_t)(rte & ~RTE_MASKED);
    spin_unlock_irqrestore(&ioapic_lock, flags);
    return 0;
}

static const struct irq_source ioapic_source = {
    .name = "IO-APIC",
    .program = ioapic_program,
    .set_mask = ioapic_set_mask,
    .end_level = ioapic_end_level,
};

/* --- boot --------------------------------------------------------------------------- */

/* Vectors that only spurious interrupts use, everything masked. */
void __init pic_disable(void)
{
    outb(0x11, 0x20);               /* ICW1: edge, cascade, ICW4 follows */
    outb(0x11, 0xa0);
    outb(VECTOR_PIC_FIRST, 0x21);   /* ICW2: vector base */
    outb(VECTOR_PIC_FIRST + 8, 0xa1);
    outb(1U << 2, 0x21);            /* ICW3: slave on input 2 */
    outb(2, 0xa1);
    outb(1, 0x21);                  /* ICW4: 8086 mode */
    outb(1, 0xa1);
    outb(0xff, 0x21);
    outb(0xff, 0xa1);
}

int __init ioapic_count_gsis(void)
{
    const struct acpi_madt *madt = &acpi_host.madt;
    unsigned int i, end = 0;

    for (i = 0; i < madt->ioapics; i++) {
        struct ioapic *io = &ioapics[nr_ioapics];

        io->regs = ioremap(madt->ioapic[i].addr, IOAPIC_SPACE);
        if (!io->regs)
            return -ENOMEM;
        io->id = madt->ioapic[i].id;
        io->gsi_base = madt->ioapic[i].gsi_base;
        io->version = reg_read(io, IOAPIC_VERSION) & 0xff;
        io->pins = ((reg_read(io, IOAPIC_VERSION) >> 16) & 0xff) + 1;
        if (io->pins > 240) {
            printk(XENLOG_WARNING "I/O APIC %u at %#x does not answer: ignored\n", io->id,
                   madt->ioapic[i].addr);
            continue;
        }
        printk(XENLOG_INFO "I/O APIC %u at %#x: GSIs %u-%u\n", io->id,
               madt->ioapic[i].addr, io->gsi_base, io->gsi_base + io->pins - 1);
        end = MAX(end, io->gsi_base + io->pins);
        nr_ioapics++;
    }
    if (!end) {
        printk(XENLOG_ERR "No I/O APIC found\n");
        return -ENODEV;
    }
    return (int)end;
}

/* SMI entries are the firmware's. */
static void __init mask_all(const struct ioapic *io)
{
    unsigned int pin;

    for (pin = 0; pin < io->pins; pin++) {
        uint64_t rte = entry_read(io, pin);

        if ((rte & RTE_DELIVERY_MASK) == RTE_DELIVERY_SMI)
            continue;
        reg_write(io, IOAPIC_RTE(pin), (uint32_t)RTE_MASKED);
        reg_write(io, IOAPIC_RTE(pin) + 1, 0);
    }
}

/* ISA interrupts are edge, active high; the SCI is level, active low (ACPI 5.2.9). */
static bool __init level_or_low(unsigned int flag, unsigned int isa_irq)
{
    bool is_sci = acpi_host.have_fadt && isa_irq == acpi_host.fadt.sci;

    return flag == INTI_LOW_OR_LEVEL || (flag == INTI_AS_THE_BUS && is_sci);
}

static void __init apply_overrides(void)
{
    const struct acpi_madt *madt = &acpi_host.madt;
    unsigned int i;

    for (i = 0; i < madt->overrides; i++) {
        const struct acpi_override *o = &madt->override[i];
        struct irq_desc *desc = o->gsi < nr_gsis ? &irq_table[o->gsi] : NULL;

        if (!desc || !desc->source || o->irq >= ISA_IRQS) {
            printk(XENLOG_WARNING "MADT: override of IRQ %u to GSI %u ignored\n", o->irq,
                   o->gsi);
            continue;
        }
        isa_gsi[o->irq] = (uint8_t)o->gsi;
        desc->level = level_or_low(INTI_TRIGGER(o->flags), o->irq);
        desc->active_low = level_or_low(INTI_POLARITY(o->flags), o->irq);
    }
}

int __init ioapic_init(void)
{
    unsigned int i, gsi;

    rte_low = xalloc_array(uint32_t, nr_gsis);
    if (!rte_low)
        return -ENOMEM;
    for (i = 0; i < nr_ioapics; i++)
        mask_all(&ioapics[i]);
    for (gsi = 0; gsi < nr_gsis; gsi++) {
        if (!ioapic_of(gsi))
            continue;
        irq_table[gsi].source = &ioapic_source;
        /* What a bus's interrupts are like, unless the firmware says otherwise. */
        irq_table[gsi].level = irq_table[gsi].active_low = gsi >= ISA_IRQS;
    }
    for (i = 0; i < ISA_IRQS; i++)
        isa_gsi[i] = (uint8_t)i;
    if (acpi_host.have_fadt && acpi_host.fadt.sci < nr_gsis) {
        irq_table[acpi_host.fadt.sci].level = true;
        irq_table[acpi_host.fadt.sci].active_low = true;
    }
    apply_overrides();
    return 0;
}

unsigned int irq_isa_gsi(unsigned int isa_irq)
{
    return isa_irq < ISA_IRQS ? isa_gsi[isa_irq] : isa_irq;
}
