/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The null scheduler: each vCPU has a CPU to itself, no slices and no accounting. A vCPU
 * for which no CPU is left waits on a queue until one is.
 */
#include "private.h"

static void null_enqueue(struct run_queue *rq, struct vcpu *v)
{
    rq_insert(rq, v);
}

static void null_wake(struct run_queue *rq, struct vcpu *v)
{
}

static void null_arrive(struct run_queue *from, struct run_queue *to, struct vcpu *v)
{
}

static bool null_may_run(const struct vcpu *v)
{
    return true;
}

static struct vcpu *null_pick(struct run_queue *rq, s_time_t now)
{
    struct vcpu *v;

    list_for_each(v, &rq->queue, sched.queue) {
        if (vcpu_allowed(v, rq->cpu)) {
            rq_dequeue(rq, v);
            return v;
        }
    }
    return NULL;
}

static void null_charge(struct run_queue *rq, struct vcpu *v, s_time_t ran)
{
    /* vtime stays equal: first in, first out. */
}

static void null_advance(struct run_queue *rq)
{
}

static s_time_t null_preempts(const struct run_queue *rq, const struct vcpu *v)
{
    return STIME_MAX;
}

static s_time_t null_slice(const struct run_queue *rq, const struct vcpu *v)
{
    return 0;
}

static bool cpu_taken(unsigned int cpu, const struct vcpu *v)
{
    const struct run_queue *rq = rq_of(cpu);
    const struct vcpu *curr = read_once(rq->curr);

    return (curr != rq->idle && curr != v) || read_once(rq->nr_queued);
}

static unsigned int null_place(const struct vcpu *v)
{
    unsigned int cpu;

    if (vcpu_allowed(v, v->processor) && !cpu_taken(v->processor, v))
        return v->processor;
    for_each_online_cpu(cpu)
        if (vcpu_allowed(v, cpu) && !cpu_taken(cpu, v))
            return cpu;
    for_each_online_cpu(cpu)
        if (vcpu_allowed(v, cpu))
            return cpu;
    return v->processor;
}

static void null_adjusted(struct domain *d)
{
}

const struct sched_policy sched_null = {
    .id = XEN_SCHEDULER_NULL,
    .name = "one vCPU per CPU",
    .opt_name = "null",
    .wake = null_wake,
    .enqueue = null_enqueue,
    .arrive = null_arrive,
    .may_run = null_may_run,
    .pick = null_pick,
    .charge = null_charge,
    .advance = null_advance,
    .preempts = null_preempts,
    .slice = null_slice,
    .place = null_place,
    .adjusted = null_adjusted,
};
