/* SPDX-License-Identifier: GPL-2.0-only */
/* The switch: who runs next on this CPU, and the hand-over from one stack to another. */
#include <xen/event.h>
#include <xen/hypercall.h>

#include "private.h"

struct vcpu *idle_vcpu[NR_CPUS];

static char opt_sched[16] __initdata = "credit2";
string_param("sched", opt_sched);

void runstate_set(struct vcpu *v, int state, s_time_t now)
{
    struct vcpu_runstate_info *rs = &v->sched.runstate;

    if (rs->state == state)
        return;
    if (now > (s_time_t)rs->state_entry_time) {
        rs->time[rs->state] += (uint64_t)now - rs->state_entry_time;
        rs->state_entry_time = (uint64_t)now;
    }
    rs->state = state;
}

bool vcpu_runnable(const struct vcpu *v)
{
    return !(read_once(v->sched.pause_flags) | (uint32_t)read_once(v->sched.pause_count) |
             (uint32_t)read_once(v->domain->pause_count));
}

static int stopped_state(const struct vcpu *v)
{
    return read_once(v->sched.pause_flags) & (VPF_BLOCKED | VPF_POLLING)
               ? RUNSTATE_blocked
               : RUNSTATE_offline;
}

/* v, which ran until now, leaves the CPU: account for it and queue it if it can go on. */
static void put_previous(struct run_queue *rq, struct vcpu *v, s_time_t now)
{
    if (is_idle_vcpu(v)) {
        rq->idle_total += now - rq->idle_since;
        return;
    }
    policy_of(v)->charge(rq, v, now - v->sched.start);
    v->sched.start = now;
    if (vcpu_runnable(v)) {
        runstate_set(v, RUNSTATE_runnable, now);
        policy_of(v)->enqueue(rq, v);
    } else {
        runstate_set(v, stopped_state(v), now);
    }
}

static struct vcpu *pick_next(struct run_queue *rq, s_time_t now)
{
    struct vcpu *v = rq->pool->policy->pick(rq, now);

    if (v)
        return v;
    /*
     * Idle first, then the look around: whoever queues a vCPU does it the other way round
     * (sched_offer), so that one of the two sees the other.
     */
    write_once(rq->curr, rq->idle);
    smp_mb();
    v = sched_steal(rq);
    return v ? v : rq->idle;
}

/* On the new stack, queue still locked since schedule(). */
static void finish_switch(void)
{
    struct run_queue *rq = &this_cpu(run_queue);
    struct vcpu *prev = rq->prev;
    struct domain *strayed = NULL;

    /*
     * Whoever destroys prev waits for this lock to see it off the CPU; until then its
     * domain has a reference, behind it only this one.
     */
    if (prev && !is_idle_vcpu(prev) && !vcpu_allowed(prev, rq->cpu)) {
        strayed = prev->domain;
        domain_get(strayed);
    }
    spin_unlock_irq(&rq->lock);
    if (strayed) {
        sched_settle(prev);
        domain_put(strayed);
    }
    write_once(rq->prev, NULL);
}

static void first_run(void *arg)
{
    struct vcpu *v = arg;

    arch_vcpu_switch_in(v);
    finish_switch();
    arch_vcpu_main(v);
}

static void switch_to(struct run_queue *rq, struct vcpu *prev, struct vcpu *next)
{
    arch_vcpu_switch_out(prev);
    prev->sched.running = false;
    next->sched.running = true;
    rq->prev = prev;
    set_current(next);
    stack_switch(&prev->stack_ctx, &next->stack_ctx);
    /* prev goes on here, perhaps much later and on another CPU. */
    arch_vcpu_switch_in(prev);
    finish_switch();
}

static void schedule(void)
{
    struct run_queue *rq = &this_cpu(run_queue);
    struct vcpu *prev = current, *next;
    s_time_t now, slice;

    assert_no_locks();
    spin_lock_irq(&rq->lock);
    now = NOW(); /* not before: others have read for how long prev has run */
    timer_stop(&rq->slice);
    put_previous(rq, prev, now);
    next = pick_next(rq, now);
    next->sched.start = now;
    next->sched.yielded = false;
    next->sched.woken = false;
    if (is_idle_vcpu(next)) {
        rq->idle_since = now;
    } else {
        runstate_set(next, RUNSTATE_running, now);
        slice = rq->pool->policy->slice(rq, next);
        if (slice)
            timer_set(&rq->slice, now + slice);
        if (rq->nr_queued)
            sched_offer_all(rq);
    }
    rq->curr = next;
    write_once(rq->curr_since, now);
    smp_wmb();
    write_once(rq->curr_weight, next->domain->sched.weight);
    smp_wmb();
    write_once(rq->curr_vtime, next->sched.vtime);
    if (next == prev) {
        spin_unlock_irq(&rq->lock);
        return;
    }
    switch_to(rq, prev, next);
}

static void slice_over(void *data)
{
    struct run_queue *rq = data;

    softirq_raise_cpu(rq->cpu, SOFTIRQ_SCHEDULE);
}

