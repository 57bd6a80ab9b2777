/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU pools. cpupool_lock orders all changes; a queue's lock makes a CPU's change of pool
 * one step for the scheduler. CPU 0 stays in pool 0, which so always has one.
 */
#include <xen/hypercall.h>

#include "private.h"

DEFINE_SPINLOCK(cpupool_lock, LOCK_CPUPOOL);

struct cpupool cpupool0;

/* Where CPUs without a pool are. No domain has its id: they find nobody to run. */
static struct cpupool no_pool = {.id = CPUPOOL_NONE, .policy = &sched_null};

/* How long a pool may count a domain that is not in the table of all of them. */
#define MISSING_MAX SECONDS(5)

static LIST(pools);
static unsigned int nr_pools; /* [cpupool_lock] */

/*
 * The CPU that is being emptied, one at a time: already out of its pool, not free yet.
 * The walk over the domains is preemptible and goes on at next [cpupool_lock].
 */
static struct {
    bool active;
    unsigned int pool, cpu;
    domid_t next;
} leaving;

void __init cpupool_init(const struct sched_policy *p)
{
    cpupool0 = (struct cpupool){.policy = p, .ratelimit_us = SCHED_RATELIMIT_US};
    list_init(&pools);
    list_add(&pools, &cpupool0.link);
    nr_pools = 1;
}

struct cpupool *cpupool_next(unsigned int id)
{
    struct cpupool *p;

    ASSERT_LOCKED(&cpupool_lock);
    list_for_each(p, &pools, link)
        if (p->id >= id)
            return p;
    return NULL;
}

struct cpupool *cpupool_find(unsigned int id)
{
    struct cpupool *p = cpupool_next(id);

    return p && p->id == id ? p : NULL;
}

struct cpupool *cpupool_of(const struct domain *d)
{
    struct cpupool *p = cpupool_find(d->sched.pool);

    ASSERT(p);
    return p;
}

cpumask_t cpupool_cpus(const struct cpupool *p)
{
    cpumask_t m;

    ASSERT_LOCKED(&cpupool_lock);
    /* A CPU joins before it comes up, which can fail. */
    cpumask_and(&m, &p->cpus, &cpu_online_map);
    return m;
}

static unsigned int last_cpu(const cpumask_t *m)
{
    unsigned int cpu, last = NR_CPUS;

    for_each_cpu(cpu, m)
        last = cpu;
    return last;
}

/* --- creation and destruction ------------------------------------------------------ */

/* One above the highest, so that ids come back late; after the last the first gap. */
static unsigned int unused_id(void)
{
    unsigned int id = list_entry(pools.prev, struct cpupool, link)->id + 1;
    struct cpupool *p;

    if (id != CPUPOOL_NONE)
        return id;
    id = 0;
    list_for_each(p, &pools, link) {
        if (p->id != id)
            break;
        id++;
    }
    return id;
}

static int insert(struct cpupool *p)
{
    struct list *at = pools.prev;

    if (p->id == CPUPOOL_NONE)
        p->id = unused_id();
    /* Pool 0 ends the search. */
    while (list_entry(at, struct cpupool, link)->id > p->id)
        at = at->prev;
    if (list_entry(at, struct cpupool, link)->id == p->id)
        return -EEXIST;
    if (nr_pools == CPUPOOL_MAX)
        return -ENOSPC;
    list_add(at, &p->link);
    nr_pools++;
    return 0;
}

int cpupool_create(unsigned int *id, unsigned int sched_id)
{
    const struct sched_policy *policy = sched_policy_by_id(sched_id);
    struct cpupool *p;
    int rc;

    if (!policy)
        return -ENOENT;
    p = xalloc(struct cpupool);
    if (!p)
        return -ENOMEM;
    p->id = *id;
    p->policy = policy;
    p->ratelimit_us = SCHED_RATELIMIT_US;
    spin_lock(&cpupool_lock);
    rc = insert(p);
    if (!rc)
        *id = p->id;
    spin_unlock(&cpupool_lock);
    if (rc)
        xfree(p);
    return rc;
}

int cpupool_destroy(unsigned int id)
{
    struct cpupool *p;
    int rc = 0;

    spin_lock(&cpupool_lock);
    p = cpupool_find(id);
    if (!p)
        rc = -ENOENT;
    /* Whoever takes a CPU out of it has to find it when the call is issued again. */
    else if (p->n_dom || !cpumask_empty(&p->cpus) ||
             (leaving.active && leaving.pool == id))
        rc = -EBUSY;
    if (!rc) {
        list_del(&p->link);
        nr_pools--;
    }
    spin_unlock(&cpupool_lock);
    if (!rc)
        xfree(p);
    return rc;
}

/* --- domains ----------------------------------------------------------------------- */

/* p counts d, whose parameters are those of a new one. Others read them meanwhile. */
static void enter(struct domain *d, struct cpupool *p)
{
    p->n_dom++;
    write_once(d->sched.weight, 256);
    write_once(d->sched.cap, 0);
    write_once(d->sched.cap_budget, 0);
    write_once(d->sched.policy, p->policy);
    write_once(d->sched.pool, p->id);
}

