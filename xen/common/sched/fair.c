/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Proportional share. Each vCPU has a virtual time that advances by the CPU time it used,
 * divided by its domain's weight; the queue runs whoever is furthest behind. A sleeper
 * comes back at most LAG behind the queue's clock, so it is served soon but cannot save
 * up. Caps are a budget per domain and period; a vCPU of a domain without budget is
 * parked.
 *
 * Answers to the toolstack as credit2, whose parameters (weight, cap) it has.
 */
#include "private.h"

#define WEIGHT_NORMAL 256
#define SLICE_MAX     MILLISECS(10)
#define SLICE_MIN     MICROSECS(500)
#define LAG           MILLISECS(6)   /* head start of a sleeper */
#define GRANULARITY   MICROSECS(500) /* how far behind a waker must be to preempt */
#define CAP_PERIOD    MILLISECS(20)
#define BALANCE_EVERY MILLISECS(40)

static struct timer cap_timer;
static s_time_t cap_due; /* when the period ends that cap_timer waits for */

static int64_t weighted(s_time_t ran, unsigned int weight)
{
    return ran * WEIGHT_NORMAL / MAX(weight, 1U);
}

static bool out_of_budget(const struct domain *d)
{
    return d->sched.cap && read_once(d->sched.cap_budget) <= 0;
}

/*
 * The clock follows whoever is furthest behind of those who run (low) or wait. One that
 * runs alone takes it along: what it got while nobody else wanted it is not held against
 * it when somebody comes, nor when it moves to another CPU.
 */
static void raise_clock(struct run_queue *rq, int64_t low)
{
    if (!list_empty(&rq->queue))
        low = MIN(low, list_first(&rq->queue, struct vcpu, sched.queue)->sched.vtime);
    if (low > rq->clock)
        rq->clock = low;
}

static void fair_advance(struct run_queue *rq)
{
    const struct vcpu *curr = rq->curr;
    s_time_t ran = NOW() - curr->sched.start;

    if (!is_idle_vcpu(curr))
        raise_clock(rq, curr->sched.vtime + weighted(MAX(ran, (s_time_t)0),
                                                     curr->domain->sched.weight));
}

static void fair_enqueue(struct run_queue *rq, struct vcpu *v)
{
    fair_advance(rq);
    if (v->sched.vtime < rq->clock - LAG)
        v->sched.vtime = rq->clock - LAG;
    if (v->sched.yielded) {
        /* Behind everyone that waits now. */
        if (!list_empty(&rq->queue)) {
            int64_t last =
                list_entry(rq->queue.prev, struct vcpu, sched.queue)->sched.vtime;

            v->sched.vtime = MAX(v->sched.vtime, last + 1);
        }
        v->sched.yielded = false;
    }
    v->sched.parked = out_of_budget(v->domain);
    if (!v->sched.parked)
        rq_insert(rq, v);
}

static void advance_clock(struct run_queue *rq, const struct vcpu *next)
{
    if (next->sched.vtime > rq->clock)
        rq->clock = next->sched.vtime;
}

/* How many want that CPU, whoever runs there included. */
static unsigned int wanted_by(const struct run_queue *rq)
{
    return read_once(rq->nr_queued) + (read_once(rq->curr) != rq->idle);
}

/*
 * A CPU that fewer want than another one takes one from the longest queue now and then.
 * Where the numbers cannot be equal the odd ones go round, so that shares hold over all
 * CPUs.
 */
static void balance(struct run_queue *rq, s_time_t now)
{
    struct vcpu *v;
    unsigned int cpu;

    if (now < rq->next_balance)
        return;
    rq->next_balance = now + BALANCE_EVERY;
    for_each_online_cpu(cpu) {
        const struct run_queue *other = rq_of(cpu);

        /*
         * Who ran here until now is queued again if it can go on, but still rq->curr: all
         * that want this CPU are in nr_queued, and wanted_by() would count one twice.
         */
        if (other != rq && same_pool(rq, other) && wanted_by(other) > rq->nr_queued) {
            v = sched_relieve(rq);
            if (v)
                fair_enqueue(rq, v);
            return;
        }
    }
}

/*
 * A shorter queue whose CPU is busy with one vCPU would not look by itself. The one that
 * was picked here counts.
 */
static void call_for_balance(const struct run_queue *rq, s_time_t now)
{
    unsigned int cpu;

    for_each_online_cpu(cpu) {
        const struct run_queue *other = rq_of(cpu);

        if (same_pool(rq, other) && wanted_by(other) < rq->nr_queued + 1 &&
            now >= read_once(other->next_balance))
            softirq_raise_cpu(cpu, SOFTIRQ_SCHEDULE);
    }
}

static struct vcpu *fair_pick(struct run_queue *rq, s_time_t now)
{
    struct vcpu *v, *tmp;

    balance(rq, now);
    list_for_each_safe(v, tmp, &rq->queue, sched.queue) {
        if (out_of_budget(v->domain)) {
            rq_dequeue(rq, v);
            v->sched.parked = true;
        } else if (vcpu_allowed(v, rq->cpu)) {
            rq_dequeue(rq, v);
            advance_clock(rq, v);
            if (rq->nr_queued)
                call_for_balance(rq, now);
            return v;
        }
    }
    return NULL;
}

