/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Growing and shrinking a domain: populate_physmap, increase and decrease_reservation.
 * These return how many extents are done, and that is their only way to say that
 * something was wrong with the arguments.
 */
#include <xen/alloc.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/current.h>

#include "memory_op.h"

/* In a count of extents: something was wrong with the next one. */
#define STOPPED (1ul << 63)

/* MEMF_* for what the caller asks of the frames; -EINVAL when no frame is like that. */
static int frame_flags(unsigned int mem_flags, unsigned int *memf)
{
    unsigned int bits = XENMEMF_get_address_bits(mem_flags);
    unsigned int node = XENMEMF_get_node(mem_flags);

    *memf = 0;
    if (mem_flags & XENMEMF_vnode)
        return -EINVAL;
    if ((mem_flags & XENMEMF_exact_node_request) && node != 0 && node != 0xff)
        return -EINVAL;
    if (!bits || bits >= 52)
        return 0;
    if (bits < 32)
        return -EINVAL;
    if (max_page > 1ul << (bits - PAGE_SHIFT))
        *memf |= MEMF_DMA32;
    return 0;
}

/* Where a fresh block goes. */
struct placement {
    xen_pfn_t gfn;
    struct page_info *pg;
};

/* All that can fail of n pages from gfn on in pieces of an order. */
static int prepare_pieces(struct p2m_txn *txn, unsigned long gfn, unsigned long n,
                          unsigned int piece)
{
    unsigned long ready = 0, size = 1ul << piece;
    int rc = 0;

    while (!rc && ready < n) {
        rc = p2m_txn_prepare_map(txn, _gfn(gfn + ready), piece);
        if (!rc)
            ready += size;
    }
    while (rc && ready) {
        ready -= size;
        p2m_txn_unprepare_map(txn, _gfn(gfn + ready), piece);
    }
    return rc;
}

/*
 * Maps the fresh block, or nothing of it. RAM that it replaces is given back; anything
 * else that is there is somebody's business that a new frame must not end.
 */
static int place_block(struct p2m_txn *txn, const struct placement *p, unsigned int order)
{
    unsigned long n = 1ul << order, done = 0;
    unsigned int piece = (p->gfn & (n - 1)) ? 0 : order;
    int rc = p2m_txn_replaceable(txn, _gfn(p->gfn), n);

    if (!rc && piece != order)
        rc = prepare_pieces(txn, p->gfn, n, piece);
    p2m_txn_give_back_ram(txn, true);
    while (!rc && done < n) {
        rc = p2m_txn_map(txn, _gfn(p->gfn + done),
                         mfn_add(page_to_mfn(p->pg), done), piece, P2M_RAM_RW);
        if (!rc)
            done += 1ul << piece;
    }
    p2m_txn_give_back_ram(txn, false);
    /* Half-way only if the frames go with their dying domain, whose map follows. */
    return rc;
}

/*
 * Frees a frame of d that is nowhere. When d died meanwhile it may be free already, or
 * somebody else's: only with a reference the owner stays who it is.
 */
static void drop_frame(struct domain *d, struct page_info *pg)
{
    if (!page_get(pg, d))
        return;
    page_drop_allocation(pg);
    page_put(pg);
}

/*
 * One transaction for n blocks; how many are in place. They are even if the flush of what
 * they replaced failed. The frames of the others are freed.
 */
static unsigned long place_batch(struct domain *d, const struct placement *list,
                                 unsigned long n, unsigned int order)
{
    struct p2m_txn *txn = p2m_begin(d);
    unsigned long done = 0, i, k;

    while (done < n && !place_block(txn, &list[done], order))
        done++;
    (void)p2m_commit(txn);
    for (i = done; i < n; i++)
        for (k = 0; k < 1ul << order; k++)
            drop_frame(d, list[i].pg + k);
    return done;
}

/* Reads where extents [first, first + n) go and gets their frames; for how many. */
static unsigned long take_blocks(struct domain *d, const struct xen_memory_reservation *r,
                                 unsigned long first, struct placement *list,
                                 unsigned long n, unsigned int memf)
{
    unsigned long limit = 1ul << 36, size = 1ul << r->extent_order, i;

    for (i = 0; i < n; i++) {
        if (guest_read_at(&list[i].gfn, r->extent_start, first + i) ||
            list[i].gfn >= limit || size > limit - list[i].gfn)
            break;
        list[i].pg = domain_alloc_pages(d, r->extent_order, memf);
        if (!list[i].pg)
            break;
    }
    return i;
}

/*
 * Extents [i, ...) in batches of at most room; where it stopped. A batch can be short
 * because what it replaces is given back only at its end: the next one tells.
 */
static unsigned long populate_list(struct domain *d,
                                   const struct xen_memory_reservation *r,
                                   unsigned long i, struct placement *list,
                                   unsigned long room, unsigned int memf)
{
    while (i < r->nr_extents) {
        unsigned long n = take_blocks(d, r, i, list, MIN(room, r->nr_extents - i), memf);
        unsigned long done = n ? place_batch(d, list, n, r->extent_order) : 0;

        i += done;
        if (!n || done < n)
            return i | STOPPED;
        if (hypercall_preempt_check())
            break;
    }
    return i;
}

/* As many extents as make up one batch of pages, of those that are left. */
static unsigned long batch_room(const struct memop *op,
                                const struct xen_memory_reservation *r)
{
    return MIN(MAX(MEMOP_BATCH >> MIN(r->extent_order, 9u), 1u),
               r->nr_extents - op->start);
}

/* What a call returns that came as far as extent i. */
static long outcome(const struct memop *op, const struct xen_memory_reservation *r,
                    unsigned long i)
{
    if (i & STOPPED)
        return i & ~STOPPED;
    return i < r->nr_extents ? memop_continue(op, i) : (long)i;
}

