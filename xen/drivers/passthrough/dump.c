/* SPDX-License-Identifier: GPL-2.0-only */
/* What the debug keys show. */
#include <xen/domain.h>
#include <xen/init.h>
#include <xen/keyhandler.h>
#include <xen/lib.h>
#include <xen/pci.h>
#include <xen/softirq.h>

#include "private.h"

static void dump_space(const struct iommu_space *s)
{
    printk("  tag %u, root %#lx, %u levels, devices on unit:", s->id, s->tables.pt.root,
           s->tables.pt.levels);
    for (unsigned int i = 0; i < ACPI_MAX_IOMMUS; i++)
        if (s->served >> i & 1)
            printk(" %u: %u", i, s->users[i]);
    printk("\n");
}

void iommu_dump_domain(struct domain *d)
{
    struct domain_iommu *hd = &d->iommu;
    struct iommu_stats st;

    if (!hd->enabled) {
        printk("%pd: no device tables\n", d);
        return;
    }
    spin_lock(&hd->lock);
    st = hd->stats;
    spin_unlock(&hd->lock);
    printk("%pd: mirrored %s, flush commands %lu pages %lu waits %lu, faults %lu\n", d,
           hd->need_sync ? "yes" : "no", (unsigned long)st.flush_commands,
           (unsigned long)st.flush_pages, (unsigned long)st.flush_waits,
           (unsigned long)st.faults);
    dump_space(hd->priv);
}

void iommu_dump(void)
{
    printk("IOMMU: %s, interrupt remapping %s, deadline %u ms\n",
           iommu ? iommu->name : "none", iommu_intremap ? "on" : "off",
           iommu_deadline_ms);
    if (iommu)
        iommu->dump();
}

static void dump_devices(void)
{
    struct pci_dev *pdev;

    spin_lock(&pcidevs_lock);
    list_for_each(pdev, &pci_devices, link) {
        printk("  %pp %04x:%04x class %06x faults %u ", &pdev->sbdf.v, pdev->vendor,
               pdev->device, pdev->class_rev >> 8, pdev->fault_count);
        if (pdev->is_hidden)
            printk("hypervisor\n");
        else if (pdev->domain)
            printk("%pd\n", pdev->domain);
        else
            printk("%s\n", pdev->quarantined ? "quarantine" : "unassigned");
    }
    spin_unlock(&pcidevs_lock);
}

static void key_devices(unsigned char key)
{
    (void)key;
    dump_devices();
}

static void key_units(unsigned char key)
{
    (void)key;
    iommu_dump();
    dump_devices();
}

static void key_domains(unsigned char key)
{
    struct domain *d = NULL;

    (void)key;
    while ((d = domain_next(d, 0)) != NULL) {
        iommu_dump_domain(d);
        process_pending_softirqs();
    }
}

void __init iommu_keys_init(void)
{
    keyhandler_register('Q', key_devices, "PCI devices and their owners");
    keyhandler_register('V', key_units, "IOMMU units");
    keyhandler_register('o', key_domains, "IOMMU flushes and tables of each domain");
}
