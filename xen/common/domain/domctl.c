/* SPDX-License-Identifier: GPL-2.0-only */
/* XEN_DOMCTL: entry, and what concerns a domain's life. */
#include "private.h"

static DEFINE_SPINLOCK(domctl_lock, LOCK_DOMCTL);

static long create(struct xen_domctl *op, bool *copyback)
{
    domid_t id = op->domain;
    struct domain *d;

    if (id == 0 || id >= DOMID_LIMIT) {
        id = domain_table_free_id();
        if (id == DOMID_INVALID)
            return -ENOMEM;
    }
    d = domain_create(id, &op->u.createdomain, false);
    if (IS_ERR(d))
        return PTR_ERR(d);
    op->domain = id;
    *copyback = true;
    return 0;
}

/* The domain with that id or, for getdomaininfo, the next one. */
static long info(struct xen_domctl *op, bool *copyback)
{
    struct domain *d = domain_next(NULL, op->domain);

    if (!d)
        return -ESRCH;
    getdomaininfo(d, &op->u.getdomaininfo);
    op->domain = d->domain_id;
    domain_put(d);
    *copyback = true;
    return 0;
}

static long pause(struct domain *d)
{
    if (d == current->domain)
        return -EINVAL;
    d->controller_pause_count++;
    domain_pause(d);
    return 0;
}

static long unpause(struct domain *d)
{
    if (d == current->domain || d->controller_pause_count == 0)
        return -EINVAL;
    if (d->dying)
        return -ESRCH;
    d->controller_pause_count--;
    d->creation_finished = true;
    domain_unpause(d);
    return 0;
}

long domctl_life(struct xen_domctl *op, struct domain *d)
{
    switch (op->cmd) {
    case XEN_DOMCTL_pausedomain:
        return pause(d);
    case XEN_DOMCTL_unpausedomain:
        return unpause(d);
    case XEN_DOMCTL_destroydomain:
        return domain_kill(d);
    case XEN_DOMCTL_resumedomain:
        if (d == current->domain)
            return -EINVAL;
        domain_resume(d);
        return 0;
    case XEN_DOMCTL_max_vcpus:
        return domain_set_max_vcpus(d, op->u.max_vcpus.max);
    case XEN_DOMCTL_subscribe:
        return evtchn_subscribe_suspend(d, op->u.subscribe.port);
    default:
        return -ENOSYS;
    }
}

static long dispatch(struct xen_domctl *op, struct domain *d, uint64_t u_domctl,
                     bool *copyback)
{
    long rc = domctl_life(op, d);

    if (rc == -ENOSYS)
        rc = domctl_vcpu(op, d, copyback);
    if (rc == -ENOSYS)
        rc = domctl_config(op, d, copyback);
    if (rc == -ENOSYS)
        rc = iommu_domctl(op, d, copyback);
    if (rc == -ENOSYS)
        rc = arch_domctl(op, d, u_domctl, copyback);
    return rc;
}

static long run(struct xen_domctl *op, uint64_t u_domctl, bool *copyback)
{
    struct domain *d;
    long rc;

    if (op->cmd == XEN_DOMCTL_createdomain)
        return create(op, copyback);
    if (op->cmd == XEN_DOMCTL_getdomaininfo)
        return info(op, copyback);
    d = domain_get_by_id(op->domain);
    /* The quarantine is no domain, but devices can be given to it. */
    if (!d && op->domain == DOMID_IO) {
        rc = iommu_domctl(op, NULL, copyback);
        return rc == -ENOSYS ? -ESRCH : rc;
    }
    if (!d)
        return -ESRCH;
    rc = dispatch(op, d, u_domctl, copyback);
    domain_put(d);
    return rc;
}

HYPERCALL(domctl)
{
    struct xen_domctl op;
    bool copyback = false;
    long rc;

    if (arg_read(&op, a[0]))
        return -EFAULT;
    if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
        return -EACCES;
    /* Waiting here could deadlock with a pause of the caller: come back instead. */
    if (!spin_trylock(&domctl_lock))
        return hypercall_continue(a);
    rc = run(&op, a[0], &copyback);
    spin_unlock(&domctl_lock);
    if (rc == -ERESTART)
        return hypercall_continue(a);
    if (copyback && arg_write(a[0], &op))
        rc = -EFAULT;
    return rc;
}
