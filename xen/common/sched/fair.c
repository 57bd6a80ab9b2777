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
/* In virtual time: head start of a sleeper; how far behind a waker must be to preempt. */
#define LAG           weighted(MILLISECS(6), WEIGHT_NORMAL)
#define GRANULARITY   weighted(MICROSECS(500), WEIGHT_NORMAL)
#define CAP_PERIOD    MILLISECS(20)
#define MARGIN        MILLISECS(8)   /* further behind than here: worth a move */
#define LOOK_EVERY    MILLISECS(4)   /* for CPUs that are ahead or behind */
#define MOVE_EVERY    MILLISECS(40)  /* to one CPU */
#define WINDOW        MILLISECS(50)  /* what one CPU can owe another one's vCPUs */
#define WAITS         (1U << 16)     /* rank of a CPU where others come first */

static struct timer cap_timer;
static s_time_t cap_due; /* when the period ends that cap_timer waits for */

/* Runs no faster than the clock even for weight 1, and so lasts as long. */
static int64_t weighted(s_time_t ran, unsigned int weight)
{
    return ran / MAX(weight, 1U);
}

static bool out_of_budget(const struct domain *d)
{
    return d->sched.cap && read_once(d->sched.cap_budget) <= 0;
}

/*
 * The clock follows whoever is furthest behind of those who run (low) or wait. One that
 * runs alone takes it along: what it got while nobody else wanted it is not held against
 * it when somebody comes.
 */
static void raise_clock(struct run_queue *rq, int64_t low)
{
    if (!list_empty(&rq->queue))
        low = MIN(low, list_first(&rq->queue, struct vcpu, sched.queue)->sched.vtime);
    if (low > rq->clock)
        write_once(rq->clock, low);
}

/* curr's vtime by now; it is not an idle one. */
static int64_t vtime_now(const struct run_queue *rq)
{
    const struct vcpu *curr = rq->curr;
    s_time_t ran = NOW() - curr->sched.start;

    return curr->sched.vtime +
           weighted(MAX(ran, (s_time_t)0), curr->domain->sched.weight);
}

static void fair_advance(struct run_queue *rq)
{
    if (!is_idle_vcpu(rq->curr))
        raise_clock(rq, vtime_now(rq));
}

/* --- queues compared --------------------------------------------------------------- */

/*
 * Within a pool vtimes are compared over all CPUs: whoever shares a CPU falls behind
 * those who have one each, and so it is known whose turn it is to share. Affinities and
 * unequal weights may let queues drift apart for ever, so that a difference counts up to
 * WINDOW of CPU time only.
 */
static int64_t level(const struct run_queue *rq)
{
    return read_once(rq->clock) + read_once(rq->lead);
}

/*
 * How far ahead whoever runs there is by now, as the pool sees it; a hint. In the other
 * order than schedule() writes them: of two vCPUs' numbers it makes too little.
 */
static int64_t runs_at(const struct run_queue *rq, s_time_t now)
{
    int64_t vtime = read_once(rq->curr_vtime) + read_once(rq->lead);
    unsigned int weight;

    smp_rmb();
    weight = read_once(rq->curr_weight);
    smp_rmb();
    return vtime + weighted(MAX(now - read_once(rq->curr_since), (s_time_t)0), weight);
}

static bool nobody_here(const struct run_queue *rq)
{
    return is_idle_vcpu(rq->curr) && list_empty(&rq->queue);
}

/*
 * rq falls behind the pool's busy CPUs by no more than that much time of one of that
 * weight, or of theirs if that is lighter.
 */
static void keep_up(struct run_queue *rq, s_time_t window, unsigned int weight)
{
    unsigned int cpu;
    int64_t most = level(rq);

    for_each_online_cpu(cpu) {
        const struct run_queue *other = rq_of(cpu);
        unsigned int theirs = read_once(other->curr_weight);
        int64_t at;

        if (other == rq || !same_pool(rq, other) || read_once(other->curr) == other->idle)
            continue;
        /* The clock of one that is alone stands still until it is looked at. */
        at = read_once(other->head) == INT64_MAX ? runs_at(other, NOW()) : level(other);
        most = MAX(most, at - weighted(window, MIN(weight, theirs)));
    }
    if (most > level(rq))
        rq_lift(rq, most - level(rq));
}

/* What runs and waits there, as weight. */
static unsigned int load_of(const struct run_queue *rq)
{
    unsigned long load = rq->load;

    if (!is_idle_vcpu(rq->curr) && !rq->curr->sched.queued)
        load += rq->curr->domain->sched.weight;
    return (unsigned int)MIN(load, (unsigned long)UINT32_MAX);
}