static void fair_charge(struct run_queue *rq, struct vcpu *v, s_time_t ran)
{
    if (ran <= 0)
        return;
    v->sched.vtime += weighted(ran, v->domain->sched.weight);
    raise_clock(rq, v->sched.vtime);
    if (v->domain->sched.cap)
        __atomic_sub_fetch(&v->domain->sched.cap_budget, ran, __ATOMIC_RELAXED);
}

static bool fair_preempts(const struct run_queue *rq, const struct vcpu *v)
{
    const struct vcpu *curr = rq->curr;
    s_time_t ran = NOW() - curr->sched.start;

    if (ran < MICROSECS(read_once(rq->pool->ratelimit_us)))
        return false;
    return v->sched.vtime + GRANULARITY <
           curr->sched.vtime +
               weighted(MAX(ran, (s_time_t)0), curr->domain->sched.weight);
}

static s_time_t fair_slice(const struct run_queue *rq, const struct vcpu *v)
{
    s_time_t slice = SLICE_MAX;

    if (v->domain->sched.cap) {
        s_time_t left = read_once(v->domain->sched.cap_budget);

        slice = MIN(slice, MAX(left, SLICE_MIN));
    } else if (!rq->nr_queued) {
        return 0;
    }
    return MAX(slice / (rq->nr_queued + 1), SLICE_MIN);
}

/* Rank of a CPU for v: idle before busy, then soft affinity, then a short queue. */
static unsigned int cpu_rank(const struct vcpu *v, unsigned int cpu)
{
    const struct run_queue *rq = rq_of(cpu);
    unsigned int rank = read_once(rq->nr_queued) * 4;

    if (read_once(rq->curr) != rq->idle)
        rank += 4;
    if (!cpumask_test(cpu, &v->sched.soft_affinity))
        rank += 2;
    if (cpu != v->processor)
        rank += 1;
    return rank;
}

static unsigned int fair_place(const struct vcpu *v)
{
    unsigned int cpu, best = v->processor, best_rank = ~0U;

    for_each_online_cpu(cpu) {
        if (!vcpu_allowed(v, cpu))
            continue;
        if (cpu_rank(v, cpu) < best_rank) {
            best_rank = cpu_rank(v, cpu);
            best = cpu;
        }
    }
    return best;
}

static int64_t period_budget(const struct domain *d)
{
    return CAP_PERIOD * d->sched.cap / 100;
}

/* For so many periods. What was overdrawn is paid back, what is left over is lost. */
static void refill_domain(struct domain *d, int64_t periods)
{
    struct vcpu *v;
    int64_t full = period_budget(d);
    int64_t now_left = __atomic_add_fetch(&d->sched.cap_budget, periods * full,
                                          __ATOMIC_RELAXED);

    if (now_left > full)
        write_once(d->sched.cap_budget, full);
    for_each_vcpu(d, v) {
        uint64_t flags;
        struct run_queue *rq = rq_lock_vcpu(v, &flags);
        bool move = false;

        /* Read with the lock: who just found no budget has not stored it before. */
        if (v->sched.parked) {
            v->sched.parked = false;
            if (vcpu_runnable(v) && !v->sched.running && !v->sched.queued)
                move = rq_enqueue_and_tickle(rq, v);
        }
        rq_unlock(rq, flags);
        if (move)
            sched_settle(v);
    }
}

static void refill(void *unused)
{
    /* The timer may be late; the periods are not the longer for it. */
    s_time_t due = cap_due;
    int64_t periods = (NOW() - due) / CAP_PERIOD + 1;
    struct domain *d = NULL;
    bool any = false;

    while ((d = domain_next(d, 0)) != NULL) {
        if (d->sched.cap) {
            refill_domain(d, periods);
            any = true;
        }
    }
    if (any) {
        cap_due = due + periods * CAP_PERIOD;
        timer_set(&cap_timer, cap_due);
    }
}

void __init sched_fair_init(void)
{
    timer_init(&cap_timer, refill, NULL, smp_processor_id());
}

static void fair_adjusted(struct domain *d)
{
    write_once(d->sched.cap_budget, d->sched.cap ? period_budget(d) : 0);
    refill_domain(d, 0); /* a cap that was lifted frees who is parked */
    if (d->sched.cap && !timer_active(&cap_timer)) {
        cap_due = NOW() + CAP_PERIOD;
        timer_set(&cap_timer, cap_due);
    }
}

const struct sched_policy sched_fair = {
    .id = XEN_SCHEDULER_CREDIT2,
    .name = "proportional share with caps",
    .opt_name = "credit2",
    .enqueue = fair_enqueue,
    .pick = fair_pick,
    .charge = fair_charge,
    .advance = fair_advance,
    .preempts = fair_preempts,
    .slice = fair_slice,
    .place = fair_place,
    .adjusted = fair_adjusted,
};
