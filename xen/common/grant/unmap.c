/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unmapping, in batches: claim the handles, take all pages out of the physical map in one
 * transaction, and only when its flush is complete drop the pins, which lets the granters
 * use their pages anew (I1).
 */
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <asm/current.h>
#include <asm/p2m.h>

#include "private.h"

struct unmap_request {
    grant_handle_t handle;
    uint64_t host_addr, dev_addr; /* 0: leave that mapping */
};

/* What to drop of a mapping, or GNTST_*: it is not where the guest says. */
static int what_to_drop(const struct maptrack *mt, const struct unmap_request *r,
                        uint8_t *drop)
{
    *drop = 0;
    if (r->host_addr && (mt->flags & MT_HOST))
        *drop |= MT_HOST;
    if (r->dev_addr && (mt->flags & MT_DEVICE))
        *drop |= MT_DEVICE;
    if ((*drop & MT_HOST) && r->host_addr != gfn_to_gaddr(mt->gfn))
        return GNTST_bad_virt_addr;
    if ((*drop & MT_DEVICE) && r->dev_addr != mfn_to_paddr(mt->mfn))
        return GNTST_bad_dev_addr;
    return GNTST_okay;
}

static int claim(struct grant_batch *b, unsigned int element,
                 const struct unmap_request *r, bool *busy)
{
    struct maptrack *mt = maptrack_claim(b->d, r->handle, busy);
    int rc;

    if (!mt)
        return GNTST_bad_handle;
    rc = what_to_drop(mt, r, &mt->drop);
    if (rc == GNTST_okay)
        grant_batch_add(b, element, r->handle, mt);
    else
        maptrack_unclaim(b->d, mt);
    return rc;
}

/* The physical map still shows the grant where we put it: take it out. */
static int8_t take_out(struct p2m_txn *txn, const struct maptrack *mt, bool force)
{
    enum p2m_type type;
    mfn_t there = p2m_txn_lookup(txn, mt->gfn, &type, NULL);

    if (!mfn_eq(there, mt->mfn) || (type != P2M_GRANT_RW && type != P2M_GRANT_RO))
        return force ? GNTST_okay : GNTST_general_error;
    return p2m_txn_unmap(txn, mt->gfn, 0) ? GNTST_general_error : GNTST_okay;
}

static void take_all_out(struct grant_batch *b)
{
    struct p2m_txn *txn = NULL;
    struct maptrack *mt;

    for (grant_handle_t h = b->first; h != NO_HANDLE; h = mt->next) {
        mt = maptrack_entry(b->d->grant_table, h);
        if (b->force)
            mt->drop = mt->flags & (MT_HOST | MT_DEVICE);
        if (mt->drop & MT_HOST) {
            txn = txn ? txn : p2m_begin(b->d);
            mt->status = take_out(txn, mt, b->force);
        }
        if (mt->status == GNTST_okay)
            mt->flags &= (uint8_t)~mt->drop;
    }
    /* What could not be flushed in time is in quarantine: letting go looks there. */
    if (txn)
        (void)p2m_commit(txn);
}

grant_handle_t grant_batch_drop(struct grant_batch *b)
{
    grant_handle_t kept = NO_HANDLE;

    b->force = true;
    take_all_out(b);
    while (b->first != NO_HANDLE) {
        grant_handle_t handle = b->first;
        struct maptrack *mt = maptrack_entry(b->d->grant_table, handle);

        b->first = mt->next;
        if (mt->flags & (MT_HOST | MT_DEVICE) && kept == NO_HANDLE)
            kept = handle;
        grant_let_go(b->d, handle, mt);
    }
    return kept;
}

/* unmap_grant_ref and unmap_and_replace differ in the second word only. */
static int read_unmap(unsigned int cmd, uint64_t at, struct unmap_request *r)
{
    struct gnttab_unmap_grant_ref op;

    BUILD_BUG_ON(sizeof(op) != sizeof(struct gnttab_unmap_and_replace));
    BUILD_BUG_ON(offsetof(struct gnttab_unmap_grant_ref, status) !=
                 offsetof(struct gnttab_unmap_and_replace, status));
    if (arg_read(&op, at))
        return -EFAULT;
    *r = (struct unmap_request){.handle = op.handle, .host_addr = op.host_addr};
    if (cmd == GNTTABOP_unmap_grant_ref)
        r->dev_addr = op.dev_bus_addr;
    else if (op.dev_bus_addr)
        r->handle = NO_HANDLE; /* another address to move to: only PV has that */
    return 0;
}

static int write_status(uint64_t at, int status)
{
    struct gnttab_unmap_grant_ref op = {.status = (int16_t)status};

    return arg_write_field(at, &op, status);
}

/*
 * The first elements, at most max; *done: how many. A handle that comes twice, once for
 * each of its mappings, comes in two batches.
 */
static long unmap_some(struct domain *d, unsigned int cmd, uint64_t array,
                       unsigned int max, unsigned int *done)
{
    const size_t size = sizeof(struct gnttab_unmap_grant_ref);
    struct grant_batch b;
    unsigned int n;
    long rc = 0;

    grant_batch_init(&b, d);
    for (n = 0; !rc && n < max; n++) {
        struct unmap_request r;
        bool busy = false;
        int status;

        if (read_unmap(cmd, array + n * size, &r)) {
            rc = -EFAULT;
            break;
        }
        status = claim(&b, n, &r, &busy);
        if (busy && b.first != NO_HANDLE)
            break;
        if (status != GNTST_okay && write_status(array + n * size, status))
            rc = -EFAULT;
    }
    take_all_out(&b);
    for (unsigned int i = 0; i < n; i++) {
        grant_handle_t handle;
        struct maptrack *mt = grant_batch_take(&b, i, &handle);
        int status = mt ? mt->status : 0;

        if (!mt)
            continue;
        grant_let_go(d, handle, mt);
        if (write_status(array + i * size, status))
            rc = -EFAULT;
    }
    *done = n;
    return rc;
}

long grant_op_unmap(unsigned int cmd, uint64_t array, unsigned int count)
{
    const size_t size = sizeof(struct gnttab_unmap_grant_ref);
    unsigned int done = 0, n;

    while (done < count) {
        long rc;

        if (done && hypercall_preempt_check())
            return grant_op_continue(cmd, array, size, done, count);
        rc = unmap_some(current->domain, cmd, array + done * size,
                        MIN(count - done, (unsigned int)GRANT_BATCH), &n);
        if (rc)
            return rc;
        done += n;
    }
    return 0;
}

int grant_table_release_mappings(struct domain *d)
{
    struct grant_table *gt = d->grant_table;
    uint32_t limit;

    if (!gt)
        return 0;
    ASSERT(d->dying);
    limit = gt->nr_maptrack_pages * MAPTRACK_PER_PAGE;
    while (gt->release_next < limit && gt->nr_mapped) {
        struct grant_batch b;
        grant_handle_t kept;

        grant_batch_init(&b, d);
        for (unsigned int n = 0; n < GRANT_BATCH && gt->release_next < limit; n++) {
            grant_handle_t handle = gt->release_next++;
            bool busy;
            struct maptrack *mt = maptrack_claim(d, handle, &busy);

            if (mt)
                grant_batch_add(&b, n, handle, mt);
        }
        kept = grant_batch_drop(&b);
        if (kept != NO_HANDLE) {
            gt->release_next = kept;
            return -ENOMEM;
        }
        if (hypercall_preempt_check())
            return -ERESTART;
    }
    return 0;
}
