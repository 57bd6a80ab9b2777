/* SPDX-License-Identifier: GPL-2.0-only */
#include <xen/ratelimit.h>
#include <xen/time.h>

struct ratelimit printk_ratelimit = RATELIMIT(20, 250000000);

bool ratelimit_pass(struct ratelimit *r, unsigned int *lost)
{
    /* Until time runs there are no guests, and the burst is all there is. */
    s_time_t now = cpu_khz ? NOW() : 0;
    uint64_t earned = (uint64_t)(now - r->last) / (uint64_t)r->interval;

    if (now > r->last && earned) {
        r->tokens =
            earned >= r->burst - r->tokens ? r->burst : r->tokens + (unsigned int)earned;
        r->last = now;
    }
    if (!r->tokens) {
        r->lost++;
        return false;
    }
    r->tokens--;
    *lost = r->lost;
    r->lost = 0;
    return true;
}
