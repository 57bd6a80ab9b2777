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
    /* never NULL: a CPU in no pool is in one that no domain can enter */
    struct cpupool *pool;      /* [lock and cpupool_lock to write] */
    unsigned int pool_id;      /* pool's; others read it without the lock */
    struct list queue;         /* runnable, not running; ascending vtime */
    unsigned int nr_queued;
    unsigned long load;        /* sum of the queued vCPUs' weights */
    /* first one's vtime as the pool sees it, INT64_MAX: none; read without the lock */
    int64_t head;
    struct vcpu *curr;
    /* curr's, when it came; others read them without the lock and must not mind */
    int64_t curr_vtime;
    s_time_t curr_since;
    unsigned int curr_weight;
    struct vcpu *idle;
    struct vcpu *prev;         /* switched away from, not yet settled elsewhere */
    int64_t clock;             /* lowest vtime of those here; newcomers start near it */
    /* vtimes here and this added can be compared with another queue's of the pool */
    int64_t lead;
    s_time_t next_balance;     /* not before, this CPU takes one from elsewhere, */
    s_time_t next_call;        /* or calls another one to take one from here, */
    s_time_t next_sync;        /* or compares its clock when somebody wakes */
    s_time_t idle_since, idle_total;
    struct timer slice;
};

DECLARE_PER_CPU(struct run_queue, run_queue);

/*
 * How vCPUs are ordered and placed. All but place and adjusted run with the queue's lock
 * held. A vCPU is queued, charged and placed by its domain's policy; a CPU picks by its
 * pool's. They differ only while the CPU changes pools and the vCPU has not left yet.
 */
struct sched_policy {
    unsigned int id;           /* XEN_SCHEDULER_* */
    const char *name, *opt_name;
    void (*wake)(struct run_queue *rq, struct vcpu *v); /* it slept; enqueue is next */
    void (*enqueue)(struct run_queue *rq, struct vcpu *v);
    /* v moves within the pool, both queues locked; its vtime is to's already */
    void (*arrive)(struct run_queue *from, struct run_queue *to, struct vcpu *v);
    bool (*may_run)(const struct vcpu *v); /* false: its budget is used up */
    struct vcpu *(*pick)(struct run_queue *rq, s_time_t now); /* dequeued; NULL: none */
    void (*charge)(struct run_queue *rq, struct vcpu *v, s_time_t ran);
    void (*advance)(struct run_queue *rq); /* bring the clock up to now */
    /* when v, just queued, may take the CPU from curr; STIME_MAX: in its turn */
    s_time_t (*preempts)(const struct run_queue *rq, const struct vcpu *v);
    s_time_t (*slice)(const struct run_queue *rq, const struct vcpu *v); /* 0: none */
    unsigned int (*place)(const struct vcpu *v);              /* best CPU; a hint */
    /* weight or cap changed; cpupool_lock is held */
    void (*adjusted)(struct domain *d);
};

extern const struct sched_policy sched_fair, sched_null;
/* The policy with that XEN_SCHEDULER_* id, or NULL. */
const struct sched_policy *sched_policy_by_id(unsigned int id);

/*
 * A set of CPUs with a scheduler of its own: queues, policy and parameters. A domain is
 * in exactly one, a CPU in one or none. Pools are found by id, as only n_dom and cpus
 * keep one alive.
 */
struct cpupool {
    struct list link;          /* all pools, ascending ids [cpupool_lock] */
    unsigned int id;
    const struct sched_policy *policy;
    unsigned int ratelimit_us; /* see SCHED_RATELIMIT_US; atomic */
    unsigned int n_dom;        /* domains that name it [cpupool_lock] */
    s_time_t missing_since;    /* its last CPU waits for some of them [cpupool_lock] */
    cpumask_t cpus;            /* [cpupool_lock] */
};

#define CPUPOOL_NONE (~0U)     /* no pool's id; "any" in the control interfaces */
/* More could not all have a CPU. */
#define CPUPOOL_MAX  NR_CPUS

extern struct cpupool cpupool0;
extern spinlock_t cpupool_lock; /* LOCK_CPUPOOL */

/* A vCPU keeps the CPU at least this long before a waker may take it; 0: at once. */
#define SCHED_RATELIMIT_US 1000

static inline struct run_queue *rq_of(unsigned int cpu)
{
    return &per_cpu(run_queue, cpu);
}

static inline const struct sched_policy *policy_of(const struct vcpu *v)
{
    return read_once(v->domain->sched.policy);
}

static inline bool same_pool(const struct run_queue *a, const struct run_queue *b)
{
    return read_once(a->pool_id) == read_once(b->pool_id);
}

