/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of xen/common/sched/ share. Nothing outside includes this. */
#ifndef SCHED_PRIVATE_H
#define SCHED_PRIVATE_H

#include <xen/ctl.h>
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/param.h>
#include <xen/percpu.h>
#include <xen/sched.h>

/*
 * A CPU's run queue. Holding its lock means: no vCPU whose processor is this CPU starts,
 * stops or moves. The lock is held across the stack switch, so a vCPU that is seen with
 * running == false under it has its state saved.
 */
struct run_queue {
    spinlock_t lock;           /* LOCK_SCHED; protects all below */
    unsigned int cpu;
    struct list queue;         /* runnable, not running; ascending vtime */
    unsigned int nr_queued;
    unsigned long load;        /* sum of the queued vCPUs' weights */
    struct vcpu *curr;
    struct vcpu *idle;
    struct vcpu *prev;         /* switched away from, not yet finished with */
    int64_t clock;             /* vtime that a newcomer starts from */
    s_time_t next_balance;
    s_time_t idle_since, idle_total;
    struct timer slice;
};

DECLARE_PER_CPU(struct run_queue, run_queue);

/* How vCPUs are ordered and placed. All run with the queue's lock held. */
struct sched_policy {
    unsigned int id;           /* XEN_SCHEDULER_* */
    const char *name, *opt_name;
    void (*enqueue)(struct run_queue *rq, struct vcpu *v);
    struct vcpu *(*pick)(struct run_queue *rq, s_time_t now); /* dequeued; NULL: none */
    void (*charge)(struct run_queue *rq, struct vcpu *v, s_time_t ran);
    bool (*preempts)(const struct run_queue *rq, const struct vcpu *v);
    s_time_t (*slice)(const struct run_queue *rq, const struct vcpu *v); /* 0: none */
    unsigned int (*place)(const struct vcpu *v);              /* best CPU; a hint */
    void (*adjusted)(struct domain *d);                       /* weight or cap changed */
};

extern const struct sched_policy sched_fair, sched_null;
extern const struct sched_policy *policy;

static inline struct run_queue *rq_of(unsigned int cpu)
{
    return &per_cpu(run_queue, cpu);
}

static inline bool vcpu_allowed(const struct vcpu *v, unsigned int cpu)
{
    return cpumask_test(cpu, &v->sched.hard_affinity) && cpu_online(cpu);
}

/* Lock the queue v belongs to; it cannot change until unlocked. */
struct run_queue *rq_lock_vcpu(const struct vcpu *v, uint64_t *flags);
static inline void rq_unlock(struct run_queue *rq, uint64_t flags)
{
    spin_unlock_irqrestore(&rq->lock, flags);
}

void rq_dequeue(struct run_queue *rq, struct vcpu *v);
/* Insert v so that vtimes ascend and count it; policies call this. */
void rq_insert(struct run_queue *rq, struct vcpu *v);
/* Enqueue and make the CPU look at its queue when v should run before its current one. */
void rq_enqueue_and_tickle(struct run_queue *rq, struct vcpu *v);
/* Make v's CPU one that it may use and that has room. No queue lock held. */
void sched_migrate(struct vcpu *v, unsigned int to);
/* Take one vCPU that waits on another queue; rq's lock is held. NULL: none. */
struct vcpu *sched_steal(struct run_queue *rq);

struct vcpu *idle_vcpu_create(unsigned int cpu);
void sched_keys_init(void);
/* First context of a new vCPU's stack. */
void sched_vcpu_stack(struct vcpu *v);

/* A vCPU keeps the CPU at least this long before a waker may take it, us; 0: at once. */
extern unsigned int sched_ratelimit_us;

void runstate_set(struct vcpu *v, int state, s_time_t now);

#endif
