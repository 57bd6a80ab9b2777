/* SPDX-License-Identifier: GPL-2.0-only */
/* A domain's device page tables and their flushes. All under d->iommu.lock. */
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/lib.h>

#include "hw.h"

#define MAX_DOMAIN_IDS  65536U
#define MAX_RANGES      16U

static DECLARE_BITMAP(domain_ids, MAX_DOMAIN_IDS);  /* [vtd_hw_lock] */

/* 0 is the tag of absent entries in units that cache those (6.1). */
static int get_domain_id(uint16_t *id)
{
    uint64_t flags = spin_lock_irqsave(&vtd_hw_lock);
    unsigned int n;

    __set_bit(0, domain_ids);
    n = find_first_zero_bit(domain_ids, vtd_max_domains);
    if (n < vtd_max_domains)
        __set_bit(n, domain_ids);
    spin_unlock_irqrestore(&vtd_hw_lock, flags);
    *id = (uint16_t)n;
    return n < vtd_max_domains ? 0 : -ENOSPC;
}

static void put_domain_id(uint16_t id)
{
    uint64_t flags = spin_lock_irqsave(&vtd_hw_lock);

    __clear_bit(id, domain_ids);
    spin_unlock_irqrestore(&vtd_hw_lock, flags);
}

int vtd_domain_init(struct domain *d)
{
    struct vtd_domain *vd = charge_alloc(&d->charge, CHARGE_IOMMU, sizeof(*vd));
    int err;

    if (!vd)
        return -ENOMEM;
    vd->tables.write_back = vtd_write_back;
    err = get_domain_id(&vd->id);
    if (!err) {
        err = iommu_tables_init(&vd->tables, d, &pt_vtd, vtd_levels, vtd_max_leaf, 0);
        if (err)
            put_domain_id(vd->id);
    }
    if (err)
        charge_free(vd);
    else
        d->iommu.priv = vd;
    return err;
}

int vtd_domain_free_tables(struct domain *d)
{
    struct vtd_domain *vd = d->iommu.priv;
    int err;

    if (!vd)
        return 0;
    /* A unit that stopped answering may hold on to anything it ever saw. */
    for (unsigned int i = 0; i < vtd_nr_units; i++)
        vd->tables.quarantine |= vtd_units[i]->dead && (vd->served >> i & 1);
    spin_lock(&d->iommu.lock);
    err = iommu_tables_free(&vd->tables);
    spin_unlock(&d->iommu.lock);
    return err;
}

void vtd_domain_destroy(struct domain *d)
{
    struct vtd_domain *vd = d->iommu.priv;

    if (!vd)
        return;
    /* The tag of a domain that a dead unit may remember is not used again. */
    if (!vd->tables.quarantine)
        put_domain_id(vd->id);
    d->iommu.priv = NULL;
    charge_free(vd);
}

int vtd_map(struct domain *d, dfn_t dfn, mfn_t mfn, unsigned int order,
            unsigned int flags)
{
    struct vtd_domain *vd = d->iommu.priv;
    pt_attr_t attr = vtd_snoop ? PT_SNOOP : 0;

    if (flags & IOMMU_READ)
        attr |= PT_R;
    if (flags & IOMMU_WRITE)
        attr |= PT_W;
    return iommu_tables_map(&vd->tables, dfn, mfn, order, attr);
}

int vtd_unmap(struct domain *d, dfn_t dfn, unsigned int order)
{
    struct vtd_domain *vd = d->iommu.priv;

    return iommu_tables_unmap(&vd->tables, dfn, order);
}

bool vtd_lookup(struct domain *d, dfn_t dfn, mfn_t *mfn, unsigned int *flags)
{
    struct vtd_domain *vd = d->iommu.priv;
    struct pt_leaf leaf = pt_lookup(&vd->tables.pt, dfn_x(dfn));

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

static unsigned int build(struct vtd_command *cmds, uint16_t id,
                          const struct iommu_range *ranges, unsigned int n,
                          uint64_t *pages)
{
    unsigned int used = 0;
    bool whole = n > MAX_RANGES || vtd_max_order < 0;

    for (unsigned int i = 0; i < n; i++) {
        unsigned int order;

        if (ranges[i].count == 0)
            continue;
        order = hull_order(&ranges[i]);
        *pages += ranges[i].count;
        whole |= (int)order > vtd_max_order;
        if (!whole)
            cmds[used++] = vtd_cmd_pages(id, dfn_x(ranges[i].start) >> order
                                                 << (order + PAGE_SHIFT), order);
    }
    if (whole) {
        cmds[0] = vtd_cmd_domain(id);
        used = 1;
    }
    return used;
}

/* Units with write buffers must empty them before the tables are looked at (6.8). */
static int flush_write_buffer(struct vtd_unit *u)
{
    int err = 0;

    if (u->cap & CAP_WRITE_BUFFER) {
        uint64_t flags = spin_lock_irqsave(&vtd_hw_lock);

        err = vtd_global(u, G_WRITE_BUFFER, true);
        spin_unlock_irqrestore(&vtd_hw_lock, flags);
    }
    return err;
}

/* n 0: everything that carries d's tag. */
int vtd_flush_locked(struct domain *d, const struct iommu_range *ranges, unsigned int n)
{
    struct vtd_domain *vd = d->iommu.priv;
    struct iommu_stats *stats = &d->iommu.stats;
    uint32_t number[ACPI_MAX_IOMMUS];
    struct vtd_command cmds[MAX_RANGES];
    unsigned int used = 1;
    uint64_t pages = 0;
    int err = 0;

    if (n)
        used = build(cmds, vd->id, ranges, n, &pages);
    else
        cmds[0] = vtd_cmd_domain(vd->id);
    /* All units work at the same time, then all are waited for. */
    for (unsigned int i = 0; used && i < vtd_nr_units; i++) {
        if (!vd->users[i])
            continue;
        if (flush_write_buffer(vtd_units[i]))
            err = -ETIMEDOUT;
        number[i] = vtd_post(vtd_units[i], cmds, used);
        stats->flush_commands += used;
        stats->flush_pages += pages;
    }
    for (unsigned int i = 0; used && i < vtd_nr_units; i++) {
        if (!vd->users[i])
            continue;
        stats->flush_waits++;
        if (vtd_wait(vtd_units[i], number[i]))
            err = -ETIMEDOUT;
    }
    if (!err)
        iommu_tables_reap(&vd->tables);
    return err;
}

int vtd_flush(struct domain *d, const struct iommu_range *ranges, unsigned int n)
{
    return n ? vtd_flush_locked(d, ranges, n) : 0;
}