void sched_vcpu_stack(struct vcpu *v)
{
    stack_ctx_init(&v->stack_ctx, v->stack, first_run, v);
}

/* --- waking and sleeping ----------------------------------------------------------- */

void vcpu_wake(struct vcpu *v)
{
    uint64_t flags;
    struct run_queue *rq = rq_lock_vcpu(v, &flags);
    bool move = false;

    if (!vcpu_runnable(v)) {
        if (v->sched.runstate.state >= RUNSTATE_blocked)
            runstate_set(v, stopped_state(v), NOW());
    } else if (!v->sched.running && !v->sched.queued) {
        runstate_set(v, RUNSTATE_runnable, NOW());
        policy_of(v)->wake(rq, v);
        move = rq_enqueue_and_tickle(rq, v);
    }
    rq_unlock(rq, flags);
    /* Its CPU is busy: another one may be idle, or this one no longer be allowed. */
    if (move)
        sched_settle(v);
}

void vcpu_sleep_nosync(struct vcpu *v)
{
    uint64_t flags;
    struct run_queue *rq = rq_lock_vcpu(v, &flags);

    if (!vcpu_runnable(v)) {
        if (v->sched.queued)
            rq_dequeue(rq, v);
        if (v->sched.running)
            softirq_raise_cpu(rq->cpu, SOFTIRQ_SCHEDULE);
        else
            runstate_set(v, stopped_state(v), NOW());
    }
    rq_unlock(rq, flags);
}

static bool is_running(const struct vcpu *v)
{
    uint64_t flags;
    struct run_queue *rq = rq_lock_vcpu(v, &flags);
    bool running = v->sched.running;

    rq_unlock(rq, flags);
    return running;
}

void vcpu_sleep_sync(struct vcpu *v)
{
    ASSERT(v != current);
    vcpu_sleep_nosync(v);
    while (!vcpu_runnable(v) && is_running(v))
        cpu_relax();
}

void vcpu_block(void)
{
    struct vcpu *v = current;

    __atomic_or_fetch(&v->sched.pause_flags, VPF_BLOCKED, __ATOMIC_SEQ_CST);
    /* An event that came before the flag was set has not unblocked us. */
    if (vcpu_event_pending(v))
        __atomic_and_fetch(&v->sched.pause_flags, ~VPF_BLOCKED, __ATOMIC_SEQ_CST);
    else
        softirq_raise(SOFTIRQ_SCHEDULE);
}

void vcpu_yield(void)
{
    current->sched.yielded = true;
    softirq_raise(SOFTIRQ_SCHEDULE);
}

void vcpu_unblock(struct vcpu *v)
{
    uint32_t old = __atomic_fetch_and(&v->sched.pause_flags,
                                      ~(VPF_BLOCKED | VPF_POLLING), __ATOMIC_SEQ_CST);

    if (!(old & (VPF_BLOCKED | VPF_POLLING)))
        return;
    if (old & VPF_POLLING)
        clear_bit(v->vcpu_id, v->domain->evtchn.poll_mask);
    vcpu_wake(v);
}

/* --- set-up ------------------------------------------------------------------------ */

void sched_init_cpu(unsigned int cpu)
{
    struct run_queue *rq = rq_of(cpu);
    struct vcpu *v = idle_vcpu_create(cpu);

    spin_lock_init(&rq->lock, LOCK_SCHED, "run queue");
    list_init(&rq->queue);
    rq->cpu = cpu;
    rq->head = INT64_MAX;
    rq->idle = rq->curr = idle_vcpu[cpu] = v;
    rq->idle_since = NOW();
    timer_init(&rq->slice, slice_over, rq, cpu);
    cpupool_init_cpu(cpu);
    v->sched.running = true;
    v->sched.runstate.state = RUNSTATE_running;
}

void __init sched_init(void)
{
    const struct sched_policy *policy = &sched_fair;

    if (!strcmp(opt_sched, sched_null.opt_name))
        policy = &sched_null;
    else if (strcmp(opt_sched, sched_fair.opt_name))
        printk(XENLOG_WARNING "sched=%s: no such scheduler, using %s\n", opt_sched,
               policy->opt_name);
    softirq_register(SOFTIRQ_SCHEDULE, schedule);
    cpupool_init(policy);
    sched_fair_init();
    sched_init_cpu(smp_processor_id());
    set_current(idle_vcpu[smp_processor_id()]);
    sched_keys_init();
    printk(XENLOG_INFO "Scheduler: %s (%s)\n", policy->name, policy->opt_name);
}

unsigned int sched_id(void)
{
    return cpupool0.policy->id;
}

const char *sched_name(void)
{
    return cpupool0.policy->opt_name;
}

const struct sched_policy *sched_policy_by_id(unsigned int id)
{
    static const struct sched_policy *const all[] = {&sched_fair, &sched_null};

    for (unsigned int i = 0; i < ARRAY_SIZE(all); i++)
        if (all[i]->id == id)
            return all[i];
    return NULL;
}
