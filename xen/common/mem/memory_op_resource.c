/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * acquire_resource: pages the hypervisor made for a domain, mapped into the toolstack at
 * gfns of its choice, before the domain itself has mapped them. A long request is worked
 * off in chunks; when one fails, those before it stay mapped.
 */
#include <xen/grant_table.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/current.h>

#include "memory_op.h"

#define CHUNK   32u

static bool grant_status(uint32_t id)
{
    return id == XENMEM_resource_grant_table_id_status;
}

/* Frames the resource can have; 0: there is no such resource. */
static uint64_t resource_size(struct domain *d, const struct xen_mem_acquire_resource *r)
{
    if (r->type != XENMEM_resource_grant_table ||
        (r->id != XENMEM_resource_grant_table_id_shared && !grant_status(r->id)))
        return 0;
    return grant_table_max_frames(d, grant_status(r->id));
}

static int take_frame(struct domain *d, const struct xen_mem_acquire_resource *r,
                      uint64_t frame, struct page_info **pg)
{
    mfn_t mfn;
    int rc = grant_table_get_frame(d, frame, grant_status(r->id), &mfn);

    if (rc)
        return rc;
    *pg = mfn_to_page(mfn);
    return page_get(*pg, d) ? 0 : -EINVAL;
}

/* Whatever can fail. */
static int prepare_places(struct p2m_txn *txn, const xen_pfn_t *gfn, unsigned int n)
{
    unsigned int i, ready = 0;
    int rc = 0;

    for (i = 0; !rc && i < n; i++)
        rc = p2m_txn_replaceable(txn, _gfn(gfn[i]), 1);
    for (; !rc && ready < n; ready += !rc)
        rc = p2m_txn_prepare_map(txn, _gfn(gfn[ready]), 0);
    while (rc && ready)
        p2m_txn_unprepare_map(txn, _gfn(gfn[--ready]), 0);
    return rc;
}

/*
 * Frames [done, done + n) of the request in one transaction. Nothing changes if one of
 * the gfns is no place for them, or there is no memory for the tables.
 */
static int map_chunk(struct domain *d, const struct xen_mem_acquire_resource *r,
                     uint64_t done, unsigned int n)
{
    struct page_info *pg[CHUNK];
    xen_pfn_t gfn[CHUNK];
    struct p2m_txn *txn;
    unsigned int i, taken;
    int rc = 0, flushed;

    for (i = 0; i < n; i++)
        if (guest_read_at(&gfn[i], r->frame_list, done + i))
            return -EFAULT;
    for (taken = 0; taken < n; taken++) {
        rc = take_frame(d, r, r->frame + done + taken, &pg[taken]);
        if (rc)
            break;
    }
    if (!rc) {
        txn = p2m_begin(current->domain);
        rc = prepare_places(txn, gfn, n);
        for (i = 0; !rc && i < n; i++) {
            rc = memop_place(txn, _gfn(gfn[i]), pg[i], P2M_FOREIGN);
            ASSERT(!rc);
        }
        flushed = p2m_commit_for_guest(txn);
        rc = rc ? rc : flushed;
    }
    while (taken)
        page_put(pg[--taken]);
    return rc;
}

static long acquire(const struct memop *op, struct domain *d,
                    struct xen_mem_acquire_resource *r)
{
    uint64_t max = resource_size(d, r), done = op->start;
    int rc;

    if (!max)
        return -EINVAL;
    if (guest_handle_is_null(r->frame_list)) {
        if (r->nr_frames || op->start)
            return -EINVAL;
        r->nr_frames = max;
        return arg_write_field(op->arg, r, nr_frames);
    }
    if (r->nr_frames > MEMOP_MAX_EXTENTS)
        return -E2BIG;
    if (done > r->nr_frames || r->frame > max || r->nr_frames > max - r->frame)
        return -EINVAL;

    while (done < r->nr_frames) {
        unsigned int n = MIN(r->nr_frames - done, (uint64_t)CHUNK);

        rc = map_chunk(d, r, done, n);
        if (rc)
            return rc;
        done += n;
        if (done < r->nr_frames && hypercall_preempt_check())
            return memop_continue(op, done);
    }
    return 0;
}

long memop_acquire_resource(const struct memop *op)
{
    struct xen_mem_acquire_resource r;
    struct domain *d;
    long rc;

    if (!current->domain->is_privileged)
        return -EPERM;
    if (arg_read(&r, op->arg))
        return -EFAULT;
    if (r.pad)
        return -EINVAL;
    rc = memop_domain(r.domid, &d);
    if (rc)
        return rc;
    rc = d == current->domain ? -EPERM : acquire(op, d, &r);
    domain_put(d);
    return rc;
}
