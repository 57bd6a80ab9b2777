/* SPDX-License-Identifier: GPL-2.0-only */
/* The scheduler as the toolstack sees it: cpupool 0, weights and caps; debug key 'r'. */
#include <xen/ctl.h>
#include <xen/keyhandler.h>
#include <public/sysctl.h>

#include "private.h"

/* One pool holds all CPUs; there is no second one to create. */
#define POOL0 0U

bool cpupool_exists(unsigned int pool)
{
    return pool == POOL0;
}

static unsigned int count_domains(void)
{
    struct domain *d = NULL;
    unsigned int n = 0;

    while ((d = domain_next(d, 0)) != NULL)
        n++;
    return n;
}

static long pool_info(struct xen_sysctl_cpupool_op *op)
{
    if (op->cpupool_id != XEN_SYSCTL_CPUPOOL_PAR_ANY && op->cpupool_id > POOL0)
        return -ENOENT;
    op->cpupool_id = POOL0;
    op->sched_id = policy->id;
    op->n_dom = count_domains();
    return bitmap_to_guest(&op->cpumap, &cpu_online_map, NR_CPUS);
}

long cpupool_sysctl(struct xen_sysctl_cpupool_op *op)
{
    static const cpumask_t none;
    struct domain *d;

    switch (op->op) {
    case XEN_SYSCTL_CPUPOOL_OP_INFO:
        return pool_info(op);
    case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
        return bitmap_to_guest(&op->cpumap, &none, NR_CPUS);
    case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
        d = domain_get_by_id((domid_t)op->domid);
        if (!d)
            return -ESRCH;
        domain_put(d);
        return op->cpupool_id == POOL0 ? 0 : -ENOENT;
    case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
        return op->cpupool_id == POOL0 ? -EBUSY : -ENOENT;
    case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
    case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
        return op->cpupool_id == POOL0 ? -EBUSY : -ENOENT;
    case XEN_SYSCTL_CPUPOOL_OP_CREATE:
        return -EOPNOTSUPP;
    default:
        return -ENOSYS;
    }
}

long sched_sysctl(struct xen_sysctl_scheduler_op *op)
{
    if (!cpupool_exists(op->cpupool_id))
        return -ESRCH;
    if (op->sched_id != policy->id)
        return -EINVAL;
    if (op->sched_id != XEN_SCHEDULER_CREDIT2)
        return -EOPNOTSUPP;
    switch (op->cmd) {
    case XEN_SYSCTL_SCHEDOP_getinfo:
        op->u.sched_credit2.ratelimit_us = sched_ratelimit_us;
        return 0;
    case XEN_SYSCTL_SCHEDOP_putinfo:
        if (op->u.sched_credit2.ratelimit_us &&
            (op->u.sched_credit2.ratelimit_us > XEN_SYSCTL_SCHED_RATELIMIT_MAX ||
             op->u.sched_credit2.ratelimit_us < XEN_SYSCTL_SCHED_RATELIMIT_MIN))
            return -EINVAL;
        write_once(sched_ratelimit_us, op->u.sched_credit2.ratelimit_us);
        return 0;
    default:
        return -EINVAL;
    }
}

/* Weights enter the run queues' loads: change them with no vCPU of d queued. */
static long set_params(struct domain *d, const struct xen_domctl_sched_credit2 *p)
{
    bool self = d == current->domain;

    /* 0xffff leaves the cap as it is; a weight of 0 leaves the weight. */
    if (p->cap != 0xffff && p->cap > d->max_vcpus * 100U)
        return -EINVAL;
    if (!self)
        domain_pause(d);
    if (p->weight)
        write_once(d->sched.weight, p->weight);
    if (p->cap != 0xffff)
        write_once(d->sched.cap, p->cap);
    policy->adjusted(d);
    if (!self)
        domain_unpause(d);
    return 0;
}

long sched_domctl(struct domain *d, struct xen_domctl_scheduler_op *op)
{
    if (op->sched_id != policy->id)
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

static void dump_queue(struct run_queue *rq)
{
    struct vcpu *v;
    uint64_t flags = spin_lock_irqsave(&rq->lock);

    printk("CPU%u: runs %pv, %u queued, load %lu, clock %ld\n", rq->cpu, rq->curr,
           rq->nr_queued, rq->load, (long)rq->clock);
    list_for_each(v, &rq->queue, sched.queue)
        printk("    %pv weight %u vtime %+ld\n", v, v->domain->sched.weight,
               (long)(v->sched.vtime - rq->clock));
    spin_unlock_irqrestore(&rq->lock, flags);
}

static void dump_queues(unsigned char key)
{
    unsigned int cpu;

    printk("Scheduler %s (%s), now %ld\n", policy->opt_name, policy->name, (long)NOW());
    for_each_online_cpu(cpu)
        dump_queue(rq_of(cpu));
}

void sched_keys_init(void)
{
    keyhandler_register('r', dump_queues, "run queues");
}
