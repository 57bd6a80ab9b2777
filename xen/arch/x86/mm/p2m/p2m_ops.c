/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes that are a transaction of their own. */
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/mm.h>

#include "p2m_internal.h"

void p2m_flush_tlbs(struct domain *d)
{
    struct p2m_txn *txn = p2m_begin(d);

    txn->cpu_dirty = true;
    (void)p2m_commit(txn);
}

int p2m_map_one(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned int order,
                enum p2m_type t)
{
    struct p2m_txn *txn = p2m_begin(d);
    int rc = p2m_txn_map(txn, gfn, mfn, order, t), flushed = p2m_commit_for_guest(txn);

    return rc ? rc : flushed;
}

int p2m_unmap_one(struct domain *d, gfn_t gfn, mfn_t expect, unsigned int order)
{
    struct p2m_txn *txn = p2m_begin(d);
    mfn_t mfn = p2m_txn_lookup(txn, gfn, NULL, NULL);
    int rc, flushed;

    if (mfn_eq(mfn, INVALID_MFN))
        rc = -ENOENT;
    else if (!mfn_eq(expect, INVALID_MFN) && !mfn_eq(mfn, expect))
        rc = -EINVAL;
    else
        rc = p2m_txn_unmap(txn, gfn, order);
    flushed = p2m_commit_for_guest(txn);
    return rc ? rc : flushed;
}

int p2m_txn_replaceable(struct p2m_txn *txn, gfn_t gfn, unsigned long n)
{
    unsigned long i = 0, limit = pt_limit(&txn->p2m->pt);

    if (gfn_x(gfn) >= limit || n > limit - gfn_x(gfn))
        return -EINVAL;
    while (i < n) {
        enum p2m_type t;
        unsigned int order;
        unsigned long g = gfn_x(gfn) + i;

        (void)p2m_txn_lookup(txn, _gfn(g), &t, &order);
        if (t != P2M_NONE && t != P2M_FOREIGN && !p2m_type_is_ram(t))
            return -EPERM;
        i += (1ul << order) - (g & ((1ul << order) - 1));
    }
    return 0;
}

/* The largest order to use at gfn -> mfn with n frames left. */
static unsigned int mmio_order(unsigned long gfn, unsigned long mfn, unsigned long n)
{
    static const unsigned int orders[] = { PAGE_ORDER_1G, PAGE_ORDER_2M };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(orders); i++) {
        unsigned long size = 1ul << orders[i];

        if (n >= size && !((gfn | mfn) & (size - 1)))
            return orders[i];
    }
    return PAGE_ORDER_4K;
}

/*
 * The next piece to change at gfn, never larger than the entry or hole that is there: so
 * nothing else is replaced, and once the path is prepared the change cannot fail.
 */
static unsigned int mmio_piece(struct p2m_txn *txn, unsigned long gfn, unsigned long mfn,
                               unsigned long n, bool *hole)
{
    unsigned int there;
    enum p2m_type t;

    (void)p2m_txn_lookup(txn, _gfn(gfn), &t, &there);
    *hole = t == P2M_NONE;
    return MIN(mmio_order(gfn, mfn, n), there);
}

/* Tables and splits for all pieces that are holes, or for all that are not. */
static int prepare_mmio(struct p2m_txn *txn, unsigned long gfn, unsigned long mfn,
                        unsigned long n, bool holes)
{
    unsigned long done = 0;
    int rc = 0;

    while (!rc && done < n) {
        bool hole;
        unsigned int order = mmio_piece(txn, gfn + done, mfn + done, n - done, &hole);

        if (hole == holes)
            rc = p2m_txn_prepare(txn, _gfn(gfn + done), _mfn(mfn + done), order);
        done += 1ul << order;
    }
    return rc;
}

/* Tables in which nothing is left, or nothing came to be. */
static void prune_mmio(struct p2m_txn *txn, unsigned long gfn, unsigned long n)
{
    unsigned long g = gfn;

    while (g < gfn + n) {
        unsigned int order;

        (void)pt_prune(&txn->p2m->pt, g);
        (void)p2m_txn_lookup(txn, _gfn(g), NULL, &order);
        g = (g | ((1ul << MAX(order, (unsigned int)PAGE_ORDER_2M)) - 1)) + 1;
    }
}

/* RAM is never replaced: -EEXIST if something else than this very mapping is there. */
static int mmio_conflict(struct p2m_txn *txn, unsigned long gfn, unsigned long mfn,
                         unsigned long n, bool must_exist)
{
    unsigned long done = 0;

    while (done < n) {
        enum p2m_type t;
        unsigned int order;
        unsigned long size;
        mfn_t now = p2m_txn_lookup(txn, _gfn(gfn + done), &t, &order);

        if (t == P2M_NONE ? must_exist
                          : (t != P2M_MMIO_DIRECT || mfn_x(now) != mfn + done))
            return must_exist ? -EINVAL : -EEXIST;
        size = 1ul << order;
        done += size - ((gfn + done) & (size - 1));
    }
    return 0;
}

static bool mmio_bad(const struct domain *d, unsigned long gfn, unsigned long mfn,
                     unsigned long n)
{
    return gfn + n < gfn || mfn + n < mfn || gfn + n > pt_limit(&d->arch.p2m->pt);
}

int p2m_map_mmio(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned long n)
{
    unsigned long g = gfn_x(gfn), m = mfn_x(mfn), done = 0;
    struct p2m_txn *txn;
    int rc, flushed;

    if (mmio_bad(d, g, m, n))
        return -EINVAL;
    txn = p2m_begin(d);
    rc = txn->p2m->closed ? -EINVAL : mmio_conflict(txn, g, m, n, false);
    if (!rc) {
        /* Tables that the guest left empty would make it a matter of single frames. */
        prune_mmio(txn, g, n);
        rc = prepare_mmio(txn, g, m, n, true);
        if (rc)
            prune_mmio(txn, g, n);
    }
    while (!rc && done < n) {
        bool hole;
        unsigned int order = mmio_piece(txn, g + done, m + done, n - done, &hole);

        if (hole)
            rc = p2m_txn_map(txn, _gfn(g + done), _mfn(m + done), order,
                             P2M_MMIO_DIRECT);
        ASSERT(!rc);
        done += 1ul << order;
    }
    flushed = p2m_commit_for_guest(txn);
    return rc ? rc : flushed;
}

int p2m_unmap_mmio(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned long n)
{
    unsigned long g = gfn_x(gfn), m = mfn_x(mfn), done = 0;
    struct p2m_txn *txn;
    int rc, flushed;

    if (mmio_bad(d, g, m, n))
        return -EINVAL;
    txn = p2m_begin(d);
    rc = mmio_conflict(txn, g, m, n, true);
    if (!rc)
        rc = prepare_mmio(txn, g, m, n, false);
    while (!rc && done < n) {
        bool hole;
        unsigned int order = mmio_piece(txn, g + done, m + done, n - done, &hole);

        rc = p2m_txn_unmap(txn, _gfn(g + done), order);
        ASSERT(!rc);
        done += 1ul << order;
    }
    if (!rc)
        prune_mmio(txn, g, n);
    flushed = p2m_commit_for_guest(txn);
    return rc ? rc : flushed;
}
