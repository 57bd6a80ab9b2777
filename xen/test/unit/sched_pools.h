/* SPDX-License-Identifier: GPL-2.0-only */
/* The control interface of CPU pools as the tests of the scheduler call it. */
#ifndef SCHED_POOLS_H
#define SCHED_POOLS_H

#include <public/sysctl.h>

#include "sched_world.h"

#define ANY     CPUPOOL_NONE
#define CREDIT2 XEN_SCHEDULER_CREDIT2
#define NULL_   XEN_SCHEDULER_NULL

extern struct xen_sysctl_cpupool_op last; /* as the last call left it */

/* XEN_SYSCTL_cpupool_op on CPU 0; the others are short for it. */
long op_on(uint32_t op, uint32_t pool, uint32_t sched, uint32_t dom, uint32_t cpu);
long create(uint32_t pool, uint32_t sched);
long destroy(uint32_t pool);
long add(uint32_t pool, uint32_t cpu);
long rm(uint32_t pool, uint32_t cpu);
/* The same with the other CPUs going on, so that who runs there can leave. */
long rm_wait(uint32_t pool, uint32_t cpu);
long move(struct domain *d, uint32_t pool);
/* INFO of that id gives these. */
void expect_info(uint32_t ask, uint32_t pool, uint32_t n_dom, unsigned long cpus);
void expect_free(unsigned long cpus);
/* A pool with these CPUs, taken from pool 0. */
uint32_t pool_of(uint32_t sched, unsigned long cpus);
/* Each vCPU is where its domain may be, and runs if it can. */
void expect_at_home(void);
/* XEN_DOMCTL_scheduler_op with weight and cap. */
long params(struct domain *d, uint32_t sched, uint32_t cmd, uint16_t w, uint16_t c);

#endif
