/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The APIC timer: one-shot, periodic, TSC deadline (APM vol. 2, 16.4.1). The count is
 * never stored: it follows from when it started.
 */
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/percpu.h>
#include <asm/hvm.h>
#include <asm/vlapic.h>

/* A guest's shortest period; what it loses below are interrupts it could not handle. */
#define MIN_PERIOD MICROSECS(100)

enum timer_mode { TIMER_ONE_SHOT, TIMER_PERIODIC, TIMER_DEADLINE, TIMER_RESERVED };

static enum timer_mode mode_of(const struct vlapic *vl)
{
    return vlapic_reg(vl, VL_LVTT) >> 17 & 3;
}

static uint64_t tick_ns(const struct vlapic *vl)
{
    uint32_t tdcr = vlapic_reg(vl, VL_TDCR);
    unsigned int code = (tdcr & 3) | (tdcr & 8) >> 1;

    return (uint64_t)VLAPIC_TICK_NS << ((code + 1) & 7);
}

/* Nanoseconds for the whole count; 0: stopped. At most 2^32 * 1280. */
static s_time_t period_of(const struct vlapic *vl)
{
    return (s_time_t)(vlapic_reg(vl, VL_TMICT) * tick_ns(vl));
}

uint32_t vlapic_timer_count(struct vlapic *vl)
{
    uint32_t initial = vlapic_reg(vl, VL_TMICT);
    uint64_t gone;

    if (initial == 0 || mode_of(vl) >= TIMER_DEADLINE)
        return 0;
    gone = (uint64_t)(NOW() - vl->timer_start) / tick_ns(vl);
    if (mode_of(vl) == TIMER_PERIODIC)
        return initial - (uint32_t)(gone % initial);
    return gone >= initial ? 0 : initial - (uint32_t)gone;
}

/* System time of a guest TSC value; a deadline in the past is due now. */
static s_time_t deadline_time(const struct vlapic *vl)
{
    uint64_t guest_now = rdtsc() + (uint64_t)vl->vcpu->arch.hvm.tsc_offset;
    uint64_t ahead = vl->tsc_deadline - guest_now;

    if (vl->tsc_deadline <= guest_now)
        return NOW();
    return ahead >> 56 ? STIME_MAX : NOW() + (s_time_t)tsc_to_ns(ahead);
}

void vlapic_timer_rearm(struct vlapic *vl)
{
    s_time_t period = period_of(vl), now = NOW();
    s_time_t when = STIME_MAX;

    if (!(vlapic_reg(vl, VL_LVTT) & VL_LVT_MASKED)) {
        if (mode_of(vl) == TIMER_DEADLINE && vl->tsc_deadline)
            when = deadline_time(vl);
        else if (mode_of(vl) == TIMER_ONE_SHOT && period && !vl->timer_done)
            when = vl->timer_start + period;
        else if (mode_of(vl) == TIMER_PERIODIC && period)
            when = MAX(vl->timer_start + ((now - vl->timer_start) / period + 1) * period,
                       now + (period < MIN_PERIOD ? MIN_PERIOD : 0));
    }
    if (when == STIME_MAX)
        timer_stop(&vl->timer);
    else
        timer_set(&vl->timer, when);
}

/* Softirq context. A stop or a new count may have come between expiry and here. */
static void timer_fired(void *data)
{
    struct vlapic *vl = data;
    uint64_t flags = spin_lock_irqsave(&vl->lock);
    s_time_t now = NOW(), period = period_of(vl);
    bool due = false;

    switch (mode_of(vl)) {
    case TIMER_ONE_SHOT:
        due = period && !vl->timer_done && now >= vl->timer_start + period;
        vl->timer_done |= due;
        break;
    case TIMER_PERIODIC:
        due = period != 0;
        break;
    case TIMER_DEADLINE:
        due = vl->tsc_deadline && deadline_time(vl) <= now + TIMER_SLOP;
        if (due)
            vl->tsc_deadline = 0;
        break;
    default:
        break;
    }
    due = due && !(vlapic_reg(vl, VL_LVTT) & VL_LVT_MASKED);
    vlapic_timer_rearm(vl);
    spin_unlock_irqrestore(&vl->lock, flags);
    if (due)
        vlapic_fire_lvt(vl, VL_LVTT);
}

void vlapic_timer_init(struct vlapic *vl)
{
    timer_init(&vl->timer, timer_fired, vl, vl->vcpu->processor);
}
