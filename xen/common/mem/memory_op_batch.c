/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * add_to_physmap_batch. Mostly the toolstack reaching a guest's memory: one page a call,
 * thousands of calls to build a domain.
 */
#include <xen/alloc.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/current.h>

#include "memory_op.h"

struct item {
    xen_ulong_t idx;
    xen_pfn_t gfn;
    struct page_info *pg;       /* referenced; NULL: idx is a gfn to move */
    int rc;
};

static int read_items(const struct xen_add_to_physmap_batch *b, unsigned long first,
                      struct item *it, unsigned long n)
{
    unsigned long i;

    for (i = 0; i < n; i++)
        if (guest_read_at(&it[i].idx, b->idxs, first + i) ||
            guest_read_at(&it[i].gfn, b->gpfns, first + i))
            return -EFAULT;
    return 0;
}

/* The frames first: two domains' maps are never locked at once. */
static void take_foreign(struct domain *fd, struct item *it)
{
    enum p2m_type t;

    it->pg = p2m_get_page(fd, _gfn(it->idx), &t, P2M_GET_OWN);
    it->rc = !it->pg ? -EINVAL : p2m_type_writable(t) ? 0 : -EPERM;
}

static void take_items(struct domain *d, struct domain *fd, unsigned int space,
                       struct item *it, unsigned long n)
{
    for (; n; n--, it++) {
        it->pg = NULL;
        it->rc = 0;
        if (fd) {
            take_foreign(fd, it);
        } else if (space != XENMAPSPACE_gmfn) {
            it->rc = memop_take_special(d, space, it->idx, &it->pg);
            if (it->rc)
                it->pg = NULL;
        }
    }
}

static int map_items(struct domain *d, bool foreign, struct item *it, unsigned long n)
{
    enum p2m_type t = foreign ? P2M_FOREIGN : P2M_RAM_RW;
    struct p2m_txn *txn = p2m_begin(d);
    unsigned long i;
    int rc;

    for (i = 0; i < n; i++) {
        gfn_t gfn = _gfn(it[i].gfn);

        if (it[i].rc)
            continue;
        if (it[i].pg)
            it[i].rc = memop_place(txn, gfn, it[i].pg, t);
        else
            it[i].rc = memop_move(txn, d, _gfn(it[i].idx), gfn);
    }
    rc = p2m_commit_for_guest(txn);
    for (i = 0; i < n; i++)
        if (it[i].pg)
            page_put(it[i].pg);
    return rc;
}

/* Pages [done, size) with the room of list; how far it came, or the error. */
static long map_list(struct domain *d, struct domain *fd,
                     const struct xen_add_to_physmap_batch *b, unsigned long done,
                     struct item *list, unsigned long room)
{
    while (done < b->size) {
        unsigned long n = MIN(room, b->size - done), i;
        int rc = read_items(b, done, list, n);

        if (rc)
            return rc;
        take_items(d, fd, b->space, list, n);
        rc = map_items(d, fd != NULL, list, n);
        for (i = 0; i < n; i++)
            if (guest_write_at(b->errs, done + i, &list[i].rc))
                return -EFAULT;
        if (rc)
            return rc;
        done += n;
        if (done < b->size && hypercall_preempt_check())
            break;
    }
    return done;
}

static long map_batch(const struct memop *op, struct domain *d, struct domain *fd,
                      const struct xen_add_to_physmap_batch *b)
{
    struct item few[MEMOP_FEW], *list = few;
    unsigned long room = MIN(MEMOP_BATCH, b->size - op->start);
    long rc;

    if (room > MEMOP_FEW) {
        list = charge_alloc(NULL, CHARGE_MISC, room * sizeof(*list));
        if (!list) {
            list = few;
            room = MEMOP_FEW;
        }
    }
    rc = map_list(d, fd, b, op->start, list, room);
    if (list != few)
        charge_free(list);
    if (rc < 0)
        return rc;
    return rc < b->size ? memop_continue(op, rc) : 0;
}

static long batch_foreign(const struct memop *op, struct domain *d,
                          const struct xen_add_to_physmap_batch *b)
{
    struct domain *fd;
    long rc;

    if (!current->domain->is_privileged)
        return -EPERM;
    rc = memop_domain(b->u.foreign_domid, &fd);
    if (rc)
        return rc;
    rc = fd == d || !fd->arch.p2m ? -EINVAL : map_batch(op, d, fd, b);
    domain_put(fd);
    return rc;
}

long memop_add_to_physmap_batch(const struct memop *op)
{
    struct xen_add_to_physmap_batch b;
    struct domain *d;
    long rc;

    if (arg_read(&b, op->arg))
        return -EFAULT;
    if (b.size < op->start || (op->start && b.size == op->start))
        return -EILSEQ;
    if (!b.size)
        return 0;
    if (b.space == XENMAPSPACE_gmfn_range)
        return -EOPNOTSUPP;     /* a range has a size, these have not */
    if (b.space != XENMAPSPACE_gmfn_foreign && b.u.res0)
        return -EOPNOTSUPP;
    if (!guest_range_okay(guest_handle_addr(b.idxs), b.size, sizeof(xen_ulong_t)) ||
        !guest_range_okay(guest_handle_addr(b.gpfns), b.size, sizeof(xen_pfn_t)) ||
        !guest_range_okay(guest_handle_addr(b.errs), b.size, sizeof(int)))
        return -EFAULT;
    rc = memop_domain(b.domid, &d);
    if (rc)
        return rc;
    if (b.space == XENMAPSPACE_gmfn_foreign)
        rc = batch_foreign(op, d, &b);
    else
        rc = map_batch(op, d, NULL, &b);
    domain_put(d);
    return rc;
}
