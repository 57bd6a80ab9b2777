/* SPDX-License-Identifier: GPL-2.0-only */
/* System time: nanoseconds since boot, the same on all CPUs, never going back. */
#ifndef XEN_TIME_H
#define XEN_TIME_H

#include <xen/types.h>

struct domain;
struct vcpu;

#define SECONDS(n)  ((s_time_t)(n) * 1000000000)
#define MILLISECS(n) ((s_time_t)(n) * 1000000)
#define MICROSECS(n) ((s_time_t)(n) * 1000)

s_time_t get_s_time(void);
#define NOW() get_s_time()
#define STIME_MAX INT64_MAX

extern uint32_t cpu_khz; /* TSC frequency */

uint64_t tsc_to_ns(uint64_t ticks);
uint64_t ns_to_tsc(uint64_t ns);
/* System time at a (host) TSC value of this CPU. */
s_time_t stime_of_tsc(uint64_t tsc);

/* Busy wait; usable from the moment time_init() has run. */
void udelay(unsigned int usecs);
void mdelay(unsigned int msecs);

/*
 * Wall clock: seconds and nanoseconds since 1970 at system time 0 (from CMOS, settime).
 */
void wallclock_get(uint64_t *secs, uint32_t *nsecs);
void wallclock_set(uint64_t secs, uint32_t nsecs, s_time_t at);

/* Refresh the time fields of v's vcpu_info (version protocol) / d's shared info. */
void update_vcpu_time(struct vcpu *v);
void update_domain_wallclock(struct domain *d);

#endif
