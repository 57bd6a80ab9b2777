/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mapping others' grants into a translated domain, and unmapping.
 *
 * Unmapping works in batches: claim the handles, take all pages out of the physical map
 * in one transaction, and only when its flush is complete drop the pins, which lets the
 * granters use their pages anew (I1).
 */
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <asm/current.h>
#include <asm/p2m.h>

#include "private.h"

static int map_page(struct domain *d, struct maptrack *mt, const struct pinned_grant *pin)
{
    enum p2m_type type = mt->flags & MT_READONLY ? P2M_GRANT_RO : P2M_GRANT_RW;
    struct p2m_txn *txn;
    int rc;

    if (!(mt->flags & MT_HOST))
        return GNTST_okay;
    txn = p2m_begin(d);
    rc = p2m_txn_replaceable(txn, mt->gfn, 1);
    if (!rc)
        rc = p2m_txn_map(txn, mt->gfn, page_to_mfn(pin->page), 0, type);
    /* In force even if its flush times out: d then crashes, and unmaps it as others. */
    (void)p2m_commit(txn);
    return rc == 0 ? GNTST_okay : rc == -ENOMEM ? GNTST_no_space : GNTST_general_error;
}

static int check_flags(const struct gnttab_map_grant_ref *op)
{
    if (!(op->flags & (GNTMAP_host_map | GNTMAP_device_map)))
        return GNTST_bad_gntref;
    /* Ways to say where that only PV guests have. */
    if (op->flags & ~(uint32_t)(GNTMAP_host_map | GNTMAP_device_map | GNTMAP_readonly |
                                GNTMAP_guest_avail_mask))
        return GNTST_general_error;
    if ((op->flags & GNTMAP_host_map) && (op->host_addr & ~PAGE_MASK))
        return GNTST_bad_virt_addr;
    return GNTST_okay;
}

/* Fills in handle and dev_bus_addr. */
static int map_one(struct domain *d, struct gnttab_map_grant_ref *op)
{
    struct domain *granter;
    struct pinned_grant pin;
    struct maptrack *mt;
    bool readonly = op->flags & GNTMAP_readonly;
    int rc = check_flags(op);

    if (rc != GNTST_okay)
        return rc;
    granter = op->dom == DOMID_SELF ? NULL : domain_get_by_id(op->dom);
    if (!granter)
        return GNTST_bad_domain;
    mt = maptrack_alloc(d, &op->handle);
    if (!mt) {
        domain_put(granter);
        return GNTST_no_device_space;
    }
    rc = grant_pin(granter, op->ref, d->domain_id, PIN_WHOLE | (readonly ? 0 : PIN_WRITE),
                   &pin);
    if (rc != GNTST_okay) {
        domain_put(granter);
        maptrack_free(d, op->handle);
        return rc;
    }
    mt->gfn = gaddr_to_gfn(op->host_addr);
    mt->mfn = page_to_mfn(pin.page);
    mt->ref = op->ref;
    mt->flags |= (uint8_t)((op->flags & GNTMAP_host_map ? MT_HOST : 0) |
                           (op->flags & GNTMAP_device_map ? MT_DEVICE : 0) |
                           (readonly ? MT_READONLY : 0));
    rc = map_page(d, mt, &pin);
    mt->granter = granter;
    if (rc != GNTST_okay) {
        grant_unpin(&pin);
        maptrack_free(d, op->handle);
        return rc;
    }
    op->dev_bus_addr = page_to_paddr(pin.page);
    maptrack_unclaim(d, mt);
    return GNTST_okay;
}

static void undo_map(struct domain *d, const struct gnttab_map_grant_ref *op)
{
    struct unmap_item item = {.handle = op->handle, .any_addr = true};

    grant_unmap_batch(d, &item, 1);
}

long grant_op_continue(unsigned int cmd, uint64_t array, size_t size, unsigned int done,
                       unsigned int count)
{
    unsigned long again[6] = {cmd, array + done * size, count - done};

    return hypercall_continue(again);
}

long grant_op_map(uint64_t array, unsigned int count)
{
    struct domain *d = current->domain;
    struct gnttab_map_grant_ref op;

    for (unsigned int i = 0; i < count; i++) {
        uint64_t at = array + i * sizeof(op);

        if (i && hypercall_preempt_check())
            return grant_op_continue(GNTTABOP_map_grant_ref, array, sizeof(op), i, count);
        if (arg_read(&op, at))
            return -EFAULT;
        op.status = (int16_t)map_one(d, &op);
        if (arg_write(at, &op)) {
            if (op.status == GNTST_okay)
                undo_map(d, &op);
            return -EFAULT;
        }
    }
    return 0;
}

/* --- unmapping --------------------------------------------------------------------- */

static int16_t claim(struct domain *d, struct unmap_item *it)
{
    struct maptrack *mt = maptrack_claim(d, it->handle);

    if (!mt)
        return GNTST_bad_handle;
    if (it->any_addr) {
        it->drop = mt->flags & (MT_HOST | MT_DEVICE);
    } else {
        if (it->host_addr && (mt->flags & MT_HOST))
            it->drop |= MT_HOST;
        if (it->dev_addr && (mt->flags & MT_DEVICE))
            it->drop |= MT_DEVICE;
        if ((it->drop & MT_HOST) && it->host_addr != gfn_to_gaddr(mt->gfn)) {
            maptrack_unclaim(d, mt);
            return GNTST_bad_virt_addr;
        }
        if ((it->drop & MT_DEVICE) && it->dev_addr != mfn_to_paddr(mt->mfn)) {
            maptrack_unclaim(d, mt);
            return GNTST_bad_dev_addr;
        }
    }
    it->mt = mt;
    return GNTST_okay;
}