/* v may run there now. Certain under that CPU's queue lock, without it a hint. */
static inline bool vcpu_allowed(const struct vcpu *v, unsigned int cpu)
{
    return cpumask_test(cpu, &v->sched.hard_affinity) && cpu_online(cpu) &&
           read_once(rq_of(cpu)->pool_id) == read_once(v->domain->sched.pool);
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
/*
 * Enqueue and make the CPU look at its queue when v should run before its current one;
 * rq's lock is held. True: that CPU is busy, or v may not use it; unless v comes from
 * another CPU just now, the caller unlocks and then calls sched_settle().
 */
bool rq_enqueue_and_tickle(struct run_queue *rq, struct vcpu *v);
/*
 * Move v to that CPU, or have it switched out if it runs where it may not. No queue lock
 * held. False: v may not use it.
 */
bool sched_migrate(struct vcpu *v, unsigned int to);
/*
 * Make v's CPU one that it may use and that has room; if v waits there nevertheless, an
 * idle CPU is called. No queue lock held.
 */
void sched_settle(struct vcpu *v);
/* Call an idle CPU for each vCPU that waits on rq; rq's lock is held. */
void sched_offer_all(const struct run_queue *rq);
/*
 * Take one vCPU that waits on another queue of the pool; rq's lock is held, and its CPU
 * is known as idle to others. NULL: none; where a queue was locked, the CPU looks again.
 */
struct vcpu *sched_steal(struct run_queue *rq);
/*
 * The same for a busy CPU: one whose vtime, as the pool sees it, is below that limit.
 * *needed: a look without locks found a queue that has one.
 */
struct vcpu *sched_relieve(struct run_queue *rq, int64_t limit, bool *needed);
/* rq->lead grows by that much. */
void rq_lift(struct run_queue *rq, int64_t by);

struct vcpu *idle_vcpu_create(unsigned int cpu);
void sched_keys_init(void);
void sched_fair_init(void);

/* Boot: pool 0, which has p, and no other. */
void cpupool_init(const struct sched_policy *p);
/* Boot: cpu, whose queue is new, joins pool 0. */
void cpupool_init_cpu(unsigned int cpu);
/* The pool with that id or NULL; d's pool. cpupool_lock is held. */
struct cpupool *cpupool_find(unsigned int id);
/* The first pool from that id on, or NULL. cpupool_lock is held. */
struct cpupool *cpupool_next(unsigned int id);
struct cpupool *cpupool_of(const struct domain *d);
/* The CPUs of p that are online. cpupool_lock is held. */
cpumask_t cpupool_cpus(const struct cpupool *p);
/* Where v starts: its domain's CPUs in turn. */
unsigned int cpupool_first_cpu(const struct vcpu *v);

/*
 * What cpupool_sysctl() decodes to; ids and CPUs may be CPUPOOL_NONE for "any" where it
 * says so. All take cpupool_lock.
 *
 * create: *id (or any: then it is filled in) with that scheduler and no CPU: -ENOENT no
 * such scheduler, -EEXIST, -ENOSPC, -ENOMEM.
 */
int cpupool_create(unsigned int *id, unsigned int sched_id);
/* -ENOENT; -EBUSY: it has domains or CPUs, or one is on its way out. */
int cpupool_destroy(unsigned int id);
/* CPU (or any that is free): -ENOENT no such pool, -EINVAL no such CPU, -ENODEV taken. */
int cpupool_add_cpu(unsigned int id, unsigned int cpu);
/*
 * CPU (or any: the last one) leaves the pool, and its vCPUs leave it; a vCPU that could
 * use only this one loses its affinity. -ENOENT no such pool, -EINVAL no such CPU or CPU
 * 0, which stays in pool 0; -EADDRNOTAVAIL it is in another pool, or another CPU is on
 * its way out; -EBUSY the last one of a pool with domains that are not dying (dying ones
 * go to pool 0), or that nobody finds for seconds; -ERESTART call again.
 */
int cpupool_remove_cpu(unsigned int id, unsigned int cpu);
/*
 * d, which is not the caller's, moves with all that it has; affinity, weight and cap are
 * as new. -ENOENT: no such pool, or it has no CPU.
 */
int cpupool_move_domain(struct domain *d, unsigned int id);
/* CPUs that are in no pool. */
cpumask_t cpupool_free_cpus(void);
/* First context of a new vCPU's stack. */
void sched_vcpu_stack(struct vcpu *v);

void runstate_set(struct vcpu *v, int state, s_time_t now);

#endif
