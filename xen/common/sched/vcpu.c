/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's scheduling state from creation to destruction: pausing, affinity, run state.
 */
#include "private.h"

static struct domain idle_domain = {
    .domain_id = DOMID_IDLE,
    .refcount = 1,
    .sched = {.weight = 1},
};

/* Boot code: no memory for an idle vCPU means no CPU. */
struct vcpu *idle_vcpu_create(unsigned int cpu)
{
    struct vcpu *v = xalloc(struct vcpu);

    BUG_ON(!v);
    v->vcpu_id = v->processor = cpu;
    v->domain = &idle_domain;
    list_init(&v->sched.queue);
    cpumask_set(cpu, &v->sched.hard_affinity);
    cpumask_set(cpu, &v->sched.soft_affinity);
    return v;
}

int sched_vcpu_init(struct vcpu *v)
{
    struct vcpu_runstate_info *rs = &v->sched.runstate;

    list_init(&v->sched.queue);
    cpumask_setall(&v->sched.hard_affinity);
    cpumask_setall(&v->sched.soft_affinity);
    v->sched.pause_flags = VPF_DOWN;
    /* Should its CPU leave the pool before it runs, then waking it finds another. */
    v->processor = cpupool_first_cpu(v);
    rs->state = RUNSTATE_offline;
    rs->state_entry_time = (uint64_t)NOW();
    sched_vcpu_stack(v);
    return 0;
}

void sched_vcpu_destroy(struct vcpu *v)
{
    ASSERT(!v->sched.running && !v->sched.queued);
}

/* --- pausing ----------------------------------------------------------------------- */

void vcpu_pause_nosync(struct vcpu *v)
{
    __atomic_add_fetch(&v->sched.pause_count, 1, __ATOMIC_SEQ_CST);
    vcpu_sleep_nosync(v);
}

void vcpu_pause(struct vcpu *v)
{
    ASSERT(v != current);
    __atomic_add_fetch(&v->sched.pause_count, 1, __ATOMIC_SEQ_CST);
    vcpu_sleep_sync(v);
}

void vcpu_unpause(struct vcpu *v)
{
    int32_t left = __atomic_sub_fetch(&v->sched.pause_count, 1, __ATOMIC_SEQ_CST);

    ASSERT(left >= 0);
    if (left == 0)
        vcpu_wake(v);
}

void domain_pause_nosync(struct domain *d)
{
    struct vcpu *v;

    __atomic_add_fetch(&d->pause_count, 1, __ATOMIC_SEQ_CST);
    for_each_vcpu(d, v)
        vcpu_sleep_nosync(v);
}

void domain_pause(struct domain *d)
{
    struct vcpu *v;

    ASSERT(d != current->domain);
    domain_pause_nosync(d);
    for_each_vcpu(d, v)
        vcpu_sleep_sync(v);
}

void domain_unpause(struct domain *d)
{
    struct vcpu *v;
    int32_t left = __atomic_sub_fetch(&d->pause_count, 1, __ATOMIC_SEQ_CST);

    ASSERT(left >= 0);
    if (left == 0)
        for_each_vcpu(d, v)
            vcpu_wake(v);
}

/* --- affinity ---------------------------------------------------------------------- */

int vcpu_set_hard_affinity(struct vcpu *v, const cpumask_t *mask)
{
    cpumask_t usable;
    uint64_t flags;
    struct run_queue *rq;
    bool move;

    /* Not while a CPU leaves the pool or v's domain goes to another one. */
    spin_lock(&cpupool_lock);
    usable = cpupool_cpus(cpupool_of(v->domain));
    if (!cpumask_intersects(mask, &usable)) {
        spin_unlock(&cpupool_lock);
        return -EINVAL;
    }
    rq = rq_lock_vcpu(v, &flags);
    v->sched.hard_affinity = *mask;
    /* One that waits may have a free CPU among those it can use now. */
    move = v->sched.queued || !vcpu_allowed(v, rq->cpu);
    rq_unlock(rq, flags);
    if (move)
        sched_settle(v);
    spin_unlock(&cpupool_lock);
    return 0;
}

int vcpu_set_soft_affinity(struct vcpu *v, const cpumask_t *mask)
{
    uint64_t flags;
    struct run_queue *rq;

    if (cpumask_empty(mask))
        return -EINVAL;
    rq = rq_lock_vcpu(v, &flags);
    v->sched.soft_affinity = *mask;
    rq_unlock(rq, flags);
    return 0;
}

/* --- times ------------------------------------------------------------------------- */

void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *out)
{
    uint64_t flags;
    struct run_queue *rq = rq_lock_vcpu(v, &flags);
    s_time_t now = NOW();

    *out = v->sched.runstate;
    rq_unlock(rq, flags);
    if (now > (s_time_t)out->state_entry_time)
        out->time[out->state] += (uint64_t)now - out->state_entry_time;
}

s_time_t vcpu_cpu_time(struct vcpu *v)
{
    struct vcpu_runstate_info rs;

    vcpu_runstate_get(v, &rs);
    return (s_time_t)rs.time[RUNSTATE_running];
}

s_time_t cpu_idle_time(unsigned int cpu)
{
    struct run_queue *rq = rq_of(cpu);
    uint64_t flags = spin_lock_irqsave(&rq->lock);
    s_time_t t = rq->idle_total;

    if (rq->curr == rq->idle)
        t += NOW() - rq->idle_since;
    spin_unlock_irqrestore(&rq->lock, flags);
    return t;
}
