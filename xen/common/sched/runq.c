/* SPDX-License-Identifier: GPL-2.0-only */
/* Run queues: locking, insertion, moving vCPUs between CPUs. */
#include "private.h"

DEFINE_PER_CPU(struct run_queue, run_queue);

struct run_queue *rq_lock_vcpu(const struct vcpu *v, uint64_t *flags)
{
    for (;;) {
        struct run_queue *rq = rq_of(read_once(v->processor));

        *flags = spin_lock_irqsave(&rq->lock);
        if (v->processor == rq->cpu)
            return rq;
        spin_unlock_irqrestore(&rq->lock, *flags);
    }
}

void rq_insert(struct run_queue *rq, struct vcpu *v)
{
    struct list *at = rq->queue.prev;

    ASSERT(!v->sched.queued);
    /* Most newcomers belong near the end: search backwards. */
    while (at != &rq->queue &&
           list_entry(at, struct vcpu, sched.queue)->sched.vtime > v->sched.vtime)
        at = at->prev;
    list_add(at, &v->sched.queue);
    v->sched.queued = true;
    rq->nr_queued++;
    rq->load += v->domain->sched.weight;
}

void rq_dequeue(struct run_queue *rq, struct vcpu *v)
{
    ASSERT(v->sched.queued);
    list_del(&v->sched.queue);
    v->sched.queued = false;
    rq->nr_queued--;
    rq->load -= MIN(rq->load, (unsigned long)v->domain->sched.weight);
}

static void look_again(struct run_queue *rq)
{
    softirq_raise_cpu(rq->cpu, SOFTIRQ_SCHEDULE);
}

void rq_enqueue_and_tickle(struct run_queue *rq, struct vcpu *v)
{
    const struct sched_policy *policy = rq->pool->policy;

    policy_of(v)->enqueue(rq, v);
    if (!v->sched.queued)
        return;
    if (is_idle_vcpu(rq->curr) || policy->preempts(rq, v)) {
        look_again(rq);
    } else if (!timer_active(&rq->slice)) {
        s_time_t slice = policy->slice(rq, rq->curr);

        if (slice)
            timer_set(&rq->slice, rq->curr->sched.start + slice);
    }
}

/* Both queues' locks, by address: per-CPU areas need not lie in the order of the CPUs. */
static uint64_t lock_two(struct run_queue *a, struct run_queue *b)
{
    struct run_queue *first = a < b ? a : b;
    struct run_queue *second = first == a ? b : a;
    uint64_t flags = spin_lock_irqsave(&first->lock);

    spin_lock_second(&second->lock);
    return flags;
}

static void unlock_two(struct run_queue *a, struct run_queue *b, uint64_t flags)
{
    spin_unlock(&a->lock);
    spin_unlock_irqrestore(&b->lock, flags);
}

/* v's clock is relative to its queue's, so that it neither gains nor loses by moving. */
static void rebase(struct vcpu *v, struct run_queue *from, struct run_queue *to)
{
    from->pool->policy->advance(from);
    to->pool->policy->advance(to);
    v->sched.vtime += to->clock - from->clock;
}

bool sched_migrate(struct vcpu *v, unsigned int to)
{
    struct run_queue *from, *dest = rq_of(to);
    bool allowed = true;
    uint64_t flags;

    for (;;) {
        from = rq_of(read_once(v->processor));
        if (from == dest)
            return true;
        flags = lock_two(from, dest);
        if (v->processor == from->cpu)
            break;
        unlock_two(from, dest, flags);
    }
    if (v->sched.running) {
        /* It moves when it is switched out: schedule() sees that it may not stay. */
        if (!vcpu_allowed(v, from->cpu))
            look_again(from);
    } else if (!vcpu_allowed(v, to)) {
        allowed = false;
    } else {
        bool queued = v->sched.queued;

        if (queued)
            rq_dequeue(from, v);
        rebase(v, from, dest);
        v->processor = to;
        if (queued)
            rq_enqueue_and_tickle(dest, v);
    }
    unlock_two(from, dest, flags);
    return allowed;
}

/*
 * The place is found without locks: its CPU, or v, may have changed pools since. As often
 * as that can happen it is looked for again. Where v may use no CPU it stays; whoever
 * made that so (cpupool_remove_cpu) lifts the affinity and comes here afterwards.
 */
void sched_settle(struct vcpu *v)
{
    while (!sched_migrate(v, policy_of(v)->place(v)))
        cpu_relax();
}

/* The busiest other queue with something to give, by a look without locks. */
static struct run_queue *busiest(const struct run_queue *rq)
{
    struct run_queue *best = NULL;
    unsigned int cpu, most = 0;

    for_each_online_cpu(cpu) {
        struct run_queue *other = rq_of(cpu);
        unsigned int n = read_once(other->nr_queued);

        if (other != rq && same_pool(other, rq) && n > most) {
            most = n;
            best = other;
        }
    }
    return best;
}

struct vcpu *sched_steal(struct run_queue *rq)
{
    struct run_queue *other = busiest(rq);
    struct vcpu *v, *found = NULL;

    /* The other queue may be the lower one: only a trylock keeps the order. */
    if (!other || !spin_trylock(&other->lock))
        return NULL;
    list_for_each(v, &other->queue, sched.queue) {
        if (vcpu_allowed(v, rq->cpu) && !v->sched.running && !v->sched.parked) {
            found = v;
            break;
        }
    }
    if (found) {
        rq_dequeue(other, found);
        rebase(found, other, rq);
        found->processor = rq->cpu;
    }
    spin_unlock(&other->lock);
    return found;
}
