/* SPDX-License-Identifier: GPL-2.0-only */
/* Host interrupts that belong to a guest, and the list of all interrupts. */
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/pci.h>

#include "private.h"

/* A message belongs to whoever owns the device, a GSI to whoever was given it (I7). */
static bool may_use(struct domain *d, const struct irq_desc *desc)
{
    if (desc->irq >= nr_gsis)
        return desc->msi && desc->msi->pdev && desc->msi->pdev->domain == d;
    return rangeset_contains(&d->irq_caps, desc->irq, desc->irq);
}

int irq_bind_guest(unsigned int irq, struct domain *d, irq_handler_t fn, void *data)
{
    struct irq_desc *desc = irq_desc_get(irq);
    int rc;

    if (!desc || !fn)
        return -EINVAL;
    spin_lock(&irq_setup_lock);
    rc = may_use(d, desc) ? irq_bind_to_guest(desc, d, fn, data) : -EPERM;
    spin_unlock(&irq_setup_lock);
    return rc;
}

void irq_unbind_guest(unsigned int irq, struct domain *d)
{
    struct irq_desc *desc = irq_desc_get(irq);

    if (!desc)
        return;
    spin_lock(&irq_setup_lock);
    irq_unbind_from_guest(desc, d);
    spin_unlock(&irq_setup_lock);
}

static void dump_one(struct irq_desc *desc)
{
    uint64_t flags = spin_lock_irqsave(&desc->lock);
    struct irq_desc copy = *desc;

    spin_unlock_irqrestore(&desc->lock, flags);
    if (!copy.fn && !copy.count)
        return;
    printk("  irq %u %s %s CPU%u vector %#x count %lu%s%s", copy.irq, copy.source->name,
           copy.level ? "level" : "edge", copy.cpu, copy.vector, copy.count,
           copy.hw_masked ? " masked" : "", copy.awaits_guest ? " in service" : "");
    if (copy.irq < nr_gsis)
        printk(" entry %016lx", ioapic_read_entry(copy.irq));
    if (copy.guest)
        printk(" %pd\n", copy.guest);
    else
        printk(" %s\n", copy.name ? copy.name : "unused");
}

void irq_dump(void)
{
    unsigned int irq, cpu;

    printk("Interrupts (%u GSIs, room for %u):\n", nr_gsis, nr_irqs);
    for (irq = 0; irq < nr_irqs; irq++) {
        if (irq_desc_get(irq))
            dump_one(&irq_table[irq]);
        if (irq % 64 == 0)
            process_pending_softirqs();
    }
    for_each_online_cpu(cpu)
        printk("  CPU%u: %u device vectors\n", cpu, vectors_in_use(cpu));
}