int sched_domain_init(struct domain *d, unsigned int pool)
{
    struct cpupool *p;
    cpumask_t cpus;
    int rc = 0;

    spin_lock(&cpupool_lock);
    p = cpupool_find(pool);
    if (p)
        cpus = cpupool_cpus(p);
    if (!p) {
        rc = -ESRCH;
    } else if (cpumask_empty(&cpus)) {
        rc = -ENODEV;
    } else {
        enter(d, p);
    }
    spin_unlock(&cpupool_lock);
    return rc;
}

void sched_domain_destroy(struct domain *d)
{
    if (!d->sched.policy)
        return;
    spin_lock(&cpupool_lock);
    cpupool_of(d)->n_dom--;
    d->sched.policy = NULL;
    spin_unlock(&cpupool_lock);
}

void sched_domain_cpus(const struct domain *d, cpumask_t *cpus)
{
    spin_lock(&cpupool_lock);
    *cpus = cpupool_cpus(cpupool_of(d));
    spin_unlock(&cpupool_lock);
}

/* The nth CPU of the set, counted in circles; the set is not empty. */
static unsigned int nth_cpu(const cpumask_t *m, unsigned int n)
{
    unsigned int cpu = cpumask_first(m);

    for (n %= cpumask_weight(m); n; n--)
        cpu = cpumask_next(cpu, m);
    return cpu;
}

unsigned int cpupool_first_cpu(const struct vcpu *v)
{
    cpumask_t cpus;

    sched_domain_cpus(v->domain, &cpus);
    return nth_cpu(&cpus, v->vcpu_id);
}

/*
 * d, paused or about to be as it is dying, goes to another pool. A vCPU that still runs
 * leaves its CPU by itself (finish_switch).
 */
static void transfer(struct domain *d, struct cpupool *to)
{
    cpumask_t cpus = cpupool_cpus(to);
    struct vcpu *v;

    cpupool_of(d)->n_dom--;
    enter(d, to);
    for_each_vcpu(d, v) {
        uint64_t flags;
        struct run_queue *rq = rq_lock_vcpu(v, &flags);

        cpumask_setall(&v->sched.hard_affinity);
        cpumask_setall(&v->sched.soft_affinity);
        v->sched.parked = false;
        rq_unlock(rq, flags);
        /* It is not refused: all CPUs of a pool are allowed now. */
        sched_migrate(v, nth_cpu(&cpus, v->vcpu_id));
    }
}

int cpupool_move_domain(struct domain *d, unsigned int id)
{
    struct cpupool *to;
    cpumask_t cpus;
    int rc = 0;

    ASSERT(d != current->domain);
    /* Before the lock: one of its vCPUs may have to come out of the hypervisor first. */
    domain_pause(d);
    spin_lock(&cpupool_lock);
    to = cpupool_find(id);
    if (to)
        cpus = cpupool_cpus(to);
    if (!to || cpumask_empty(&cpus))
        rc = -ENOENT;
    else if (d->sched.pool != id)
        transfer(d, to);
    spin_unlock(&cpupool_lock);
    domain_unpause(d);
    return rc;
}

/* --- CPUs -------------------------------------------------------------------------- */

static void set_pool(unsigned int cpu, struct cpupool *p)
{
    struct run_queue *rq = rq_of(cpu);
    uint64_t flags = spin_lock_irqsave(&rq->lock);

    rq->pool = p;
    write_once(rq->pool_id, p->id);
    spin_unlock_irqrestore(&rq->lock, flags);
    /* Whoever runs there goes, or somebody comes. */
    softirq_raise_cpu(cpu, SOFTIRQ_SCHEDULE);
}

void cpupool_init_cpu(unsigned int cpu)
{
    struct run_queue *rq = rq_of(cpu);

    spin_lock(&cpupool_lock);
    rq->pool = &cpupool0;
    rq->pool_id = cpupool0.id;
    cpumask_set(cpu, &cpupool0.cpus);
    spin_unlock(&cpupool_lock);
}

static cpumask_t free_cpus(void)
{
    cpumask_t free = cpu_online_map;
    struct cpupool *p;

    list_for_each(p, &pools, link)
        cpumask_andnot(&free, &free, &p->cpus);
    if (leaving.active)
        cpumask_clear(leaving.cpu, &free);
    return free;
}

cpumask_t cpupool_free_cpus(void)
{
    cpumask_t free;

    spin_lock(&cpupool_lock);
    free = free_cpus();
    spin_unlock(&cpupool_lock);
    return free;
}

static bool no_such_cpu(unsigned int cpu)
{
    return cpu >= NR_CPUS || !cpu_online(cpu);
}

