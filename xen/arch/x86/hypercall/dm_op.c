/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dm_op: requests of a device model for its guest. There are no ioreq servers yet, so
 * only the calls that do without one are answered.
 */
#include <xen/domain.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <asm/current.h>
#include <public/hvm/dm_op.h>
#include <public/sched.h>

#include "private.h"

static long inject_msi(struct domain *d, const struct xen_dm_op_inject_msi *msi)
{
    if (msi->pad)
        return -EINVAL;
    hvm_deliver_msi(d, msi->addr, msi->data);
    return 0;
}

static long perform(struct domain *d, struct xen_dm_op *op)
{
    switch (op->op) {
    case XEN_DMOP_inject_msi:
        return inject_msi(d, &op->u.inject_msi);
    case XEN_DMOP_remote_shutdown:
        if (op->u.remote_shutdown.reason > SHUTDOWN_MAX)
            return -EINVAL;
        return domain_shutdown(d, op->u.remote_shutdown.reason);
    case XEN_DMOP_nr_vcpus:
        op->u.nr_vcpus.vcpus = d->max_vcpus;
        return 0;
    default:
        return -EOPNOTSUPP;
    }
}

long hypercall_dm_op(const unsigned long *a)
{
    struct xen_dm_op_buf buf;
    struct xen_dm_op op = {0};
    struct domain *d;
    long rc;

    if (!a[1])
        return -EINVAL;
    if (arg_read(&buf, a[2]))
        return -EFAULT;
    /* Clients pass as much of the union as their operation uses. */
    buf.size = MIN(buf.size, sizeof(op));
    if (copy_from_guest_va(&op, guest_handle_addr(buf.h), buf.size))
        return -EFAULT;
    if (op.pad)
        return -EINVAL;
    d = hypercall_target((domid_t)a[0]);
    if (IS_ERR(d))
        return PTR_ERR(d);
    rc = d == current->domain ? -EINVAL : perform(d, &op);
    domain_put(d);
    if (!rc && op.op == XEN_DMOP_nr_vcpus)
        rc = copy_to_guest_va(guest_handle_addr(buf.h), &op, buf.size);
    return rc;
}
