/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mapping others' grants into a translated domain. In batches: pin the grants, put all
 * pages into the physical map in one transaction, tell the guest.
 */
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <asm/current.h>
#include <asm/p2m.h>

#include "private.h"

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

/* All but the physical map's part; adds the mapping to the batch. */
static int prepare(struct grant_batch *b, unsigned int element,
                   const struct gnttab_map_grant_ref *op)
{
    bool readonly = op->flags & GNTMAP_readonly;
    struct domain *granter;
    struct pinned_grant pin;
    struct maptrack *mt;
    grant_handle_t handle;
    int rc = check_flags(op);

    if (rc != GNTST_okay)
        return rc;
    granter = op->dom == DOMID_SELF ? NULL : domain_get_by_id(op->dom);
    if (!granter)
        return GNTST_bad_domain;
    mt = maptrack_alloc(b->d, &handle);
    if (!mt) {
        domain_put(granter);
        return GNTST_no_device_space;
    }
    rc = grant_pin(granter, op->ref, b->d->domain_id,
                   PIN_WHOLE | (readonly ? 0 : PIN_WRITE), &pin);
    if (rc != GNTST_okay) {
        domain_put(granter);
        maptrack_free(b->d, handle);
        return rc;
    }
    mt->granter = granter;
    mt->gfn = gaddr_to_gfn(op->host_addr);
    mt->mfn = page_to_mfn(pin.page);
    mt->ref = op->ref;
    mt->flags |= (uint8_t)((op->flags & GNTMAP_host_map ? MT_HOST : 0) |
                           (op->flags & GNTMAP_device_map ? MT_DEVICE : 0) |
                           (readonly ? MT_READONLY : 0));
    grant_batch_add(b, element, handle, mt);
    return GNTST_okay;
}

static int8_t place(struct p2m_txn *txn, const struct maptrack *mt)
{
    enum p2m_type type = mt->flags & MT_READONLY ? P2M_GRANT_RO : P2M_GRANT_RW;
    int rc = p2m_txn_replaceable(txn, mt->gfn, 1);

    if (!rc)
        rc = p2m_txn_map(txn, mt->gfn, mt->mfn, 0, type);
    return rc == 0 ? GNTST_okay : rc == -ENOMEM ? GNTST_no_space : GNTST_general_error;
}

static void place_all(struct grant_batch *b)
{
    struct p2m_txn *txn = NULL;
    struct maptrack *mt;

    for (grant_handle_t h = b->first; h != NO_HANDLE; h = mt->next) {
        mt = maptrack_entry(b->d->grant_table, h);
        if (!(mt->flags & MT_HOST))
            continue;
        if (!txn)
            txn = p2m_begin(b->d);
        mt->status = place(txn, mt);
        if (mt->status != GNTST_okay)
            mt->flags &= (uint8_t)~(MT_HOST | MT_DEVICE);
    }
    /* In force even if its flush times out: d then crashes, and unmaps it as others. */
    if (txn)
        (void)p2m_commit(txn);
}

static int tell(uint64_t at, grant_handle_t handle, const struct maptrack *mt)
{
    struct gnttab_map_grant_ref op = {.status = mt->status, .handle = handle,
                                      .dev_bus_addr = mfn_to_paddr(mt->mfn)};
    size_t from = offsetof(struct gnttab_map_grant_ref, status);

    if (op.status != GNTST_okay)
        return arg_write_field(at, &op, status);
    return copy_to_guest_va(at + from, &op.status, sizeof(op) - from);
}

/*
 * The first elements, at most max; *done: how many. From the first one on that the guest
 * cannot be told of, all are undone.
 */
static long map_some(struct domain *d, uint64_t array, unsigned int max,
                     unsigned int *done)
{
    struct gnttab_map_grant_ref op;
    struct grant_batch b;
    unsigned int n;
    long rc = 0;

    grant_batch_init(&b, d);
    for (n = 0; !rc && n < max; n++) {
        uint64_t at = array + n * sizeof(op);

        if (arg_read(&op, at)) {
            rc = -EFAULT;
            break;
        }
        op.status = (int16_t)prepare(&b, n, &op);
        if (op.status != GNTST_okay && arg_write_field(at, &op, status))
            rc = -EFAULT;
    }
    place_all(&b);
    for (unsigned int i = 0; i < n; i++) {
        grant_handle_t handle;
        struct maptrack *mt = grant_batch_take(&b, i, &handle);

        if (!mt)
            continue;
        if (tell(array + i * sizeof(op), handle, mt)) {
            b.first = handle;
            rc = -EFAULT;
            break;
        }
        grant_let_go(d, handle, mt);
    }
    if (b.first != NO_HANDLE)
        (void)grant_batch_drop(&b);
    *done = n;
    return rc;
}

long grant_op_continue(unsigned int cmd, uint64_t array, size_t size, unsigned int done,
                       unsigned int count)
{
    unsigned long again[6] = {cmd, array + done * size, count - done};

    return hypercall_continue(again);
}

long grant_op_map(uint64_t array, unsigned int count)
{
    const size_t size = sizeof(struct gnttab_map_grant_ref);
    unsigned int done = 0, n;

    while (done < count) {
        long rc;

        if (done && hypercall_preempt_check())
            return grant_op_continue(GNTTABOP_map_grant_ref, array, size, done, count);
        rc = map_some(current->domain, array + done * size,
                      MIN(count - done, (unsigned int)GRANT_BATCH), &n);
        if (rc)
            return rc;
        done += n;
    }
    return 0;
}
