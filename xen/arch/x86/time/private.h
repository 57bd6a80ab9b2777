/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of this directory. */
#ifndef TIME_PRIVATE_H
#define TIME_PRIVATE_H

#include <xen/time.h>
#include <xen/time_scale.h>

/* --- platform.c: the machine's own counters ----------------------------------------- */

struct platform_timer {
    const char *name;   /* as clocksource= has it */
    uint64_t hz;
    uint64_t mask;      /* of the counter's valid bits */
    uint64_t (*read)(void);
};

/* Choose one that keeps time beside the TSC: NULL when there is none. */
const struct platform_timer *platform_timer_find(void);
/* Start counting from 0 now. */
void platform_clock_start(const struct platform_timer *pt);
bool platform_clock_running(void);
/*
 * Its ns since the start. Must be called at least twice in a wrap (seconds). Any context.
 */
s_time_t platform_clock_ns(void);
const char *platform_clock_name(void);

/* TSC ticks a second, measured against pt, or against the PIT when pt is NULL. */
uint64_t platform_measure_tsc(const struct platform_timer *pt);

/* --- tsc.c: system time on each CPU ------------------------------------------------- */

/* System time was stime when this CPU's TSC was tsc. */
struct cpu_clock {
    uint64_t tsc;
    s_time_t stime;
    struct time_scale scale;
    uint64_t last_tsc;      /* at the last look at the platform's clock */
    s_time_t last_platform;
};

/* Of the calling CPU; changes in softirqs only. */
struct cpu_clock *cpu_clock(void);

/* --- wallclock.c -------------------------------------------------------------------- */
void wallclock_init(void);

#endif
