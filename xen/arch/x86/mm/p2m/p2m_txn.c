/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The transaction: the one way to change a p2m. Each change prepares whatever can
 * fail (tables, references, the IOMMU's entries) and then cannot fail any more (I4).
 * Order of a change: IOMMU entries, CPU entries, record; so that at a flush, wherever it
 * falls, everything recorded is in neither tree.
 */
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/mm.h>

#include "p2m_internal.h"

struct p2m_txn *p2m_begin(struct domain *d)
{
    struct p2m *p2m = d->arch.p2m;

    write_lock(&p2m->lock);
    BUG_ON(p2m->txn.open);
    p2m->txn.open = true;
    p2m->txn.rc = 0;
    p2m->txn.give_back_ram = false;
    return &p2m->txn;
}

int p2m_commit(struct p2m_txn *txn)
{
    struct p2m *p2m = txn->p2m;
    int rc;

    p2m_txn_flush(txn);
    rc = txn->rc;
    txn->open = false;
    p2m->stats.commits++;
    if (rc) {
        domain_get(p2m->d);
        if (__atomic_exchange_n(&p2m->crash_queued, true, __ATOMIC_ACQ_REL))
            domain_put(p2m->d);
        else
            tasklet_schedule(&p2m->crash);
    }
    write_unlock(&p2m->lock);
    return rc;
}

/* There is nothing that domain 0, which lives on, would have to do about it. */
int p2m_commit_for_guest(struct p2m_txn *txn)
{
    bool lives = txn->p2m->d->is_privileged;
    int rc = p2m_commit(txn);

    return lives ? 0 : rc;
}

void p2m_txn_give_back_ram(struct p2m_txn *txn, bool on)
{
    txn->give_back_ram = on;
}

static bool bad_block(const struct p2m *p2m, gfn_t gfn, unsigned int order)
{
    unsigned long limit = pt_limit(&p2m->pt), n;

    if (order > PAGE_ORDER_1G)
        return true;
    n = 1ul << order;
    return (gfn_x(gfn) & (n - 1)) || gfn_x(gfn) >= limit || n > limit - gfn_x(gfn);
}

/* The leaves that make up a block of the order: as large as allowed, all of one size. */
static unsigned int block_level(const struct p2m *p2m, unsigned int order)
{
    return MIN(order / 9, (unsigned int)p2m->pt.max_leaf);
}

static bool mirrored(const struct p2m *p2m)
{
    return p2m->d->iommu.need_sync;
}

/*
 * Takes out what the CPUs see in a block; no leaf reaches over its ends. Leaves whose
 * type devices see were taken from the IOMMU's tables before. Flushes when the batch is
 * full.
 */
static unsigned long detach(struct p2m_txn *txn, unsigned long gfn, unsigned long n)
{
    struct p2m *p2m = txn->p2m;
    unsigned long end = gfn + n, taken = 0;
    struct pt_place at = { 0 };

    while (gfn < end) {
        struct pt_leaf leaf = pt_lookup_from(&p2m->pt, gfn, &at);
        unsigned long size = 1ul << (9 * leaf.level);
        enum p2m_type t = p2m_attr_type(leaf.attr);

        if (leaf.attr) {
            if (p2m_type_has_frame(t))
                p2m_txn_make_room(txn);
            pt_clear_at(&p2m->pt, &at);
            txn->cpu_dirty = true;
            if (p2m_type_has_frame(t))
                p2m_txn_note_removed(txn, leaf.mfn, 9 * leaf.level, t);
            if (mirrored(p2m) && p2m_iommu_flags(t))
                p2m_txn_note_range(txn, gfn, size);
            taken += size;
        }
        gfn = (gfn & ~(size - 1)) + size;
    }
    p2m->stats.unmaps += taken;
    return taken;
}

/* A leaf that is larger than the block is split. */
static int split_for(struct p2m *p2m, unsigned long gfn, unsigned int level)
{
    struct pt_leaf leaf = pt_lookup(&p2m->pt, gfn);
    int rc;

    if (!leaf.attr || leaf.level <= level)
        return 0;
    rc = pt_prepare(&p2m->pt, gfn, level);
    if (!rc) {
        p2m->txn.cpu_dirty = true;
        p2m->stats.splits++;
    }
    return rc;
}

/* A table that is only needed to take something out may be one of the spare ones. */
static int split_to_remove(struct p2m *p2m, unsigned long gfn, unsigned int level)
{
    int rc;

    p2m->pool.removing = true;
    rc = split_for(p2m, gfn, level);
    p2m->pool.removing = false;
    return rc;
}

/* Nothing that devices see is or was in the block. */
static bool invisible_to_devices(const struct p2m *p2m, unsigned long gfn,
                                 unsigned long n)
{
    struct pt_leaf leaf = pt_lookup(&p2m->pt, gfn);

    return (1ul << (9 * leaf.level)) >= n && !p2m_iommu_flags(p2m_attr_type(leaf.attr));
}

/* The IOMMU's half of a change; all or nothing. */
static int mirror(struct p2m_txn *txn, unsigned long gfn, mfn_t mfn,
                  unsigned int order, unsigned int flags)
{
    struct domain *d = txn->p2m->d;

    if (!mirrored(txn->p2m))
        return 0;
    if (flags)
        return iommu_map(d, _dfn(gfn), mfn, order, flags);
    if (invisible_to_devices(txn->p2m, gfn, 1ul << order))
        return 0;
    return iommu_unmap(d, _dfn(gfn), order);
}

static void install(struct p2m_txn *txn, unsigned long gfn, mfn_t mfn,
                    unsigned int order, enum p2m_type t)
{
    struct p2m *p2m = txn->p2m;
    unsigned int level = block_level(p2m, order);
    unsigned long n = 1ul << order, step = 1ul << (9 * level), i;
    pt_attr_t attr = p2m_attr(t, mfn);

    for (i = 0; i < n; i += step)
        pt_set(&p2m->pt, gfn + i, level, mfn_x(mfn) + i, attr);

    /* The last page of a table is when putting it together can work. */
    if (t == P2M_RAM_RW && level < p2m->pt.max_leaf) {
        unsigned long big = (step << 9) - 1;

        if (((gfn + n - 1) & big) == big && ((mfn_x(mfn) + n - 1) & big) == big)
            pt_coalesce(&p2m->pt, gfn, level + 1);
    }
    if (mirrored(p2m) && p2m_iommu_flags(t) && iommu_caches_absent)
        p2m_txn_note_range(txn, gfn, n);
    p2m->stats.maps += n;
    p2m->max_gfn = MAX(p2m->max_gfn, gfn + n - 1);
}

/* Whether the block already is what it shall become. */
static bool unchanged(const struct p2m *p2m, unsigned long gfn, mfn_t mfn,
                      unsigned int order, enum p2m_type t)
{
    struct pt_leaf leaf = pt_lookup(&p2m->pt, gfn);

    return leaf.attr && p2m_attr_type(leaf.attr) == t && leaf.mfn == mfn_x(mfn) &&
           9u * leaf.level >= order;
}

static bool take_refs(const struct p2m *p2m, mfn_t mfn, unsigned int order,
                      enum p2m_type t)
{
    return page_get_range(mfn_to_page(mfn), 1ul << order,
                          p2m_type_is_ram(t) ? p2m->d : NULL);
}

/* These were never visible anywhere. */
static void drop_refs(mfn_t mfn, unsigned int order)
{
    unsigned long i;

    for (i = 0; i < 1ul << order; i++)
        page_put(mfn_to_page(mfn_add(mfn, i)));
}

static bool bad_frames(mfn_t mfn, unsigned int order, enum p2m_type t)
{
    unsigned long n = 1ul << order;

    if (t <= P2M_NONE || t >= P2M_TYPES || (mfn_x(mfn) & (n - 1)) ||
        mfn_x(mfn) >= 1ul << 40)
        return true;
    return p2m_type_has_frame(t) &&
           (!mfn_valid(mfn) || !mfn_valid(mfn_add(mfn, n - 1)));
}

/* What a change of the block needs of the CPUs' tables. */
static int prepare_cpus(struct p2m *p2m, unsigned long gfn, unsigned int order)
{
    unsigned int level = block_level(p2m, order);
    int rc = split_for(p2m, gfn, level);

    return rc ? rc : pt_prepare(&p2m->pt, gfn, level);
}

int p2m_txn_prepare(struct p2m_txn *txn, gfn_t gfn, mfn_t mfn, unsigned int order)
{
    struct p2m *p2m = txn->p2m;

    if (bad_block(p2m, gfn, order) || bad_frames(mfn, order, P2M_MMIO_DIRECT))
        return -EINVAL;
    return prepare_cpus(p2m, gfn_x(gfn), order);
}

int p2m_txn_prepare_map(struct p2m_txn *txn, gfn_t gfn, unsigned int order)
{
    struct p2m *p2m = txn->p2m;
    int rc;

    if (p2m->closed || bad_block(p2m, gfn, order))
        return -EINVAL;
    rc = prepare_cpus(p2m, gfn_x(gfn), order);
    if (!rc && mirrored(p2m))
        rc = iommu_prepare_map(p2m->d, _dfn(gfn_x(gfn)), order);
    if (rc)
        pt_prune(&p2m->pt, gfn_x(gfn));
    return rc;
}

/* A walk may have gone through what was linked and is taken out again: flushed. */
void p2m_txn_unprepare_map(struct p2m_txn *txn, gfn_t gfn, unsigned int order)
{
    struct p2m *p2m = txn->p2m;

    pt_prune(&p2m->pt, gfn_x(gfn));
    if (!mirrored(p2m))
        return;
    iommu_prune(p2m->d, _dfn(gfn_x(gfn)), order);
    p2m_txn_note_range(txn, gfn_x(gfn), 1ul << order);
}

int p2m_txn_prepare_unmap(struct p2m_txn *txn, gfn_t gfn, unsigned int order)
{
    struct p2m *p2m = txn->p2m;
    int rc;

    if (bad_block(p2m, gfn, order))
        return -EINVAL;
    rc = split_to_remove(p2m, gfn_x(gfn), order / 9);
    if (!rc && mirrored(p2m))
        rc = iommu_prepare_unmap(p2m->d, _dfn(gfn_x(gfn)), order);
    return rc;
}

int p2m_txn_map(struct p2m_txn *txn, gfn_t gfn, mfn_t mfn, unsigned int order,
                enum p2m_type t)
{
    struct p2m *p2m = txn->p2m;
    unsigned long g = gfn_x(gfn);
    int rc;

    if (p2m->closed || bad_block(p2m, gfn, order) || bad_frames(mfn, order, t))
        return -EINVAL;
    if (unchanged(p2m, g, mfn, order, t))
        return 0;

    if (p2m_type_has_frame(t) && !take_refs(p2m, mfn, order, t))
        return -EBUSY;
    rc = prepare_cpus(p2m, g, order);
    if (!rc)
        rc = mirror(txn, g, mfn, order, p2m_iommu_flags(t));
    if (rc) {
        if (p2m_type_has_frame(t))
            drop_refs(mfn, order);
        pt_prune(&p2m->pt, g);
        return rc;
    }

    detach(txn, g, 1ul << order);
    install(txn, g, mfn, order, t);
    return 0;
}

int p2m_txn_unmap(struct p2m_txn *txn, gfn_t gfn, unsigned int order)
{
    struct p2m *p2m = txn->p2m;
    unsigned long g = gfn_x(gfn), i;
    int rc;

    if (bad_block(p2m, gfn, order))
        return -EINVAL;

    rc = split_to_remove(p2m, g, order / 9);
    if (!rc)
        rc = mirror(txn, g, INVALID_MFN, order, 0);
    if (rc)
        return rc;

    detach(txn, g, 1ul << order);
    for (i = 0; order >= 9 && i < 1ul << order; i += 512)
        pt_prune(&p2m->pt, g + i);
    return 0;
}

mfn_t p2m_txn_lookup(struct p2m_txn *txn, gfn_t gfn, enum p2m_type *t,
                     unsigned int *order)
{
    struct pt_leaf leaf = pt_lookup(&txn->p2m->pt, gfn_x(gfn));

    if (t)
        *t = p2m_attr_type(leaf.attr);
    if (order)
        *order = 9 * leaf.level;
    return leaf.attr ? _mfn(leaf.mfn) : INVALID_MFN;
}
