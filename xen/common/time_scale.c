/* SPDX-License-Identifier: GPL-2.0-only */
#include <xen/compiler.h>
#include <xen/time_scale.h>

struct time_scale time_scale_ratio(uint64_t ns, uint64_t ticks)
{
    unsigned __int128 num = (unsigned __int128)ns << 32;
    struct time_scale s = {.shift = 0};

    /* A multiplier with its highest bit set is the most exact one. */
    while (num / ticks > UINT32_MAX) {
        num >>= 1;
        s.shift++;
    }
    while (num / ticks <= UINT32_MAX / 2 && s.shift > -31) {
        num <<= 1;
        s.shift--;
    }
    s.mul = (uint32_t)(num / ticks);
    return s;
}

struct time_scale time_scale_steer(uint64_t ns, uint64_t ticks, s_time_t real,
                                   s_time_t local)
{
    int64_t limit = (int64_t)(ns / 2);
    int64_t error = real - local;

    error = MIN(MAX(error, -limit), limit);
    return time_scale_ratio((uint64_t)((int64_t)ns + error), ticks);
}
