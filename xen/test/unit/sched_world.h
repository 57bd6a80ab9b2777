/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler on simulated CPUs: the clock is ours, a "switch" only changes who is
 * current. Broken shares show as wrong ratios, a lost wake-up as a vCPU that does not
 * run.
 */
#ifndef SCHED_WORLD_H
#define SCHED_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <xen/ctl.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/percpu.h>
#include <xen/smp.h>

#include "../../common/sched/private.h"

/* A test of more CPUs says so in its .mk. */
#ifndef CPUS
#define CPUS 4
#endif

extern s_time_t clock_now;
extern struct vcpu *on_cpu[CPUS];
extern struct domain *domains[8];
extern unsigned int nr_domains;
extern bool event_pending;
/* The so-manieth question from now whether to preempt is answered yes; 0: none is. */
extern unsigned int world_preempt;
extern bool world_no_memory;
extern unsigned int world_freed;   /* objects given back */
extern cpumask_t world_bitmap;     /* the last one that went to the caller */

/* All of a test's objects; forget(), a test's teardown, frees them. */
void *object(size_t size);
int forget(void **state);

/* A machine with so many CPUs, all in pool 0. */
void boot(unsigned int cpus);
/* Code between the two runs as that CPU's. */
void enter(unsigned int cpu);
void leave(unsigned int cpu);
void softirqs(unsigned int cpu);
/* Run all CPUs for ns of time in steps of so many ns; of 50 us. */
void run_in_steps(s_time_t ns, s_time_t step);
void run_for(s_time_t ns);

struct domain *domain_in(unsigned int pool, unsigned int vcpus);
struct domain *domain(unsigned int vcpus, unsigned int weight, unsigned int cap);
void set_cap(struct domain *d, unsigned int cap);
void start(struct domain *d);
s_time_t used(struct domain *d); /* ns that its vCPUs have run */
s_time_t used_in(struct domain *d, s_time_t ns); /* of the next so many, which pass */

/* boot(); so many that always want to run; and that one more. All have weight 256. */
struct vcpu *one_among(unsigned int cpus, unsigned int hogs);
/* Time passes until v runs: how much. */
s_time_t until_runs(const struct vcpu *v);
/* v, which runs, blocks, if it still does; it wakes. */
bool block(struct vcpu *v);
void wake(struct vcpu *v);

#endif
