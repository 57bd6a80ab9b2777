/* SPDX-License-Identifier: GPL-2.0-only */
/* Do two CPUs' TSCs agree? Both read theirs in turn and look whether one goes back. */
#include <xen/compiler.h>
#include <xen/init.h>
#include <xen/spinlock.h>
#include <asm/cpu.h>
#include <asm/time.h>

#include "private.h"

#define ROUNDS 2000

static DEFINE_SPINLOCK(warp_lock, LOCK_NONE);
static uint64_t last_seen, max_warp; /* [warp_lock] */
static unsigned int arrived, left;   /* atomic */

/* Wait until both are here: a few ms for the other's start is normal. */
static void meet(unsigned int *count)
{
    uint64_t give_up = rdtsc() + ns_to_tsc(MILLISECS(100));

    __atomic_fetch_add(count, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(count, __ATOMIC_SEQ_CST) < 2 && rdtsc() < give_up)
        cpu_relax();
}

uint64_t tsc_measure_warp(void)
{
    unsigned int i;

    meet(&arrived);
    for (i = 0; i < ROUNDS; i++) {
        uint64_t now, back;

        spin_lock(&warp_lock);
        now = rdtsc_ordered();
        back = now < last_seen ? last_seen - now : 0;
        max_warp = MAX(max_warp, back);
        last_seen = now;
        spin_unlock(&warp_lock);
    }
    meet(&left);
    return read_once(max_warp);
}

void tsc_warp_reset(void)
{
    last_seen = max_warp = 0;
    arrived = left = 0;
}
