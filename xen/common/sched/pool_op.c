/* SPDX-License-Identifier: GPL-2.0-only */
/* XEN_SYSCTL_cpupool_op: Xen public ABI, sysctl.h. */
#include <xen/ctl.h>
#include <public/sysctl.h>

#include "private.h"

static long info(struct xen_sysctl_cpupool_op *op)
{
    struct cpupool *p = NULL;
    cpumask_t cpus;

    spin_lock(&cpupool_lock);
    /* The first one from that id on: so the tools go through all. */
    p = cpupool_next(op->cpupool_id);
    if (p) {
        op->cpupool_id = p->id;
        op->sched_id = p->policy->id;
        op->n_dom = p->n_dom;
        cpus = cpupool_cpus(p);
    }
    spin_unlock(&cpupool_lock);
    return p ? bitmap_to_guest(&op->cpumap, &cpus, NR_CPUS) : -ENOENT;
}

static long move_domain(uint32_t domid, unsigned int pool)
{
    struct domain *d = domid < DOMID_LIMIT ? domain_get_by_id((domid_t)domid) : NULL;
    long rc = -EPERM; /* who moves itself would wait for itself to stop */

    if (!d)
        return -ESRCH;
    if (d != current->domain)
        rc = cpupool_move_domain(d, pool);
    domain_put(d);
    return rc;
}

long cpupool_sysctl(struct xen_sysctl_cpupool_op *op)
{
    cpumask_t free;

    BUILD_BUG_ON(CPUPOOL_NONE != XEN_SYSCTL_CPUPOOL_PAR_ANY);
    switch (op->op) {
    case XEN_SYSCTL_CPUPOOL_OP_CREATE:
        return cpupool_create(&op->cpupool_id, op->sched_id);
    case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
        return cpupool_destroy(op->cpupool_id);
    case XEN_SYSCTL_CPUPOOL_OP_INFO:
        return info(op);
    case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
        return cpupool_add_cpu(op->cpupool_id, op->cpu);
    case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
        return cpupool_remove_cpu(op->cpupool_id, op->cpu);
    case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
        return move_domain(op->domid, op->cpupool_id);
    case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
        free = cpupool_free_cpus();
        return bitmap_to_guest(&op->cpumap, &free, NR_CPUS);
    default:
        return -ENOSYS;
    }
}
