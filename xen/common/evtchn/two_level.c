/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two-level ABI (public/xen.h, struct shared_info): a pending and a mask bit for each
 * port, and in each vcpu_info a selector with a bit for every word of them. All of it is
 * memory the guest writes too, so nothing read back is trusted.
 */
#include "private.h"

#define PORTS_PER_WORD (8 * sizeof(xen_ulong_t))

static void set_pending(struct vcpu *v, struct evtchn *chn)
{
    struct domain *d = v->domain;
    struct shared_info *s = d->shared_info;
    evtchn_port_t port = chn->port;

    if (test_and_set_bit(port, s->evtchn_pending))
        return;
    if (!test_bit(port, s->evtchn_mask) &&
        !test_and_set_bit(port / PORTS_PER_WORD, &v->vcpu_info->evtchn_pending_sel))
        vcpu_mark_events_pending(v);
    evtchn_wake_pollers(d, port);
}

static void clear_pending(struct domain *d, struct evtchn *chn)
{
    clear_bit(chn->port, d->shared_info->evtchn_pending);
}

static void unmask(struct domain *d, struct evtchn *chn)
{
    struct shared_info *s = d->shared_info;
    struct vcpu *v = d->vcpu[chn->notify_vcpu];

    if (v && test_and_clear_bit(chn->port, s->evtchn_mask) &&
        test_bit(chn->port, s->evtchn_pending) &&
        !test_and_set_bit(chn->port / PORTS_PER_WORD, &v->vcpu_info->evtchn_pending_sel))
        vcpu_mark_events_pending(v);
}

static bool is_pending(struct domain *d, const struct evtchn *chn)
{
    return chn->pending || test_bit(chn->port, d->shared_info->evtchn_pending);
}

static bool is_masked(struct domain *d, const struct evtchn *chn)
{
    return test_bit(chn->port, d->shared_info->evtchn_mask);
}

static bool is_busy(struct domain *d, const struct evtchn *chn)
{
    return false;
}

const struct evtchn_port_ops evtchn_2l_ops = {
    .name = "2-level",
    .nr_ports = EVTCHN_2L_NR_CHANNELS,
    .set_pending = set_pending,
    .clear_pending = clear_pending,
    .unmask = unmask,
    .is_pending = is_pending,
    .is_masked = is_masked,
    .is_busy = is_busy,
};
