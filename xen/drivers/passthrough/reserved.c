/* SPDX-License-Identifier: GPL-2.0-only */
/* Regions that firmware wants mapped for devices, as a toolstack asks for them. */
#include <xen/errno.h>
#include <xen/pci.h>

#include "private.h"

struct search {
    unsigned int left;      /* regions to pass over */
    paddr_t start, last;
};

static int pass_over(paddr_t start, paddr_t last, unsigned int flags, void *arg)
{
    struct search *s = arg;

    (void)flags;
    if (s->left--)
        return 0;
    s->start = start;
    s->last = last;
    return 1;
}

int iommu_reserved_nth(const sbdf_t *sbdf, unsigned int nth, paddr_t *start,
                       paddr_t *last)
{
    struct search s = { .left = nth };
    struct pci_dev *pdev = NULL;
    int found = 0;

    if (!iommu)
        return -ENOENT;
    spin_lock(&pcidevs_lock);
    if (sbdf)
        pdev = pci_find(*sbdf);
    if (pdev || !sbdf)
        found = iommu->reserved(pdev, pass_over, &s);
    spin_unlock(&pcidevs_lock);
    if (!found)
        return -ENOENT;
    *start = s.start;
    *last = s.last;
    return 0;
}
