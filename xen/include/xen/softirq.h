/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Softirqs: work raised anywhere and run on a CPU at its next safe point (before a guest
 * is entered, in the idle loop, or where process_pending_softirqs() is called), with
 * interrupts on and no lock held.
 */
#ifndef XEN_SOFTIRQ_H
#define XEN_SOFTIRQ_H

#include <xen/cpumask.h>
#include <xen/list.h>
#include <xen/time.h>

enum softirq {
    SOFTIRQ_TIMER,
    SOFTIRQ_SCHEDULE,    /* may switch to another vCPU's stack: run last */
    SOFTIRQ_TASKLET,
    SOFTIRQ_TIME_SYNC,
    SOFTIRQ_IOMMU,
    SOFTIRQ_HVM_IRQ,     /* host interrupts bound to HVM guests */
    SOFTIRQ_COUNT
};

void softirq_register(enum softirq nr, void (*fn)(void));
void softirq_raise(enum softirq nr);                       /* this CPU */
void softirq_raise_cpu(unsigned int cpu, enum softirq nr); /* with an IPI when remote */
void softirq_raise_mask(const cpumask_t *mask, enum softirq nr);
bool softirq_pending(void);                                /* on this CPU */

/*
 * Run all pending ones, the scheduler's included, and what they raise. May return on
 * another CPU. False: some are raised again and again, and pending still.
 */
bool do_softirq(void);
/* Run pending ones but the scheduler's: for long loops at boot and in debug dumps. */
void process_pending_softirqs(void);
/*
 * Where do_softirq() found no end, the guest gets its turn all the same: this CPU's count
 * as not pending until the next softirq, which comes in SOFTIRQ_PAUSE at the latest.
 */
void softirq_put_off(void);

#define SOFTIRQ_PAUSE MICROSECS(100)

/*
 * A deferred call, run once per schedule in softirq context; never on two CPUs at once.
 * The function may free the tasklet.
 */
struct tasklet {
    struct list list;     /* [LOCK_TASKLET] */
    void (*fn)(void *);
    void *data;
    bool queued;          /* [LOCK_TASKLET] */
};

/* Boot CPU, once; then for each CPU before it takes interrupts. */
void tasklet_subsys_init(void);
void tasklet_cpu_init(unsigned int cpu);
void softirq_cpu_init(unsigned int cpu);

void tasklet_init(struct tasklet *t, void (*fn)(void *), void *data);
void tasklet_schedule(struct tasklet *t);                /* this CPU */
/* Unqueue, and wait until it runs nowhere. Not from its function; softirqs may run. */
void tasklet_kill(struct tasklet *t);

/* Call fn(arg) on every CPU of mask, interrupts off there; waits for all to finish. */
void on_cpus(const cpumask_t *mask, void (*fn)(void *), void *arg);

#endif
