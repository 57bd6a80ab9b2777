/* SPDX-License-Identifier: GPL-2.0-only */
/* XEN_DOMCTL: one vCPU of a domain. */
#include "private.h"

static long get_info(struct domain *d, struct xen_domctl_getvcpuinfo *i)
{
    struct vcpu *v;
    uint32_t pf;

    if (i->vcpu >= d->max_vcpus)
        return -EINVAL;
    v = domain_vcpu(d, i->vcpu);
    if (!v)
        return -ESRCH;
    pf = read_once(v->sched.pause_flags);
    i->online = !(pf & VPF_OFF);
    i->blocked = !!(pf & VPF_BLOCKED);
    i->running = read_once(v->sched.running);
    i->cpu_time = (uint64_t)vcpu_cpu_time(v);
    i->cpu = v->processor;
    return 0;
}

static long get_affinity(struct vcpu *v, const struct xen_domctl_vcpuaffinity *a)
{
    int rc = 0;

    if (a->flags & XEN_VCPUAFFINITY_HARD)
        rc = bitmap_to_guest(&a->cpumap_hard, &v->sched.hard_affinity, NR_CPUS);
    if (!rc && (a->flags & XEN_VCPUAFFINITY_SOFT))
        rc = bitmap_to_guest(&a->cpumap_soft, &v->sched.soft_affinity, NR_CPUS);
    return rc;
}

/* Both maps are read and judged before either is set. */
static long set_affinity(struct vcpu *v, const struct xen_domctl_vcpuaffinity *a)
{
    cpumask_t hard, soft, effective, old_hard = v->sched.hard_affinity;
    int rc = 0;

    if (a->flags & XEN_VCPUAFFINITY_HARD)
        rc = bitmap_from_guest(&hard, &a->cpumap_hard, NR_CPUS);
    if (!rc && (a->flags & XEN_VCPUAFFINITY_SOFT))
        rc = bitmap_from_guest(&soft, &a->cpumap_soft, NR_CPUS);
    if (!rc && (a->flags & XEN_VCPUAFFINITY_HARD))
        rc = vcpu_set_hard_affinity(v, &hard);
    if (!rc && (a->flags & XEN_VCPUAFFINITY_SOFT)) {
        rc = vcpu_set_soft_affinity(v, &soft);
        if (rc && (a->flags & XEN_VCPUAFFINITY_HARD))
            vcpu_set_hard_affinity(v, &old_hard);
    }
    if (rc)
        return rc;
    sched_domain_cpus(v->domain, &effective);
    cpumask_and(&effective, &v->sched.hard_affinity, &effective);
    if (a->flags & XEN_VCPUAFFINITY_HARD)
        rc = bitmap_to_guest(&a->cpumap_hard, &effective, NR_CPUS);
    if (!rc && (a->flags & XEN_VCPUAFFINITY_SOFT)) {
        cpumask_and(&effective, &v->sched.soft_affinity, &effective);
        rc = bitmap_to_guest(&a->cpumap_soft, &effective, NR_CPUS);
    }
    return rc;
}

static long affinity(struct domain *d, const struct xen_domctl_vcpuaffinity *a, bool set)
{
    struct vcpu *v = domain_vcpu(d, a->vcpu);
    uint32_t known =
        XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT | XEN_VCPUAFFINITY_FORCE;

    if (!(a->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)) ||
        (a->flags & ~known))
        return -EINVAL;
    if (!v)
        return a->vcpu >= d->max_vcpus ? -EINVAL : -ESRCH;
    return set ? set_affinity(v, a) : get_affinity(v, a);
}

long domctl_vcpu(struct xen_domctl *op, struct domain *d, bool *copyback)
{
    switch (op->cmd) {
    case XEN_DOMCTL_getvcpuinfo:
        *copyback = true;
        return get_info(d, &op->u.getvcpuinfo);
    case XEN_DOMCTL_setvcpuaffinity:
        return affinity(d, &op->u.vcpuaffinity, true);
    case XEN_DOMCTL_getvcpuaffinity:
        return affinity(d, &op->u.vcpuaffinity, false);
    default:
        return -ENOSYS;
    }
}
