/* SPDX-License-Identifier: GPL-2.0-only */
/* Regions that firmware wants mapped for devices, as a toolstack asks for them. */
#include <xen/errno.h>
#include <xen/init.h>
#include <xen/lib.h>
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

/* ---- rights ---- */

struct rights {
    paddr_t at, last;
    unsigned int flags;
};

static int add_rights(paddr_t start, paddr_t last, unsigned int flags, void *arg)
{
    struct rights *r = arg;

    if (start > r->at) {
        r->last = MIN(r->last, start - 1);
    } else if (last >= r->at) {
        r->last = MIN(r->last, last);
        r->flags |= flags;
    }
    return 0;
}

unsigned int iommu_reserved_rights(paddr_t at, paddr_t *last)
{
    struct rights r = { .at = at, .last = *last };

    (void)iommu->reserved(NULL, add_rights, &r);
    *last = r.last;
    return r.flags;
}

/* The region of a number, and those behind it that say something else of a page in it. */
struct comparison {
    unsigned int number, seen, differ;
    paddr_t start, last;
    unsigned int flags;
};

static int __init compare(paddr_t start, paddr_t last, unsigned int flags, void *arg)
{
    struct comparison *c = arg;
    unsigned int number = c->seen++;

    if (number == c->number) {
        c->start = start;
        c->last = last;
        c->flags = flags;
    } else if (number > c->number && flags != c->flags && start <= c->last &&
               c->start <= last) {
        printk(XENLOG_WARNING "%s: firmware reserves %#lx-%#lx and %#lx-%#lx with "
                              "different rights: both hold\n",
               iommu->name, (unsigned long)c->start, (unsigned long)c->last,
               (unsigned long)start, (unsigned long)last);
        c->differ++;
    }
    return 0;
}

unsigned int __init iommu_reserved_overlaps(void)
{
    struct comparison c = { .number = 0 };

    do {
        c.seen = 0;
        (void)iommu->reserved(NULL, compare, &c);
    } while (++c.number < c.seen);
    return c.differ;
}
