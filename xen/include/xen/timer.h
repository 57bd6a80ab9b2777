/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timers: a function called once at (or shortly after) a system time, in softirq context
 * of the timer's CPU, interrupts on, no lock held.
 */
#ifndef XEN_TIMER_H
#define XEN_TIMER_H

#include <xen/time.h>

enum timer_status { TIMER_IDLE, TIMER_QUEUED, TIMER_KILLED };

struct timer {
    s_time_t expires;        /* [queue lock] */
    void (*fn)(void *data);
    void *data;
    struct timer *child, *prev, *next; /* place in the queue's heap [queue lock] */
    unsigned int cpu;        /* CPU whose queue it is on [that queue's lock] */
    uint8_t status;          /* enum timer_status [queue lock] */
};

/* Boot CPU, once; then each CPU before it takes interrupts. */
void timer_subsys_init(void);
void timer_cpu_init(unsigned int cpu);

/* Make t usable, inactive, on cpu. */
void timer_init(struct timer *t, void (*fn)(void *), void *data, unsigned int cpu);
/* (Re)arm: replaces an earlier deadline. Any context, also with interrupts off. */
void timer_set(struct timer *t, s_time_t expires);
/* Disarm; the function may still be running on its CPU. */
void timer_stop(struct timer *t);
/* Disarm for good and wait until the function is not running. Not from the function. */
void timer_kill(struct timer *t);
/* Move to another CPU, armed or not. */
void timer_migrate(struct timer *t, unsigned int cpu);
bool timer_active(const struct timer *t);

/* A timer may fire this much late so that deadlines coalesce. */
#define TIMER_SLOP MICROSECS(50)

/* Raise SOFTIRQ_TIMER on this CPU at that time or before, whatever timers there are. */
void timer_interrupt_by(s_time_t when);

void timer_dump(void); /* debug key 'a' */

/*
 * Provided by the architecture: raise SOFTIRQ_TIMER on this CPU at system time when
 * (STIME_MAX: never); replaces the deadline before. False: when is already past.
 * Interrupts are off.
 */
bool arch_timer_program(s_time_t when);

#endif
