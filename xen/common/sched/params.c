/* SPDX-License-Identifier: GPL-2.0-only */
/* Parameters of the schedulers: weights and caps by domain, the rate limit by pool. */
#include <xen/ctl.h>
#include <public/sysctl.h>

#include "private.h"

static long set_ratelimit(struct cpupool *p, uint32_t us)
{
    if (us &&
        (us > XEN_SYSCTL_SCHED_RATELIMIT_MAX || us < XEN_SYSCTL_SCHED_RATELIMIT_MIN))
        return -EINVAL;
    write_once(p->ratelimit_us, us);
    return 0;
}

static long pool_params(struct cpupool *p, struct xen_sysctl_scheduler_op *op)
{
    if (!p)
        return -ESRCH;
    if (op->sched_id != p->policy->id)
        return -EINVAL;
    if (op->sched_id != XEN_SCHEDULER_CREDIT2)
        return -EOPNOTSUPP;
    switch (op->cmd) {
    case XEN_SYSCTL_SCHEDOP_getinfo:
        op->u.sched_credit2.ratelimit_us = p->ratelimit_us;
        return 0;
    case XEN_SYSCTL_SCHEDOP_putinfo:
        return set_ratelimit(p, op->u.sched_credit2.ratelimit_us);
    default:
        return -EINVAL;
    }
}

long sched_sysctl(struct xen_sysctl_scheduler_op *op)
{
    long rc;

    spin_lock(&cpupool_lock);
    rc = pool_params(cpupool_find(op->cpupool_id), op);
    spin_unlock(&cpupool_lock);
    return rc;
}

static long set_params(struct domain *d, const struct xen_domctl_sched_credit2 *p)
{
    /* 0xffff leaves the cap as it is; a weight of 0 leaves the weight. */
    if (p->cap != 0xffff && p->cap > d->max_vcpus * 100U)
        return -EINVAL;
    if (p->weight)
        write_once(d->sched.weight, p->weight);
    if (p->cap != 0xffff)
        write_once(d->sched.cap, p->cap);
    d->sched.policy->adjusted(d);
    return 0;
}

static long domain_params(struct domain *d, struct xen_domctl_scheduler_op *op)
{
    if (op->sched_id != d->sched.policy->id)
        return -EINVAL;
    if (op->sched_id != XEN_SCHEDULER_CREDIT2)
        return -EOPNOTSUPP;
    switch (op->cmd) {
    case XEN_DOMCTL_SCHEDOP_getinfo:
        op->u.credit2.weight = d->sched.weight;
        op->u.credit2.cap = d->sched.cap;
        return 0;
    case XEN_DOMCTL_SCHEDOP_putinfo:
        return set_params(d, &op->u.credit2);
    default:
        return -EINVAL;
    }
}

/* Weights enter the run queues' loads: they change with no vCPU of d queued. */
long sched_domctl(struct domain *d, struct xen_domctl_scheduler_op *op)
{
    bool stop = op->cmd == XEN_DOMCTL_SCHEDOP_putinfo && d != current->domain;
    long rc;

    if (stop)
        domain_pause(d);
    spin_lock(&cpupool_lock);
    rc = domain_params(d, op);
    spin_unlock(&cpupool_lock);
    if (stop)
        domain_unpause(d);
    return rc;
}
