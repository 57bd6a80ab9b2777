/* SPDX-License-Identifier: GPL-2.0-only */
/* Time keeping on this machine: boot steps and what starting a CPU needs. */
#ifndef ASM_TIME_H
#define ASM_TIME_H

#include <xen/types.h>

struct cpu_clock;

/* Boot: measure the TSC, choose a platform clock, read the wall clock. 0 or -ENODEV. */
int time_init(void);
/* Boot, all CPUs online: keep their clocks in step from now on. */
void time_start_sync(void);

/* The calling CPU's clock; to be handed to time_cpu_init() of a CPU that it starts. */
struct cpu_clock *cpu_clock(void);
void time_cpu_init(const struct cpu_clock *boot_cpu);
/* TSCs were seen to differ between CPUs. */
void time_tsc_unreliable(void);

extern bool tsc_reliable;

/*
 * Largest step back, in ticks, that either of two CPUs sees between their TSCs. Both call
 * it at about the same time.
 */
uint64_t tsc_measure_warp(void);
void tsc_warp_reset(void); /* before the next pair */

/* For sysctl and logs. */
const char *platform_clock_name(void);

#endif
