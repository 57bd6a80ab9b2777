/* SPDX-License-Identifier: GPL-2.0-only */
/* add_to_physmap of one page or a range of the domain's own, and remove_from_physmap. */
#include <xen/grant_table.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/current.h>

#include "memory_op.h"

int memop_place(struct p2m_txn *txn, gfn_t gfn, struct page_info *pg, enum p2m_type t)
{
    int rc = p2m_txn_replaceable(txn, gfn, 1);

    if (rc)
        return rc;
    p2m_txn_give_back_ram(txn, true);
    rc = p2m_txn_map(txn, gfn, page_to_mfn(pg), 0, t);
    p2m_txn_give_back_ram(txn, false);
    return rc;
}

int memop_take_special(struct domain *d, unsigned int space, unsigned long idx,
                       struct page_info **pg)
{
    mfn_t mfn = INVALID_MFN;
    bool status;
    int rc;

    switch (space) {
    case XENMAPSPACE_shared_info:
        if (idx)
            return -EINVAL;
        *pg = d->shared_info_page;
        break;
    case XENMAPSPACE_grant_table:
        status = idx & XENMAPIDX_grant_table_status;
        rc = grant_table_get_frame(d, idx & ~(unsigned long)XENMAPIDX_grant_table_status,
                                   status, &mfn);
        if (rc)
            return rc;
        *pg = mfn_to_page(mfn);
        break;
    default:
        return -EINVAL;
    }
    return *pg && page_get(*pg, d) ? 0 : -EINVAL;
}

static int add_special(struct domain *d, unsigned int space, unsigned long idx, gfn_t gfn)
{
    struct page_info *pg;
    struct p2m_txn *txn;
    int rc = memop_take_special(d, space, idx, &pg), flushed;

    if (rc)
        return rc;
    txn = p2m_begin(d);
    rc = memop_place(txn, gfn, pg, P2M_RAM_RW);
    flushed = p2m_commit_for_guest(txn);
    page_put(pg);
    if (!rc && space == XENMAPSPACE_shared_info)
        write_once(d->shared_info_gfn, gfn_x(gfn));
    return rc ? rc : flushed;
}

/*
 * Moves one page of RAM. The transaction keeps it referenced for its old place until
 * no TLB leads there; the new place has a reference of its own from the start (XSA-346).
 * It goes from the old place last, when nothing can fail any more: back there it might
 * need a table that nobody has the memory for.
 */
int memop_move(struct p2m_txn *txn, struct domain *d, gfn_t from, gfn_t to)
{
    struct page_info *pg;
    enum p2m_type t;
    mfn_t mfn = p2m_txn_lookup(txn, from, &t, NULL);
    int rc;

    if (!p2m_type_is_ram(t))
        return -EINVAL;
    if (gfn_eq(from, to))
        return 0;
    rc = p2m_txn_replaceable(txn, to, 1);
    if (rc)
        return rc;
    pg = mfn_to_page(mfn);
    if (!page_get(pg, d))
        return -EINVAL;
    rc = p2m_txn_prepare_unmap(txn, from, 0);
    if (!rc)
        rc = memop_place(txn, to, pg, t);
    if (!rc) {
        rc = p2m_txn_unmap(txn, from, 0);
        ASSERT(!rc);
    }
    page_put(pg);
    return rc;
}

/* Pages [done, nr) in transactions of a batch each; how far it came, or the error. */
static long move_range(struct domain *d, const struct xen_add_to_physmap *x,
                       unsigned long done, unsigned long nr)
{
    int rc = 0;

    while (!rc && done < nr) {
        struct p2m_txn *txn = p2m_begin(d);
        unsigned long end = MIN(nr, done + MEMOP_BATCH);
        int flushed;

        for (; !rc && done < end; done += !rc)
            rc = memop_move(txn, d, _gfn(x->idx + done), _gfn(x->gpfn + done));
        flushed = p2m_commit_for_guest(txn);
        rc = rc ? rc : flushed;
        if (!rc && done < nr && hypercall_preempt_check())
            break;
    }
    return rc ? rc : (long)done;
}

static long add_one_or_range(const struct memop *op, struct domain *d,
                             const struct xen_add_to_physmap *x)
{
    unsigned long nr = 1;
    long rc;

    if (x->gpfn == gfn_x(INVALID_GFN))
        return -EINVAL;
    switch (x->space) {
    case XENMAPSPACE_gmfn_range:
        nr = x->size;
        break;
    case XENMAPSPACE_gmfn:
        break;
    default:
        return add_special(d, x->space, x->idx, _gfn(x->gpfn));
    }
    if (op->start > nr)
        return -EILSEQ;
    if (x->idx + nr < x->idx || x->gpfn + nr < x->gpfn)
        return -EINVAL;
    rc = move_range(d, x, op->start, nr);
    if (rc < 0)
        return rc;
    return (unsigned long)rc < nr ? memop_continue(op, rc) : 0;
}

long memop_add_to_physmap(const struct memop *op)
{
    struct xen_add_to_physmap x;
    struct domain *d;
    long rc;

    if (arg_read(&x, op->arg))
        return -EFAULT;
    if (x.space == XENMAPSPACE_gmfn_foreign)
        return -ENOSYS;     /* it names no second domain: batch only */
    rc = memop_domain(x.domid, &d);
    if (rc)
        return rc;
    rc = add_one_or_range(op, d, &x);
    domain_put(d);
    return rc;
}

/*
 * RAM stays allocated to the domain, as its balloon driver may expect. A grant is
 * unmapped through the grant table, device memory by the toolstack.
 */
static int remove_page(struct domain *d, gfn_t gfn)
{
    struct p2m_txn *txn = p2m_begin(d);
    enum p2m_type t;
    int rc, flushed;

    (void)p2m_txn_lookup(txn, gfn, &t, NULL);
    if (p2m_type_is_ram(t) || t == P2M_FOREIGN)
        rc = p2m_txn_unmap(txn, gfn, 0);
    else
        rc = p2m_type_has_frame(t) ? -EPERM : -ENOENT;
    flushed = p2m_commit_for_guest(txn);
    return rc ? rc : flushed;
}

long memop_remove_from_physmap(const struct memop *op)
{
    struct xen_remove_from_physmap x;
    struct domain *d;
    long rc;

    if (arg_read(&x, op->arg))
        return -EFAULT;
    rc = memop_domain(x.domid, &d);
    if (rc)
        return rc;
    rc = remove_page(d, _gfn(x.gpfn));
    domain_put(d);
    return rc;
}