int cpupool_add_cpu(unsigned int id, unsigned int cpu)
{
    struct cpupool *p;
    cpumask_t free;
    int rc = 0;

    spin_lock(&cpupool_lock);
    p = cpupool_find(id);
    free = free_cpus();
    if (!p) {
        rc = -ENOENT;
    } else if (cpu == CPUPOOL_NONE) {
        cpu = cpumask_first(&free);
        rc = cpu < NR_CPUS ? 0 : -ENODEV;
    } else if (no_such_cpu(cpu)) {
        rc = -EINVAL;
    } else if (!cpumask_test(cpu, &free)) {
        rc = -ENODEV;
    }
    if (!rc) {
        cpumask_set(cpu, &p->cpus);
        set_pool(cpu, p);
    }
    spin_unlock(&cpupool_lock);
    return rc;
}

/*
 * Domains are counted that are in no table: they are being made, or freed. Neither takes
 * long, nor waits for this CPU; a count that is wrong must not bring the caller back for
 * ever.
 */
static int wait_for_missing(struct cpupool *p)
{
    if (!p->missing_since)
        p->missing_since = NOW();
    if (NOW() - p->missing_since < MISSING_MAX)
        return -ERESTART;
    printk(XENLOG_ERR "cpupool %u counts %u domains that nobody finds\n", p->id,
           p->n_dom);
    p->missing_since = 0;
    return -EBUSY;
}

/*
 * The last CPU goes: dying domains go to pool 0, so that a guest that somebody else still
 * holds a page of does not hold a CPU.
 */
static int evacuate(struct cpupool *p)
{
    struct domain *d = NULL;

    while ((d = domain_next(d, 0)) != NULL) {
        if (d->sched.pool != p->id)
            continue;
        p->missing_since = 0;
        if (!read_once(d->dying)) {
            domain_put(d);
            return -EBUSY;
        }
        transfer(d, &cpupool0);
        if (hypercall_preempt_check()) {
            domain_put(d);
            return -ERESTART;
        }
    }
    if (p->n_dom)
        return wait_for_missing(p);
    p->missing_since = 0;
    return 0;
}

/* Checks, and the step that cannot be taken back; 0 as well where it was taken before. */
static int start_leaving(unsigned int id, unsigned int cpu)
{
    struct cpupool *p = cpupool_find(id);
    cpumask_t cpus;
    int rc;

    if (!p)
        return -ENOENT;
    if (leaving.active && leaving.pool == id &&
        (cpu == leaving.cpu || cpu == CPUPOOL_NONE))
        return 0;
    cpus = cpupool_cpus(p);
    if (cpu == CPUPOOL_NONE)
        cpu = last_cpu(&cpus);
    if (no_such_cpu(cpu))
        return -EINVAL;
    if (leaving.active || !cpumask_test(cpu, &cpus))
        return -EADDRNOTAVAIL;
    if (cpu == 0)
        return -EINVAL;
    if (p->n_dom && cpumask_weight(&cpus) == 1) {
        rc = evacuate(p);
        if (rc)
            return rc;
    }
    cpumask_clear(cpu, &p->cpus);
    set_pool(cpu, &no_pool);
    leaving.active = true;
    leaving.pool = id;
    leaving.cpu = cpu;
    leaving.next = 0;
    return 0;
}

/* Off the CPU that left, and with an affinity that leaves it at least one. */
static void find_other_cpu(struct vcpu *v, const cpumask_t *cpus)
{
    uint64_t flags;
    struct run_queue *rq = rq_lock_vcpu(v, &flags);
    bool broken = !cpumask_intersects(&v->sched.hard_affinity, cpus), stays;

    if (broken)
        cpumask_setall(&v->sched.hard_affinity);
    stays = vcpu_allowed(v, rq->cpu);
    rq_unlock(rq, flags);
    if (broken)
        printk(XENLOG_WARNING "%pv: no CPU of its affinity is left in pool %u, it may "
                              "now use all\n",
               v, v->domain->sched.pool);
    if (!stays)
        sched_settle(v);
}

/* Who ran there when it left the pool is somewhere else, or on no CPU. */
static bool emptied(unsigned int cpu)
{
    struct run_queue *rq = rq_of(cpu);
    uint64_t flags = spin_lock_irqsave(&rq->lock);
    bool yes = rq->curr == rq->idle && !read_once(rq->prev);

    spin_unlock_irqrestore(&rq->lock, flags);
    return yes;
}

static int finish_leaving(void)
{
    struct domain *d = domain_next(NULL, leaving.next);
    cpumask_t cpus = cpupool_cpus(cpupool_find(leaving.pool));
    struct vcpu *v;

    for (; d; d = domain_next(d, 0)) {
        if (d->sched.pool != leaving.pool)
            continue;
        for_each_vcpu(d, v)
            find_other_cpu(v, &cpus);
        leaving.next = d->domain_id + 1;
        if (hypercall_preempt_check()) {
            domain_put(d);
            return -ERESTART;
        }
    }
    /* The caller may be the one that has to go. */
    if (!emptied(leaving.cpu))
        return -ERESTART;
    leaving.active = false;
    return 0;
}

int cpupool_remove_cpu(unsigned int id, unsigned int cpu)
{
    int rc;

    spin_lock(&cpupool_lock);
    rc = start_leaving(id, cpu);
    if (!rc)
        rc = finish_leaving();
    spin_unlock(&cpupool_lock);
    return rc;
}
