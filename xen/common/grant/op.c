/* SPDX-License-Identifier: GPL-2.0-only */
/* grant_table_op: dispatch, and the operations on tables as a whole. */
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <asm/current.h>

#include "private.h"

/* A domain whose table the caller may ask about: referenced, or NULL and a status. */
static struct domain *target(domid_t id, int16_t *status)
{
    struct domain *d = domain_get_by_id(id);

    *status = GNTST_bad_domain;
    if (!d)
        return NULL;
    *status = GNTST_permission_denied;
    if (d == current->domain || current->domain->is_privileged)
        return d;
    domain_put(d);
    return NULL;
}

/*
 * A translated guest places frames itself (XENMAPSPACE_grant_table), and where it did so
 * is not kept: the list says "nowhere known". Returns status, or what became of it.
 */
static int16_t list_frames(int16_t status, uint64_t list, unsigned int n)
{
    static const xen_pfn_t nowhere = ~0UL;

    for (unsigned int i = 0; i < n && status == GNTST_okay; i++)
        if (copy_to_guest_va(list + i * sizeof(nowhere), &nowhere, sizeof(nowhere)))
            status = GNTST_bad_virt_addr;
    return status;
}

static long setup_table(uint64_t arg)
{
    struct gnttab_setup_table op;
    struct domain *d;

    if (arg_read(&op, arg))
        return -EFAULT;
    d = target(op.dom, &op.status);
    if (d) {
        spin_lock(&d->grant_table->lock);
        op.status = grant_grow(d, op.nr_frames) ? GNTST_general_error : GNTST_okay;
        spin_unlock(&d->grant_table->lock);
        domain_put(d);
    }
    op.status = list_frames(op.status, guest_handle_addr(op.frame_list), op.nr_frames);
    return arg_write_field(arg, &op, status);
}

static long get_status_frames(uint64_t arg)
{
    struct gnttab_get_status_frames op;
    struct domain *d;

    if (arg_read(&op, arg))
        return -EFAULT;
    d = target(op.dom, &op.status);
    if (d) {
        struct grant_table *gt = d->grant_table;

        spin_lock(&gt->lock);
        op.status = gt->version == 2 && op.nr_frames <= gt->nr_status && !gt->closed
                        ? GNTST_okay
                        : GNTST_general_error;
        spin_unlock(&gt->lock);
        domain_put(d);
    }
    op.status = list_frames(op.status, guest_handle_addr(op.frame_list), op.nr_frames);
    return arg_write_field(arg, &op, status);
}

static long query_size(uint64_t arg)
{
    struct gnttab_query_size op;
    struct domain *d;

    if (arg_read(&op, arg))
        return -EFAULT;
    d = target(op.dom, &op.status);
    if (d) {
        op.nr_frames = grant_table_nr_frames(d);
        op.max_nr_frames = grant_table_max_frames(d, false);
        op.status = GNTST_okay;
        domain_put(d);
    }
    return arg_write(arg, &op);
}

static long set_version(uint64_t arg)
{
    struct domain *d = current->domain;
    struct gnttab_set_version op;
    long rc;

    if (arg_read(&op, arg))
        return -EFAULT;
    rc = grant_set_version(d, op.version);
    op.version = read_once(d->grant_table->version);
    return arg_write(arg, &op) ? -EFAULT : rc;
}

static long get_version(uint64_t arg)
{
    struct gnttab_get_version op;
    struct domain *d;
    int16_t status;

    if (arg_read(&op, arg))
        return -EFAULT;
    d = target(op.dom, &status);
    if (!d)
        return status == GNTST_bad_domain ? -ESRCH : -EPERM;
    op.version = read_once(d->grant_table->version);
    domain_put(d);
    return arg_write_field(arg, &op, version);
}

static int16_t swap_refs(struct grant_table *gt, grant_ref_t a, grant_ref_t b)
{
    if (a >= grant_nr_entries(gt) || b >= grant_nr_entries(gt))
        return GNTST_bad_gntref;
    a = (grant_ref_t)array_index_nospec(a, grant_nr_entries(gt));
    b = (grant_ref_t)array_index_nospec(b, grant_nr_entries(gt));
    if (grant_in_use(grant_active(gt, a)) || grant_in_use(grant_active(gt, b)))
        return GNTST_eagain;
    if (gt->version == 1) {
        struct grant_entry_v1 tmp = *grant_v1(gt, a);

        *grant_v1(gt, a) = *grant_v1(gt, b);
        *grant_v1(gt, b) = tmp;
    } else {
        union grant_entry_v2 tmp = *grant_v2(gt, a);

        *grant_v2(gt, a) = *grant_v2(gt, b);
        *grant_v2(gt, b) = tmp;
    }
    return GNTST_okay;
}