/* Whoever is furthest behind of those who run or wait there, if any; a hint. */
static int64_t lowest(const struct run_queue *rq, s_time_t now)
{
    int64_t head = read_once(rq->head);

    return read_once(rq->curr) == rq->idle ? head : MIN(head, runs_at(rq, now));
}

/*
 * The same of all CPUs that v may use, or INT64_MAX if they are idle: what its vtime is
 * compared with, wherever it slept. None counts for more than WINDOW behind another one.
 */
static int64_t lowest_for(const struct vcpu *v, s_time_t now)
{
    int64_t least = INT64_MAX, most = INT64_MIN;
    unsigned int cpu;

    for_each_online_cpu(cpu) {
        int64_t at = vcpu_allowed(v, cpu) ? lowest(rq_of(cpu), now) : INT64_MAX;

        if (at < INT64_MAX) {
            least = MIN(least, at);
            most = MAX(most, at);
        }
    }
    if (least == INT64_MAX)
        return least;
    return MAX(least, most - weighted(WINDOW, WEIGHT_NORMAL));
}

/*
 * v, which has just woken, comes to rq; due is its vtime as the pool sees it. There it is
 * at most LAG behind whoever it meets. They may be ahead of the rest of the pool: by how
 * much that raised its vtime is forgotten when it wakes the next time, among others.
 */
static void join(const struct run_queue *rq, struct vcpu *v, int64_t due)
{
    int64_t low = lowest(rq, NOW());
    int64_t at = low == INT64_MAX ? due : MAX(due, low - LAG);

    v->sched.vtime = at - rq->lead;
    v->sched.raised = at - due;
}

/*
 * It goes on as far ahead or behind as it was among those it comes from. One that has
 * just woken was compared with all of the pool, and keeps its time as it is.
 */
static void fair_arrive(struct run_queue *from, struct run_queue *to, struct vcpu *v)
{
    int64_t ahead = level(from) - level(to);

    if (v->sched.woken)
        join(to, v, v->sched.vtime + to->lead + ahead - v->sched.raised);
    else if (nobody_here(to) && ahead > 0)
        rq_lift(to, ahead); /* its clock stood still */
    else if (ahead > 0)
        v->sched.vtime += MIN(ahead, weighted(WINDOW, load_of(to)));
    else
        v->sched.vtime -= MIN(-ahead, weighted(WINDOW, v->domain->sched.weight));
}

/* A sleeper is at most LAG behind those who did not sleep. */
static void fair_wake(struct run_queue *rq, struct vcpu *v)
{
    s_time_t now = NOW();
    int64_t due = v->sched.vtime + rq->lead - v->sched.raised, low = INT64_MAX;

    if (!nobody_here(rq)) {
        low = lowest_for(v, now);
    } else if (now >= rq->next_sync) {
        rq->next_sync = now + LOOK_EVERY;
        keep_up(rq, 0, WEIGHT_NORMAL);
        low = lowest_for(v, now);
    }
    if (low == INT64_MAX)
        low = level(rq);
    fair_advance(rq);
    v->sched.woken = due <= low;
    join(rq, v, MAX(due, low - LAG));
    v->sched.yielded = false;
}

static bool fair_may_run(const struct vcpu *v)
{
    return !out_of_budget(v->domain);
}

static void fair_enqueue(struct run_queue *rq, struct vcpu *v)
{
    fair_advance(rq);
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
        write_once(rq->clock, next->sched.vtime);
}

/*
 * Before this CPU runs whoever is first here: take one that waits elsewhere and is
 * further behind. So those who are ahead take their turn in sharing a CPU.
 */
static void balance(struct run_queue *rq, s_time_t now)
{
    const struct vcpu *first;
    struct vcpu *v;
    int64_t limit;
    bool needed;

    /* With nobody here it looks for one all the same, see pick_next(). */
    if (now < rq->next_balance || list_empty(&rq->queue))
        return;
    first = list_first(&rq->queue, struct vcpu, sched.queue);
    /* Its vtime is what those had that it came to: not the one that is due elsewhere. */
    if (first->sched.woken)
        return;
    keep_up(rq, WINDOW, first->domain->sched.weight);
    limit = first->sched.vtime + rq->lead - weighted(MARGIN, first->domain->sched.weight);
    v = sched_relieve(rq, limit, &needed);
    /* As rarely where it may have none of them. */
    write_once(rq->next_balance, now + (needed ? MOVE_EVERY : LOOK_EVERY));
    if (v)
        fair_enqueue(rq, v);
}

