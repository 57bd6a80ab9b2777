/* SPDX-License-Identifier: GPL-2.0-only */
/* A domain's device page tables and their flushes. All under d->iommu.lock. */
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/lib.h>

#include "hw.h"

#define MAX_DOMAIN_IDS  65536U
#define MAX_RANGES      16U
/* A hull larger than this is dearer to look up than to drop the lot. */
#define WHOLE_ORDER     27U

static DECLARE_BITMAP(domain_ids, MAX_DOMAIN_IDS);  /* [amd_hw_lock] */

/* 0 is the tag of blocked devices. */
static int get_domain_id(uint16_t *id)
{
    uint64_t flags = spin_lock_irqsave(&amd_hw_lock);
    unsigned int n;

    __set_bit(0, domain_ids);
    n = find_first_zero_bit(domain_ids, MAX_DOMAIN_IDS);
    if (n < MAX_DOMAIN_IDS)
        __set_bit(n, domain_ids);
    spin_unlock_irqrestore(&amd_hw_lock, flags);
    *id = (uint16_t)n;
    return n < MAX_DOMAIN_IDS ? 0 : -ENOSPC;
}

static void put_domain_id(uint16_t id)
{
    uint64_t flags = spin_lock_irqsave(&amd_hw_lock);

    __clear_bit(id, domain_ids);
    spin_unlock_irqrestore(&amd_hw_lock, flags);
}

int amd_domain_init(struct domain *d)
{
    struct amd_domain *ad = charge_alloc(&d->charge, CHARGE_IOMMU, sizeof(*ad));
    int err;

    if (!ad)
        return -ENOMEM;
    err = get_domain_id(&ad->id);
    if (!err) {
        err = iommu_tables_init(&ad->tables, d, &pt_amdvi, AMD_LEVELS, 2, AMD_ABSENT);
        if (err)
            put_domain_id(ad->id);
    }
    if (err)
        charge_free(ad);
    else
        d->iommu.priv = ad;
    return err;
}

int amd_domain_free_tables(struct domain *d)
{
    struct amd_domain *ad = d->iommu.priv;
    int err;

    if (!ad)
        return 0;
    /* A unit that stopped answering may hold on to anything it ever saw. */
    for (unsigned int i = 0; i < amd_nr_units; i++)
        ad->tables.quarantine |= amd_units[i]->dead && (ad->served >> i & 1);
    spin_lock(&d->iommu.lock);
    err = iommu_tables_free(&ad->tables);
    spin_unlock(&d->iommu.lock);
    return err;
}

void amd_domain_destroy(struct domain *d)
{
    struct amd_domain *ad = d->iommu.priv;

    if (!ad)
        return;
    /* The tag of a domain that a dead unit may remember is not used again. */
    if (!ad->tables.quarantine)
        put_domain_id(ad->id);
    d->iommu.priv = NULL;
    charge_free(ad);
}

int amd_map(struct domain *d, dfn_t dfn, mfn_t mfn, unsigned int order,
            unsigned int flags)
{
    struct amd_domain *ad = d->iommu.priv;
    pt_attr_t attr = PT_SNOOP;

    if (flags & IOMMU_READ)
        attr |= PT_R;
    if (flags & IOMMU_WRITE)
        attr |= PT_W;
    return iommu_tables_map(&ad->tables, dfn, mfn, order, attr);
}

int amd_unmap(struct domain *d, dfn_t dfn, unsigned int order)
{
    struct amd_domain *ad = d->iommu.priv;

    return iommu_tables_unmap(&ad->tables, dfn, order);
}

bool amd_lookup(struct domain *d, dfn_t dfn, mfn_t *mfn, unsigned int *flags)
{
    struct amd_domain *ad = d->iommu.priv;
    struct pt_leaf leaf = pt_lookup(&ad->tables.pt, dfn_x(dfn));

    if (!leaf.attr)
        return false;
    *mfn = _mfn(leaf.mfn);
    *flags = (leaf.attr & PT_R ? IOMMU_READ : 0) | (leaf.attr & PT_W ? IOMMU_WRITE : 0);
    return true;
}

/* Smallest aligned power of two around a range. */
static unsigned int hull_order(const struct iommu_range *r)
{
    unsigned long first = dfn_x(r->start), last = first + r->count - 1;
    unsigned int order = 0;

    while (first >> order != last >> order)
        order++;
    return order;
}

static unsigned int build(struct amd_command *cmds, uint16_t id,
                          const struct iommu_range *ranges, unsigned int n,
                          uint64_t *pages)
{
    unsigned int used = 0;
    bool whole = n > MAX_RANGES;

    for (unsigned int i = 0; i < n; i++) {
        unsigned int order;

        if (ranges[i].count == 0)
            continue;
        order = hull_order(&ranges[i]);
        *pages += ranges[i].count;
        whole |= order > WHOLE_ORDER;
        if (!whole)
            cmds[used++] = amd_cmd_pages(id, dfn_x(ranges[i].start) >> order
                                                 << (order + PAGE_SHIFT), order);
    }
    if (whole) {
        cmds[0] = amd_cmd_domain(id);
        used = 1;
    }
    return used;
}

/* n 0: everything that carries d's tag. */
int amd_flush_locked(struct domain *d, const struct iommu_range *ranges, unsigned int n)
{
    struct amd_domain *ad = d->iommu.priv;
    struct iommu_stats *stats = &d->iommu.stats;
    uint64_t number[ACPI_MAX_IOMMUS], pages = 0;
    struct amd_command cmds[MAX_RANGES];
    unsigned int used = 1;
    int err = 0;

    if (n)
        used = build(cmds, ad->id, ranges, n, &pages);
    else
        cmds[0] = amd_cmd_domain(ad->id);
    /* All units work at the same time, then all are waited for. */
    for (unsigned int i = 0; used && i < amd_nr_units; i++) {
        if (!ad->users[i])
            continue;
        number[i] = amd_post(amd_units[i], cmds, used);
        stats->flush_commands += used;
        stats->flush_pages += pages;
    }
    for (unsigned int i = 0; used && i < amd_nr_units; i++) {
        if (!ad->users[i])
            continue;
        stats->flush_waits++;
        if (amd_wait(amd_units[i], number[i]))
            err = -ETIMEDOUT;
    }
    if (!err)
        iommu_tables_reap(&ad->tables);
    return err;
}

int amd_flush(struct domain *d, const struct iommu_range *ranges, unsigned int n)
{
    return n ? amd_flush_locked(d, ranges, n) : 0;
}
