/* SPDX-License-Identifier: GPL-2.0-only */
/* What a unit saw refused: counted for the device and its owner, and logged. */
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/pci.h>
#include <xen/ratelimit.h>

#include "private.h"

#define FAULT_WINDOW    SECONDS(1)
#define FAULT_LIMIT     500U

static struct ratelimit fault_lines = RATELIMIT(20, SECONDS(1));

/* Did this one make too many of them in a short time? [pcidevs_lock] */
static bool count(struct pci_dev *pdev)
{
    s_time_t now = NOW();

    if (now - pdev->fault_since > FAULT_WINDOW) {
        pdev->fault_since = now;
        pdev->fault_burst = 0;
    }
    pdev->fault_count++;
    if (pdev->domain)
        __atomic_fetch_add(&pdev->domain->iommu.stats.faults, 1, __ATOMIC_RELAXED);
    return ++pdev->fault_burst == FAULT_LIMIT;
}

bool iommu_report_fault(uint16_t segment, uint16_t rid, uint64_t addr, const char *what,
                        uint64_t detail)
{
    uint32_t sbdf = (uint32_t)segment << 16 | rid;
    unsigned int lost = 0;
    struct pci_dev *pdev;
    bool too_many;

    spin_lock(&pcidevs_lock);
    pdev = pci_find((sbdf_t){ sbdf });
    too_many = pdev && count(pdev);
    if (too_many || ratelimit_pass(&fault_lines, &lost)) {
        if (lost)
            printk(XENLOG_WARNING "%s: %u refused accesses were not shown\n", iommu->name,
                   lost);
        if (pdev && pdev->domain)
            printk(XENLOG_WARNING "%s: %s: device %pp of %pd, address %#lx, flags %#lx\n",
                   iommu->name, what, &sbdf, pdev->domain, (unsigned long)addr,
                   (unsigned long)detail);
        else
            printk(XENLOG_WARNING "%s: %s: device %pp, address %#lx, flags %#lx\n",
                   iommu->name, what, &sbdf, (unsigned long)addr, (unsigned long)detail);
    }
    if (too_many)
        printk(XENLOG_WARNING
               "%s: %pp: no more reports of it until it is assigned anew\n",
               iommu->name, &sbdf);
    spin_unlock(&pcidevs_lock);
    return too_many;
}
