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

static void note_head(struct run_queue *rq)
{
    int64_t head = INT64_MAX;

    if (!list_empty(&rq->queue))
        head = list_first(&rq->queue, struct vcpu, sched.queue)->sched.vtime + rq->lead;
    write_once(rq->head, head);
}

void rq_lift(struct run_queue *rq, int64_t by)
{
    write_once(rq->lead, rq->lead + by);
    note_head(rq);
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
    v->sched.counted = v->domain->sched.weight;
    rq->load += v->sched.counted;
    note_head(rq);
}

void rq_dequeue(struct run_queue *rq, struct vcpu *v)
{
    ASSERT(v->sched.queued);
    list_del(&v->sched.queue);
    v->sched.queued = false;
    rq->nr_queued--;
    rq->load -= v->sched.counted;
    note_head(rq);
}

static void look_again(struct run_queue *rq)
{
    softirq_raise_cpu(rq->cpu, SOFTIRQ_SCHEDULE);
}

/* v was queued behind curr: make this CPU look at its queue when v's time has come. */
static void tickle(struct run_queue *rq, const struct vcpu *v)
{
    const struct sched_policy *policy = rq->pool->policy;
    s_time_t when = policy->preempts(rq, v), slice;

    if (when == STIME_MAX) {
        if (timer_active(&rq->slice))
            return;
        slice = policy->slice(rq, rq->curr);
        if (!slice)
            return;
        when = rq->curr->sched.start + slice;
    }
    if (when <= NOW())
        look_again(rq);
    /* Nobody but the queue's lock's holder sets it. */
    else if (!timer_active(&rq->slice) || rq->slice.expires > when)
        timer_set(&rq->slice, when);
}

bool rq_enqueue_and_tickle(struct run_queue *rq, struct vcpu *v)
{
    bool settle = !is_idle_vcpu(rq->curr) || !vcpu_allowed(v, rq->cpu);

    policy_of(v)->enqueue(rq, v);
    if (!v->sched.queued)
        return settle;
    if (is_idle_vcpu(rq->curr))
        look_again(rq);
    else
        tickle(rq, v);
    return settle;
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

/* v is as far ahead of its queue's clock there as here, but for what the policy knows. */
static void rebase(struct vcpu *v, struct run_queue *from, struct run_queue *to)
{
    from->pool->policy->advance(from);
    to->pool->policy->advance(to);
    v->sched.vtime += to->clock - from->clock;
    if (same_pool(from, to))
        to->pool->policy->arrive(from, to, v);
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

/* --- waiting vCPUs and idle CPUs --------------------------------------------------- */

static bool idles(unsigned int cpu)
{
    const struct run_queue *rq = rq_of(cpu);

    return read_once(rq->curr) == rq->idle;
}

/* One of those CPUs shall come for v: NR_CPUS, or the one that was asked. */
static unsigned int call_idle(const struct vcpu *v, const cpumask_t *cpus)
{
    unsigned int cpu;

    for_each_cpu(cpu, cpus) {
        if (vcpu_allowed(v, cpu) && idles(cpu)) {
            softirq_raise_cpu(cpu, SOFTIRQ_SCHEDULE);
            return cpu;
        }
    }
    return NR_CPUS;
}

/*
 * v was put on a queue: see to it that no CPU idles that could run it. Where its own one
 * does that one has been called.
 */
static void sched_offer(const struct vcpu *v)
{
    smp_mb(); /* after the queue was changed; pick_next() has the other half */
    if (read_once(v->sched.queued) && !idles(read_once(v->processor)))
        call_idle(v, &cpu_online_map);
}

void sched_offer_all(const struct run_queue *rq)
{
    cpumask_t idle = {{0}};
    unsigned int cpu;
    struct vcpu *v;

    smp_mb(); /* as above */
    for_each_online_cpu(cpu)
        if (cpu != rq->cpu && same_pool(rq, rq_of(cpu)) && idles(cpu))
            cpumask_set(cpu, &idle);
    list_for_each(v, &rq->queue, sched.queue) {
        if (cpumask_empty(&idle))
            return;
        cpu = call_idle(v, &idle);
        if (cpu < NR_CPUS)
            cpumask_clear(cpu, &idle);
    }
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
    sched_offer(v);
}

static bool can_give(const struct run_queue *rq, const struct run_queue *other,
                     int64_t limit)
{
    return other != rq && read_once(other->head) < limit && same_pool(other, rq);
}

/*
 * The other queue whose first one is furthest behind, by a look without locks. Of equals
 * it is the next one in the circle of CPUs: were it always the first, those behind it
 * would never be relieved.
 */
static struct run_queue *neediest(const struct run_queue *rq, int64_t limit)
{
    struct run_queue *best = NULL;
    int64_t least = limit;
    unsigned int cpu;

    for_each_online_cpu(cpu) {
        struct run_queue *other = rq_of(cpu);
        int64_t head = read_once(other->head);

        if (can_give(rq, other, limit) &&
            (head < least ||
             (best && head == least && best->cpu < rq->cpu && cpu > rq->cpu))) {
            least = head;
            best = other;
        }
    }
    return best;
}

/*
 * The first on other that may run on rq's CPU, moved; NULL: none below the limit, or
 * *missed is set. Whoever is queued neither runs nor is parked: all that changes one of
 * the three holds this queue's lock.
 */
static struct vcpu *take_from(struct run_queue *other, struct run_queue *rq,
                              int64_t limit, bool *missed)
{
    struct vcpu *v, *found = NULL;

    /* The other queue may be the lower one: only a trylock keeps the order. */
    if (!spin_trylock(&other->lock)) {
        *missed = true;
        return NULL;
    }
    list_for_each(v, &other->queue, sched.queue) {
        if (v->sched.vtime + other->lead >= limit)
            break;
        if (vcpu_allowed(v, rq->cpu) && policy_of(v)->may_run(v)) {
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

/* From the first queue, the neediest, if there is one; or else from any. */
static struct vcpu *take_any(struct run_queue *rq, struct run_queue *first,
                             int64_t limit, bool *missed)
{
    struct vcpu *v = first ? take_from(first, rq, limit, missed) : NULL;
    unsigned int cpu;

    for_each_online_cpu(cpu)
        if (!v && rq_of(cpu) != first && can_give(rq, rq_of(cpu), limit))
            v = take_from(rq_of(cpu), rq, limit, missed);
    return v;
}

struct vcpu *sched_relieve(struct run_queue *rq, int64_t limit, bool *needed)
{
    struct run_queue *first = neediest(rq, limit);
    bool missed;

    *needed = first != NULL;
    return first ? take_any(rq, first, limit, &missed) : NULL;
}

struct vcpu *sched_steal(struct run_queue *rq)
{
    bool missed = false;
    struct vcpu *v = take_any(rq, neediest(rq, INT64_MAX), INT64_MAX, &missed);

    /* Nobody else would send this CPU back to a queue that it could not look at. */
    if (!v && missed)
        look_again(rq);
    return v;
}
