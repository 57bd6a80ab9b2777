/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two-level ABI (public/xen.h, struct shared_info): a pending and a mask bit for each
 * port, and in each vcpu_info a selector with a bit for every word of them. All of it is
 * memory the guest writes too, so nothing read back is trusted. A guest that changes to
 * the layout with fewer ports when it has more gets its own page mixed up.
 */
#include <xen/shared_info.h>

#include "private.h"

/* The port's word has something new: tell v, if nobody has since it last looked. */
static void select_port(struct vcpu *v, evtchn_port_t port, const struct shared_layout *l)
{
    if (!test_and_set_bit(port / shared_ports_per_bit(l),
                          shared_selector(v->vcpu_info, l)))
        vcpu_mark_events_pending(v);
}

static void set_pending(struct vcpu *v, struct evtchn *chn)
{
    struct domain *d = v->domain;
    const struct shared_layout *l = shared_layout(d);
    evtchn_port_t port = chn->port;

    if (test_and_set_bit(port, d->shared_info->evtchn_pending))
        return;
    if (!test_bit(port, shared_mask(d, l)))
        select_port(v, port, l);
    evtchn_wake_pollers(d, port);
}

static void clear_pending(struct domain *d, struct evtchn *chn)
{
    clear_bit(chn->port, d->shared_info->evtchn_pending);
}

static void unmask(struct domain *d, struct evtchn *chn)
{
    const struct shared_layout *l = shared_layout(d);
    struct vcpu *v = d->vcpu[chn->notify_vcpu];

    if (v && test_and_clear_bit(chn->port, shared_mask(d, l)) &&
        test_bit(chn->port, d->shared_info->evtchn_pending))
        select_port(v, chn->port, l);
}

static bool is_pending(struct domain *d, const struct evtchn *chn)
{
    return chn->pending || test_bit(chn->port, d->shared_info->evtchn_pending);
}

static bool is_masked(struct domain *d, const struct evtchn *chn)
{
    return test_bit(chn->port, shared_mask(d, shared_layout(d)));
}

static bool is_busy(struct domain *d, const struct evtchn *chn)
{
    return false;
}

static unsigned int nr_ports(const struct domain *d)
{
    return shared_ports(shared_layout(d));
}

const struct evtchn_port_ops evtchn_2l_ops = {
    .name = "2-level",
    .nr_ports = nr_ports,
    .set_pending = set_pending,
    .clear_pending = clear_pending,
    .unmask = unmask,
    .is_pending = is_pending,
    .is_masked = is_masked,
    .is_busy = is_busy,
};