static long swap_grant_ref(uint64_t array, unsigned int count)
{
    struct grant_table *gt = current->domain->grant_table;
    struct gnttab_swap_grant_ref op;

    for (unsigned int i = 0; i < count; i++) {
        uint64_t at = array + i * sizeof(op);

        if (i && hypercall_preempt_check())
            return grant_op_continue(GNTTABOP_swap_grant_ref, array, sizeof(op), i,
                                     count);
        if (arg_read(&op, at))
            return -EFAULT;
        spin_lock(&gt->lock);
        op.status = swap_refs(gt, op.ref_a, op.ref_b);
        spin_unlock(&gt->lock);
        if (arg_write_field(at, &op, status))
            return -EFAULT;
    }
    return 0;
}

/* Frames of a translated domain cannot be given away. */
static long transfer(uint64_t array, unsigned int count)
{
    struct gnttab_transfer op;

    for (unsigned int i = 0; i < count; i++) {
        uint64_t at = array + i * sizeof(op);

        if (i && hypercall_preempt_check())
            return grant_op_continue(GNTTABOP_transfer, array, sizeof(op), i, count);
        if (arg_read(&op, at))
            return -EFAULT;
        op.status = GNTST_bad_page;
        if (arg_write_field(at, &op, status))
            return -EFAULT;
    }
    return 0;
}

static long dump_table(uint64_t arg)
{
    struct gnttab_dump_table op;
    struct domain *d = NULL;

    if (arg_read(&op, arg))
        return -EFAULT;
    op.status = GNTST_permission_denied;
    if (current->domain->is_privileged)
        d = target(op.dom, &op.status);
    if (d) {
        grant_table_dump(d);
        op.status = GNTST_okay;
        domain_put(d);
    }
    return arg_write_field(arg, &op, status);
}

static size_t element_size(unsigned int cmd)
{
    static const uint8_t sizes[] = {
        [GNTTABOP_map_grant_ref] = sizeof(struct gnttab_map_grant_ref),
        [GNTTABOP_unmap_grant_ref] = sizeof(struct gnttab_unmap_grant_ref),
        [GNTTABOP_setup_table] = sizeof(struct gnttab_setup_table),
        [GNTTABOP_dump_table] = sizeof(struct gnttab_dump_table),
        [GNTTABOP_transfer] = sizeof(struct gnttab_transfer),
        [GNTTABOP_copy] = sizeof(struct gnttab_copy),
        [GNTTABOP_query_size] = sizeof(struct gnttab_query_size),
        [GNTTABOP_unmap_and_replace] = sizeof(struct gnttab_unmap_and_replace),
        [GNTTABOP_set_version] = sizeof(struct gnttab_set_version),
        [GNTTABOP_get_status_frames] = sizeof(struct gnttab_get_status_frames),
        [GNTTABOP_get_version] = sizeof(struct gnttab_get_version),
        [GNTTABOP_swap_grant_ref] = sizeof(struct gnttab_swap_grant_ref),
    };

    return cmd < ARRAY_SIZE(sizes) ? sizes[cmd] : 0;
}

/* Those on a table as a whole; the two on versions never look at the count. */
static bool takes_one(unsigned int cmd)
{
    return cmd == GNTTABOP_setup_table || cmd == GNTTABOP_dump_table ||
           cmd == GNTTABOP_query_size || cmd == GNTTABOP_get_status_frames;
}

long hypercall_grant_table_op(const unsigned long *a)
{
    unsigned int cmd = (unsigned int)a[0], count = (unsigned int)a[2];
    uint64_t arg = a[1];

    if (count > INT32_MAX)
        return -EINVAL;
    if (!element_size(cmd))
        return cmd == GNTTABOP_cache_flush ? -EOPNOTSUPP : -ENOSYS; /* x86 is coherent */
    if (!guest_range_okay(arg, count, element_size(cmd)))
        return -EFAULT;
    if (takes_one(cmd) && count != 1)
        return -EINVAL;
    switch (cmd) {
    case GNTTABOP_map_grant_ref:
        return grant_op_map(arg, count);
    case GNTTABOP_unmap_grant_ref:
    case GNTTABOP_unmap_and_replace:
        return grant_op_unmap(cmd, arg, count);
    case GNTTABOP_copy:
        return grant_op_copy(arg, count);
    case GNTTABOP_setup_table:
        return setup_table(arg);
    case GNTTABOP_dump_table:
        return dump_table(arg);
    case GNTTABOP_transfer:
        return transfer(arg, count);
    case GNTTABOP_query_size:
        return query_size(arg);
    case GNTTABOP_set_version:
        return set_version(arg);
    case GNTTABOP_get_status_frames:
        return get_status_frames(arg);
    case GNTTABOP_get_version:
        return get_version(arg);
    default:
        return swap_grant_ref(arg, count);
    }
}
