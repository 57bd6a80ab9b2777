/* SPDX-License-Identifier: GPL-2.0-only */
/* Token bucket: burst events at once, then one every interval. */
#ifndef XEN_RATELIMIT_H
#define XEN_RATELIMIT_H

#include <xen/types.h>

struct ratelimit {
    unsigned int burst;
    s_time_t interval;   /* ns for one token */
    unsigned int tokens; /* [caller's lock] */
    s_time_t last;       /* [caller's lock] when a token was last added */
    unsigned int lost;   /* [caller's lock] refused since the last one that passed */
};

#define RATELIMIT(b, ns) {.burst = (b), .interval = (ns), .tokens = (b)}

/* Of all rate-limited printk lines. */
extern struct ratelimit printk_ratelimit;

/* Whether one more may pass now; *lost: how many did not since the last that did. */
bool ratelimit_pass(struct ratelimit *r, unsigned int *lost);

#endif
