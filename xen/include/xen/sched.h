/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual CPUs and the scheduler.
 *
 * A vCPU is runnable when it has no pause flag and its and its domain's pause counts are
 * zero. Only the scheduler switches stacks. Implementation: xen/common/sched/.
 */
#ifndef XEN_SCHED_H
#define XEN_SCHED_H

#include <xen/cpumask.h>
#include <xen/list.h>
#include <xen/spinlock.h>
#include <xen/timer.h>
#include <public/vcpu.h>

struct domain;
struct sched_policy;
struct vcpu;

/* Reasons why a vCPU does not run, beside the pause counts. */
#define VPF_BLOCKED  (1U << 0) /* SCHEDOP_block or HLT: woken by an event */
#define VPF_DOWN     (1U << 1) /* not started, or VCPUOP_down */
#define VPF_POLLING  (1U << 2) /* SCHEDOP_poll */
#define VPF_HALTED   (1U << 3) /* HLT with interrupts off: an NMI or a start wakes it */
#define VPF_OFF (VPF_DOWN | VPF_HALTED) /* to guest and toolstack it is not there */

/* Per-vCPU part [run queue lock of the vCPU's processor unless said otherwise]. */
struct sched_vcpu {
    struct list queue;          /* on a run queue */
    bool queued;
    bool running;               /* its stack is in use on v->processor */
    bool yielded;
    bool woken;                 /* behind the others, and has not run yet */
    bool parked;                /* over its domain's cap until the next refill */
    /* CPU time used, ns divided by the weight, relative to its queue's clock */
    int64_t vtime;
    uint16_t rest;              /* ns used that are too few to be in vtime yet */
    int64_t raised;             /* by which vtime is ahead because of whom it came to */
    s_time_t start;             /* when it was last put on the CPU or charged */
    uint16_t counted;           /* weight that its queue's load has of it */
    uint32_t pause_flags;       /* VPF_*; atomic */
    int32_t pause_count;        /* atomic */
    cpumask_t hard_affinity;
    cpumask_t soft_affinity;
    struct vcpu_runstate_info runstate;
};

/* Per-domain part. */
struct sched_domain {
    uint16_t weight;            /* 1..65535, 256 is normal */
    uint16_t cap;               /* percent of one CPU, 0: none */
    int64_t cap_budget;         /* ns left in this period; atomic */
    /*
     * [cpupool_lock to write; readers without it may see one old and one new and must
     * not mind]
     */
    unsigned int pool;                 /* cpupool id */
    const struct sched_policy *policy; /* that pool's; NULL: in no pool yet */
};

void sched_init(void);                       /* boot CPU; creates its idle vCPU */
void sched_init_cpu(unsigned int cpu);       /* before cpu enters the idle loop */
/*
 * d joins that cpupool: -ESRCH no such pool, -ENODEV it has no CPU. Takes LOCK_CPUPOOL,
 * as do destroy (d leaves it, if it joined one) and vcpu_init.
 */
int sched_domain_init(struct domain *d, unsigned int pool);
void sched_domain_destroy(struct domain *d);
/* The CPUs that d's vCPUs can be given now: its pool's. Takes LOCK_CPUPOOL. */
void sched_domain_cpus(const struct domain *d, cpumask_t *cpus);
int sched_vcpu_init(struct vcpu *v);
void sched_vcpu_destroy(struct vcpu *v);

/* v may have become runnable. Any context. */
void vcpu_wake(struct vcpu *v);
/*
 * Take v off its CPU; _sync waits until its state is saved. v is not current for _sync.
 */
void vcpu_sleep_nosync(struct vcpu *v);
void vcpu_sleep_sync(struct vcpu *v);

void vcpu_pause(struct vcpu *v);        /* counted; waits; v is not current */
void vcpu_pause_nosync(struct vcpu *v); /* counted */
void vcpu_unpause(struct vcpu *v);
void domain_pause(struct domain *d);    /* all vCPUs; d is not the caller's */
void domain_pause_nosync(struct domain *d);
void domain_unpause(struct domain *d);

/* For current: give up the CPU at the next softirq point. */
void vcpu_block(void);                  /* unless events are pending */
void vcpu_yield(void);
/* Wake v from VPF_BLOCKED / VPF_POLLING (an event came). */
void vcpu_unblock(struct vcpu *v);

bool vcpu_runnable(const struct vcpu *v);

/* -EINVAL: no CPU of its pool in mask (hard), or no CPU at all (soft). */
int vcpu_set_hard_affinity(struct vcpu *v, const cpumask_t *mask);
int vcpu_set_soft_affinity(struct vcpu *v, const cpumask_t *mask);

/* Runstate with the time in the current state added. */
void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *out);
s_time_t vcpu_cpu_time(struct vcpu *v); /* ns spent running */
s_time_t cpu_idle_time(unsigned int cpu);

/* Scheduler id and name as the toolstack knows them (XEN_SCHEDULER_*). */
unsigned int sched_id(void);
const char *sched_name(void);

struct xen_sysctl_cpupool_op;
struct xen_sysctl_scheduler_op;
struct xen_domctl_scheduler_op;
/* Fills op's output; the caller copies it back. -ERESTART: issue the call again. */
long cpupool_sysctl(struct xen_sysctl_cpupool_op *op);
long sched_sysctl(struct xen_sysctl_scheduler_op *op);
long sched_domctl(struct domain *d, struct xen_domctl_scheduler_op *op);

noreturn void idle_loop(void *unused); /* xen/arch/x86: run by every idle vCPU */

extern struct vcpu *idle_vcpu[NR_CPUS];

#endif
