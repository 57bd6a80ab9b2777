/* SPDX-License-Identifier: GPL-2.0-only */
/* Counter ticks to nanoseconds, in the form that vcpu_time_info gives to guests. */
#ifndef XEN_TIME_SCALE_H
#define XEN_TIME_SCALE_H

#include <xen/types.h>

/* ns = (ticks shifted left by shift, right when negative) * mul / 2^32 */
struct time_scale {
    uint32_t mul;
    int8_t shift;
};

static inline uint64_t time_scale_apply(struct time_scale s, uint64_t ticks)
{
    if (s.shift < 0)
        ticks >>= -s.shift;
    else
        ticks <<= s.shift;
    return (uint64_t)(((unsigned __int128)ticks * s.mul) >> 32);
}

/* The scale by which ticks take ns nanoseconds. Both are positive. */
struct time_scale time_scale_ratio(uint64_t ns, uint64_t ticks);

/* A counter of hz ticks a second. */
static inline struct time_scale time_scale_hz(uint64_t hz)
{
    return time_scale_ratio(1000000000, hz);
}

/*
 * A clock showed local at a time when it should have shown real, and ran at ns per ticks
 * since the last look. The scale that brings it right within about another ns; the rate
 * is changed by half at most, so the clock neither stops nor goes back.
 */
struct time_scale time_scale_steer(uint64_t ns, uint64_t ticks, s_time_t real,
                                   s_time_t local);

#endif