/* The physical map still shows the grant where we put it: take it out. */
static int16_t unmap_page(struct p2m_txn *txn, const struct unmap_item *it)
{
    enum p2m_type type;
    mfn_t there = p2m_txn_lookup(txn, it->mt->gfn, &type, NULL);

    if (!mfn_eq(there, it->mt->mfn) || (type != P2M_GRANT_RW && type != P2M_GRANT_RO))
        return it->any_addr ? GNTST_okay : GNTST_general_error;
    return p2m_txn_unmap(txn, it->mt->gfn, 0) ? GNTST_general_error : GNTST_okay;
}

/* Nothing translates to the page any more; flushed: and nobody remembers that it did. */
static void finish(struct domain *d, struct unmap_item *it, bool flushed)
{
    struct maptrack *mt = it->mt;

    if (it->status == GNTST_okay) {
        if ((it->drop & MT_HOST) && !flushed)
            mt->flags |= MT_LOST;
        mt->flags &= (uint8_t)~it->drop;
    }
    if (mt->flags & (MT_HOST | MT_DEVICE)) {
        maptrack_unclaim(d, mt);
        return;
    }
    grant_unpin_ref(mt->granter, mt->ref, !(mt->flags & MT_READONLY),
                    mt->flags & MT_LOST);
    maptrack_free(d, it->handle);
}

void grant_unmap_batch(struct domain *d, struct unmap_item *item, unsigned int n)
{
    struct p2m_txn *txn = NULL;
    bool flushed = true;

    for (unsigned int i = 0; i < n; i++)
        item[i].status = claim(d, &item[i]);
    for (unsigned int i = 0; i < n; i++) {
        if (item[i].status != GNTST_okay || !(item[i].drop & MT_HOST))
            continue;
        if (!txn)
            txn = p2m_begin(d);
        item[i].status = unmap_page(txn, &item[i]);
    }
    if (txn)
        flushed = !p2m_commit(txn);
    for (unsigned int i = 0; i < n; i++)
        if (item[i].mt)
            finish(d, &item[i], flushed);
}

/* unmap_grant_ref and unmap_and_replace differ in the second word only. */
static int read_unmap(unsigned int cmd, uint64_t at, struct unmap_item *it)
{
    struct gnttab_unmap_grant_ref op;

    BUILD_BUG_ON(sizeof(op) != sizeof(struct gnttab_unmap_and_replace));
    BUILD_BUG_ON(offsetof(struct gnttab_unmap_grant_ref, status) !=
                 offsetof(struct gnttab_unmap_and_replace, status));
    if (arg_read(&op, at))
        return -EFAULT;
    *it = (struct unmap_item){.handle = op.handle, .host_addr = op.host_addr};
    if (cmd == GNTTABOP_unmap_grant_ref)
        it->dev_addr = op.dev_bus_addr;
    else if (op.dev_bus_addr)
        it->handle = NO_HANDLE; /* another address to move to: only PV has that */
    return 0;
}

static int write_status(uint64_t at, const struct unmap_item *it)
{
    return copy_to_guest_va(at + offsetof(struct gnttab_unmap_grant_ref, status),
                            &it->status, sizeof(it->status));
}

long grant_op_unmap(unsigned int cmd, uint64_t array, unsigned int count)
{
    const size_t size = sizeof(struct gnttab_unmap_grant_ref);
    struct domain *d = current->domain;
    struct unmap_item item[UNMAP_BATCH];
    unsigned int done = 0, n;

    while (done < count) {
        if (done && hypercall_preempt_check())
            return grant_op_continue(cmd, array, size, done, count);
        for (n = 0; n < UNMAP_BATCH && done + n < count; n++)
            if (read_unmap(cmd, array + (done + n) * size, &item[n]))
                break;
        if (!n)
            return -EFAULT;
        grant_unmap_batch(d, item, n);
        for (unsigned int i = 0; i < n; i++)
            if (write_status(array + (done + i) * size, &item[i]))
                return -EFAULT;
        done += n;
    }
    return 0;
}

int grant_table_release_mappings(struct domain *d)
{
    struct grant_table *gt = d->grant_table;
    struct unmap_item item[UNMAP_BATCH];
    uint32_t limit;

    if (!gt)
        return 0;
    ASSERT(d->dying);
    limit = gt->nr_maptrack_pages * MAPTRACK_PER_PAGE;
    while (gt->release_next < limit && gt->nr_mapped) {
        unsigned int n;

        for (n = 0; n < UNMAP_BATCH && gt->release_next < limit; n++)
            item[n] = (struct unmap_item){.handle = gt->release_next++, .any_addr = true};
        grant_unmap_batch(d, item, n);
        if (hypercall_preempt_check())
            return -ERESTART;
    }
    return 0;
}
