/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the devices of a domain see: its tables, its tag, and the flushes on the units
 * that serve it. All under d->iommu.lock but making and destroying. A vendor's half is
 * its struct iommu_model.
 */
#include <xen/alloc.h>
#include <xen/bitops.h>
#include <xen/domain.h>
#include <xen/lib.h>

#include "private.h"

#define MAX_DOMAIN_IDS  65536U
#define MAX_RANGES      16U

static DEFINE_SPINLOCK(ids_lock, LOCK_IOMMU_HW);
static DECLARE_BITMAP(domain_ids, MAX_DOMAIN_IDS);  /* [ids_lock] */

/* 0 is no domain's: blocked devices and cached absent entries carry it. */
static int get_domain_id(unsigned int limit, uint16_t *id)
{
    unsigned int n;

    limit = MIN(limit, MAX_DOMAIN_IDS);
    spin_lock(&ids_lock);
    __set_bit(0, domain_ids);
    n = find_first_zero_bit(domain_ids, limit);
    if (n < limit)
        __set_bit(n, domain_ids);
    spin_unlock(&ids_lock);
    *id = (uint16_t)n;
    return n < limit ? 0 : -ENOSPC;
}

static void put_domain_id(uint16_t id)
{
    spin_lock(&ids_lock);
    __clear_bit(id, domain_ids);
    spin_unlock(&ids_lock);
}

int iommu_space_init(struct domain *d, const struct iommu_model *model)
{
    struct iommu_space *s = charge_alloc(&d->charge, CHARGE_IOMMU, sizeof(*s));
    int err;

    if (!s)
        return -ENOMEM;
    s->model = model;
    err = get_domain_id(model->max_ids, &s->id);
    if (!err) {
        err = iommu_tables_init(&s->tables, d, model);
        if (err)
            put_domain_id(s->id);
    }
    if (err)
        charge_free(s);
    else
        d->iommu.priv = s;
    return err;
}

/* The next unit of a set, which is not empty. */
static unsigned int take_unit(uint32_t *set)
{
    unsigned int unit = ffs_long(*set);

    *set &= *set - 1;
    return unit;
}

int iommu_space_free_tables(struct domain *d)
{
    struct iommu_space *s = d->iommu.priv;
    int err;

    if (!s)
        return 0;
    /* A unit that stopped answering may hold on to anything it ever saw. */
    for (uint32_t left = s->served; left;)
        s->tables.quarantine |= s->model->dead(take_unit(&left));
    spin_lock(&d->iommu.lock);
    s->tables.quarantine |= d->iommu.poisoned;
    err = iommu_tables_free(&s->tables);
    spin_unlock(&d->iommu.lock);
    return err;
}

void iommu_space_destroy(struct domain *d)
{
    struct iommu_space *s = d->iommu.priv;

    if (!s)
        return;
    /* The tag of a domain that a dead unit may remember is not used again. */
    if (!s->tables.quarantine)
        put_domain_id(s->id);
    d->iommu.priv = NULL;
    charge_free(s);
}

int iommu_space_map(struct domain *d, dfn_t dfn, mfn_t mfn, unsigned int order,
                    unsigned int flags)
{
    struct iommu_space *s = d->iommu.priv;
    pt_attr_t attr = s->model->attr;

    if (flags & IOMMU_READ)
        attr |= PT_R;
    if (flags & IOMMU_WRITE)
        attr |= PT_W;
    return iommu_tables_map(&s->tables, dfn, mfn, order, attr);
}

int iommu_space_unmap(struct domain *d, dfn_t dfn, unsigned int order)
{
    struct iommu_space *s = d->iommu.priv;

    return iommu_tables_unmap(&s->tables, dfn, order);
}

bool iommu_space_lookup(struct domain *d, dfn_t dfn, mfn_t *mfn, unsigned int *flags)
{
    struct iommu_space *s = d->iommu.priv;
    struct pt_leaf leaf = pt_lookup(&s->tables.pt, dfn_x(dfn));

    if (!leaf.attr)
        return false;
    *mfn = _mfn(leaf.mfn);
    *flags = (leaf.attr & PT_R ? IOMMU_READ : 0) | (leaf.attr & PT_W ? IOMMU_WRITE : 0);
    return true;
}

/* --- flushes ----------------------------------------------------------------------- */