static long populate(const struct memop *op, struct domain *d,
                     const struct xen_memory_reservation *r)
{
    struct placement few[MEMOP_FEW], *list = few;
    unsigned long room = batch_room(op, r), i;
    unsigned int memf;

    if (frame_flags(r->mem_flags, &memf))
        return op->start;
    if (room > MEMOP_FEW) {
        list = charge_alloc(NULL, CHARGE_MISC, room * sizeof(*list));
        if (!list) {
            list = few;
            room = MEMOP_FEW;
        }
    }
    i = populate_list(d, r, op->start, list, room, memf);
    if (list != few)
        charge_free(list);
    return outcome(op, r, i);
}

/* Frames that are nowhere yet. */
static long increase(const struct memop *op, struct domain *d,
                     const struct xen_memory_reservation *r)
{
    unsigned long i;
    unsigned int memf;

    if (frame_flags(r->mem_flags, &memf))
        return op->start;
    for (i = op->start; i < r->nr_extents; i++) {
        if (i != op->start && hypercall_preempt_check())
            return memop_continue(op, i);
        if (!domain_alloc_pages(d, r->extent_order, memf))
            break;
    }
    return i;
}

/*
 * Removes an extent, which must be the domain's RAM throughout; a leaf goes as a whole if
 * the extent covers it, else page by page.
 */
static int remove_extent(struct p2m_txn *txn, unsigned long gfn,
                         unsigned int extent_order)
{
    unsigned long end = gfn + (1ul << extent_order);

    if (end < gfn)
        return -EINVAL;
    while (gfn < end) {
        enum p2m_type t;
        unsigned int order;
        int rc;

        (void)p2m_txn_lookup(txn, _gfn(gfn), &t, &order);
        if (!p2m_type_is_ram(t))
            return -EINVAL;
        if ((gfn & ((1ul << order) - 1)) || end - gfn < 1ul << order)
            order = 0;
        rc = p2m_txn_unmap(txn, _gfn(gfn), order);
        if (rc)
            return rc;
        gfn += 1ul << order;
    }
    return 0;
}

/* One transaction for n extents; how many of them are gone as a whole. */
static unsigned long shrink_batch(struct domain *d, const xen_pfn_t *gfns,
                                  unsigned long n, unsigned int order)
{
    struct p2m_txn *txn = p2m_begin(d);
    unsigned long i;

    p2m_txn_give_back_ram(txn, true);
    for (i = 0; i < n; i++)
        if (remove_extent(txn, gfns[i], order))
            break;
    (void)p2m_commit(txn);
    return i;
}

/* Extents [i, ...) in batches of at most room; where it stopped. */
static unsigned long shrink_list(struct domain *d, const struct xen_memory_reservation *r,
                                 unsigned long i, xen_pfn_t *list, unsigned long room)
{
    while (i < r->nr_extents) {
        unsigned long want = MIN(room, r->nr_extents - i), got, done;

        for (got = 0; got < want; got++)
            if (guest_read_at(&list[got], r->extent_start, i + got))
                break;
        done = shrink_batch(d, list, got, r->extent_order);
        i += done;
        if (done < want)
            return i | STOPPED;
        if (hypercall_preempt_check())
            break;
    }
    return i;
}

static long shrink(const struct memop *op, struct domain *d,
                   const struct xen_memory_reservation *r)
{
    xen_pfn_t few[MEMOP_FEW], *list = few;
    unsigned long room = batch_room(op, r), i;

    if (room > MEMOP_FEW) {
        list = charge_alloc(NULL, CHARGE_MISC, room * sizeof(*list));
        if (!list) {
            list = few;
            room = MEMOP_FEW;
        }
    }
    i = shrink_list(d, r, op->start, list, room);
    if (list != few)
        charge_free(list);
    return outcome(op, r, i);
}

long memop_reservation(const struct memop *op)
{
    struct xen_memory_reservation r;
    struct domain *d;
    long rc;

    if (arg_read(&r, op->arg) || r.nr_extents > MEMOP_MAX_EXTENTS ||
        op->start >= r.nr_extents || r.extent_order > memop_max_order())
        return op->start;
    if (!guest_range_okay(guest_handle_addr(r.extent_start), r.nr_extents,
                          sizeof(xen_pfn_t)))
        return op->start;
    if (r.mem_flags & XENMEMF_populate_on_demand)
        return -EOPNOTSUPP;
    if (memop_domain(r.domid, &d))
        return op->start;

    if (op->cmd == XENMEM_decrease_reservation)
        rc = shrink(op, d, &r);
    else if (op->cmd == XENMEM_populate_physmap)
        rc = populate(op, d, &r);
    else
        rc = increase(op, d, &r);
    domain_put(d);
    return rc;
}

/* Trading frames for others is for guests that see machine frames. */
long memop_exchange(const struct memop *op)
{
    struct xen_memory_exchange ex;
    unsigned long in, out;
    struct domain *d;
    long rc;

    if (arg_read(&ex, op->arg))
        return -EFAULT;
    if (MAX(ex.in.extent_order, ex.out.extent_order) > memop_max_order())
        return -EPERM;
    if (ex.nr_exchanged > ex.in.nr_extents || ex.in.domid != ex.out.domid ||
        ex.in.nr_extents > ~0ul >> ex.in.extent_order ||
        ex.out.nr_extents > ~0ul >> ex.out.extent_order)
        return -EINVAL;
    in = ex.in.nr_extents << ex.in.extent_order;
    out = ex.out.nr_extents << ex.out.extent_order;
    if (in != out)
        return -EINVAL;
    rc = memop_domain(ex.in.domid, &d);
    if (rc)
        return rc;
    domain_put(d);
    return -EOPNOTSUPP;
}
