/* SPDX-License-Identifier: GPL-2.0-only */
/* Message-signalled interrupts as interrupt sources (APM vol. 2, 16.11). */
#include <xen/errno.h>
#include <xen/iommu.h>
#include <xen/lib.h>
#include <xen/smp.h>
#include <asm/cpu.h>

#include "private.h"

#define MSI_ADDRESS       0xfee00000ULL
#define MSI_ADDR_DEST(id) ((uint64_t)(id) << 12)

static bool is_remapped(const struct msi_source *src)
{
    return src->pdev && iommu && iommu_intremap && iommu->remap_msi;
}

/* Fixed delivery, physical destination, edge: all other fields are zero. */
static int msi_program(struct irq_desc *desc)
{
    struct msi_source *src = desc->msi;
    struct msi_msg msg = {
        .address = MSI_ADDRESS | MSI_ADDR_DEST(cpu_apic_id(desc->cpu)),
        .data = desc->vector,
    };
    int rc = 0;

    if (is_remapped(src))
        rc = iommu->remap_msi(src->pdev, src->entry, &msg);
    if (!rc)
        src->write_msg(src, &msg);
    return rc;
}

static void msi_set_mask(struct irq_desc *desc, bool masked)
{
    desc->msi->set_mask(desc->msi, masked);
}

static const struct irq_source msi_irq_source = {
    .name = "MSI",
    .program = msi_program,
    .set_mask = msi_set_mask,
};

int irq_alloc_msi(struct msi_source *src)
{
    struct irq_desc *desc = NULL;
    unsigned int irq;
    int rc = -ENOSPC;

    spin_lock(&irq_setup_lock);
    for (irq = nr_gsis; irq < nr_irqs; irq++) {
        if (!irq_table[irq].source) {
            desc = &irq_table[irq];
            break;
        }
    }
    if (desc) {
        desc->msi = src;
        desc->level = desc->active_low = false;
        desc->hw_masked = true;
        desc->count = 0;
        desc->source = &msi_irq_source;
        src->set_mask(src, true);
        rc = irq_route(desc, &cpu_online_map);
        if (rc) {
            desc->source = NULL;
            desc->msi = NULL;
        }
    }
    spin_unlock(&irq_setup_lock);
    return rc ? rc : (int)irq;
}

void irq_free_msi(unsigned int irq)
{
    struct irq_desc *desc = irq_desc_get(irq);
    struct msi_source *src;

    if (!desc || irq < nr_gsis)
        return;
    spin_lock(&irq_setup_lock);
    src = desc->msi;
    /* Who still has a handler on it loses it first: nothing must use src later. */
    if (src && desc->guest)
        irq_unbind_from_guest(desc, desc->guest);
    if (src && !desc->fn) {
        irq_unroute(desc);
        if (is_remapped(src))
            iommu->unmap_msi(src->pdev, src->entry);
        desc->source = NULL;
        desc->msi = NULL;
    }
    spin_unlock(&irq_setup_lock);
}