/*
 * One waits here. A CPU that is busy with one vCPU alone would not look by itself: the
 * one is called whose vCPU is furthest ahead.
 */
static void call_for_balance(struct run_queue *rq, s_time_t now)
{
    struct run_queue *best = NULL;
    int64_t most = rq->head;
    unsigned int cpu;

    if (now < rq->next_call)
        return;
    rq->next_call = now + LOOK_EVERY;
    for_each_online_cpu(cpu) {
        struct run_queue *other = rq_of(cpu);
        int64_t at = runs_at(other, now);

        if (other != rq && same_pool(rq, other) && at > most &&
            read_once(other->curr) != other->idle &&
            now >= read_once(other->next_balance) &&
            at - rq->head > weighted(MARGIN, read_once(other->curr_weight))) {
            most = at;
            best = other;
        }
    }
    if (best)
        softirq_raise_cpu(best->cpu, SOFTIRQ_SCHEDULE);
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
    s_time_t weight = MAX(read_once(v->domain->sched.weight), 1);

    if (ran <= 0)
        return;
    v->sched.vtime += (ran + v->sched.rest) / weight;
    v->sched.rest = (uint16_t)((ran + v->sched.rest) % weight);
    raise_clock(rq, v->sched.vtime);
    if (v->domain->sched.cap)
        __atomic_sub_fetch(&v->domain->sched.cap_budget, ran, __ATOMIC_RELAXED);
}

static s_time_t fair_preempts(const struct run_queue *rq, const struct vcpu *v)
{
    if (v->sched.vtime + GRANULARITY >= vtime_now(rq))
        return STIME_MAX;
    return rq->curr->sched.start + MICROSECS(read_once(rq->pool->ratelimit_us));
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

/* v would not be the next one there; a hint. */
static bool waits(const struct vcpu *v, const struct run_queue *rq, s_time_t now)
{
    const struct run_queue *here = rq_of(read_once(v->processor));
    int64_t at = read_once(v->sched.vtime) + read_once(here->lead);

    if (rq == here) /* it may be queued there already */
        return read_once(rq->head) < at || runs_at(rq, now) <= at + GRANULARITY;
    if (read_once(v->sched.woken))
        at -= read_once(v->sched.raised);
    return lowest(rq, now) <= at + GRANULARITY;
}

/* Rank of a CPU for v: an idle one, where v is the next, a short queue, soft affinity. */
static unsigned int cpu_rank(const struct vcpu *v, unsigned int cpu, s_time_t now)
{
    const struct run_queue *rq = rq_of(cpu);
    unsigned int rank = read_once(rq->nr_queued) * 4;

    if (read_once(rq->curr) != rq->idle)
        rank += 4 + (waits(v, rq, now) ? WAITS : 0);
    if (!cpumask_test(cpu, &v->sched.soft_affinity))
        rank += 2;
    if (cpu != v->processor)
        rank += 1;
    return rank;
}

static unsigned int fair_place(const struct vcpu *v)
{
    unsigned int cpu, best = v->processor, best_rank = ~0U;
    s_time_t now = NOW();

    for_each_online_cpu(cpu) {
        unsigned int rank = vcpu_allowed(v, cpu) ? cpu_rank(v, cpu, now) : ~0U;

        if (rank < best_rank) {
            best_rank = rank;
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
    uint64_t first = (uint64_t)(read_once(cap_due) / CAP_PERIOD);
    int64_t full = period_budget(d);
    int64_t now_left = __atomic_add_fetch(&d->sched.cap_budget, periods * full,
                                          __ATOMIC_RELAXED);

    if (now_left > full)
        write_once(d->sched.cap_budget, full);
    /* Whoever is first may use it up: that is another one each time. */
    for (unsigned int i = 0; i < d->max_vcpus; i++) {
        uint64_t flags;
        struct run_queue *rq;
        bool move = false;

        v = d->vcpu[(first + i) % d->max_vcpus];
        if (!v)
            continue;
        rq = rq_lock_vcpu(v, &flags);
        /* Read with the lock: who just found no budget has not stored it before. */
        if (v->sched.parked) {
            v->sched.parked = false;
            if (vcpu_runnable(v) && !v->sched.running && !v->sched.queued) {
                fair_wake(rq, v);
                move = rq_enqueue_and_tickle(rq, v);
            }
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
    .wake = fair_wake,
    .enqueue = fair_enqueue,
    .arrive = fair_arrive,
    .may_run = fair_may_run,
    .pick = fair_pick,
    .charge = fair_charge,
    .advance = fair_advance,
    .preempts = fair_preempts,
    .slice = fair_slice,
    .place = fair_place,
    .adjusted = fair_adjusted,
};