struct batch {
    struct iommu_command cmds[MAX_RANGES];
    unsigned int used;
    bool whole;         /* one command that drops everything under the tag */
    uint64_t pages;
};

/* Smallest aligned power of two around a range. */
static unsigned int hull_order(const struct iommu_range *r)
{
    unsigned long first = dfn_x(r->start), last = first + r->count - 1;
    unsigned int order = 0;

    while (first >> order != last >> order)
        order++;
    return order;
}

static void add_range(struct batch *b, const struct iommu_space *s,
                      const struct iommu_range *r)
{
    unsigned int order;

    if (r->count == 0)
        return;
    order = hull_order(r);
    b->pages += r->count;
    b->whole |= b->used == MAX_RANGES || (int)order > s->model->max_order;
    if (!b->whole)
        b->cmds[b->used++] = s->model->cmd_pages(
            s->id, dfn_x(r->start) >> order << (order + PAGE_SHIFT), order);
}

/* The units that d has a device behind now. */
static uint32_t units_in_use(const struct iommu_space *s)
{
    uint32_t units = s->served;

    for (uint32_t left = s->served; left;) {
        unsigned int unit = take_unit(&left);

        if (!s->users[unit])
            units &= ~(1U << unit);
    }
    return units;
}

/* All units work at the same time, then all are waited for. */
static int run(struct domain *d, struct iommu_space *s, struct batch *b, uint32_t units)
{
    const struct iommu_model *model = s->model;
    struct iommu_stats *stats = &d->iommu.stats;
    uint64_t number[ACPI_MAX_IOMMUS];
    int err = 0;

    if (b->whole) {
        b->cmds[0] = model->cmd_domain(s->id);
        b->used = 1;
    }
    for (uint32_t left = b->used ? units : 0; left;) {
        unsigned int unit = take_unit(&left);

        if (model->settle && model->settle(unit))
            err = -ETIMEDOUT;
        number[unit] = model->post(unit, b->cmds, b->used);
        stats->flush_commands += b->used;
        stats->flush_pages += b->pages;
    }
    for (uint32_t left = b->used ? units : 0; left;) {
        unsigned int unit = take_unit(&left);

        stats->flush_waits++;
        if (model->wait(unit, number[unit]))
            err = -ETIMEDOUT;
    }
    return err;
}

/* What becomes of tables that were taken out, once the units in use were asked. */
static int settle_tables(struct domain *d, int err)
{
    struct iommu_space *s = d->iommu.priv;

    /* A unit that is not asked any more may still walk what it was never flushed of. */
    if (d->iommu.poisoned)
        err = -ETIMEDOUT;
    if (!err)
        iommu_tables_reap(&s->tables);
    else
        iommu_tables_lose(&s->tables);
    return err;
}

int iommu_space_flush(struct domain *d, const struct iommu_range *ranges, unsigned int n)
{
    struct iommu_space *s = d->iommu.priv;
    struct iommu_range missed;
    struct batch b;

    if (n == 0)
        return 0;
    b.used = 0;
    b.whole = false;
    b.pages = 0;
    for (unsigned int i = 0; i < n; i++)
        add_range(&b, s, &ranges[i]);
    /* A batch that fills flushes when a change is not yet recorded whole. */
    missed = iommu_tables_missed(&s->tables, ranges, n);
    add_range(&b, s, &missed);
    return settle_tables(d, run(d, s, &b, units_in_use(s)));
}

/* --- the units that serve it ------------------------------------------------------- */

void iommu_space_join(struct domain *d, unsigned int unit)
{
    struct iommu_space *s = d->iommu.priv;

    spin_lock(&d->iommu.lock);
    s->users[unit]++;
    s->served |= 1U << unit;
    spin_unlock(&d->iommu.lock);
}

static int flush_all(struct domain *d, unsigned int unit)
{
    struct batch all = { .whole = true };

    return run(d, d->iommu.priv, &all, 1U << unit);
}

int iommu_space_leave(struct domain *d, unsigned int unit)
{
    struct iommu_space *s = d->iommu.priv;
    int err;

    spin_lock(&d->iommu.lock);
    err = flush_all(d, unit);
    /* From now on the unit is not asked any more: its frames must not be given away. */
    if (err)
        d->iommu.poisoned = true;
    s->users[unit]--;
    spin_unlock(&d->iommu.lock);
    return err;
}
