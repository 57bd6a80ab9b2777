/* SPDX-License-Identifier: GPL-2.0-only */
/* Closing one channel, or all of a domain. */
#include <xen/hypercall.h>
#include <asm/current.h>

#include "private.h"

/* [d->evtchn.lock] */
static void forget_virq(struct domain *d, const struct evtchn *chn)
{
    struct vcpu *v;

    for_each_vcpu(d, v)
        if (v->virq_to_evtchn[chn->u.virq] == chn->port)
            write_once(v->virq_to_evtchn[chn->u.virq], 0);
}

/* Anything but an interdomain channel. [d->evtchn.lock] */
static void close_alone(struct domain *d, struct evtchn *chn)
{
    uint64_t flags;

    if (chn->kind == ECS_VIRQ)
        forget_virq(d, chn);
    flags = spin_lock_irqsave(&chn->lock);
    evtchn_release(d, chn);
    spin_unlock_irqrestore(&chn->lock, flags);
}

/* The other side waits for a new partner from now on. [both event locks] */
static void close_connected(struct domain *d, struct evtchn *chn, struct domain *rd)
{
    struct evtchn *rchn = evtchn_from_port(rd, chn->u.interdomain.remote_port);
    uint64_t flags;

    BUG_ON(!rchn || rchn->kind != ECS_INTERDOMAIN ||
           rchn->u.interdomain.remote_dom != d);
    flags = evtchn_lock_pair(chn, rchn);
    evtchn_release(d, chn);
    rchn->kind = ECS_UNBOUND;
    memset(&rchn->u, 0, sizeof(rchn->u));
    rchn->u.unbound.remote_domid = d->domain_id;
    evtchn_unlock_pair(chn, rchn, flags);
}

/* 0, -EINVAL, or -EAGAIN when the partner changed while no lock was held. */
static int close_once(struct domain *d, struct evtchn *chn)
{
    struct domain *rd;
    int rc = 0;

    spin_lock(&d->evtchn.lock);
    if (!evtchn_usable(chn) || (chn->xen_consumer && !d->dying)) {
        spin_unlock(&d->evtchn.lock);
        return -EINVAL;
    }
    if (chn->kind != ECS_INTERDOMAIN) {
        close_alone(d, chn);
        spin_unlock(&d->evtchn.lock);
        return 0;
    }
    /* The partner exists as long as it is connected to us and we hold our lock. */
    rd = chn->u.interdomain.remote_dom;
    domain_get(rd);
    spin_unlock(&d->evtchn.lock);

    event_lock_pair(d, rd);
    if (chn->kind == ECS_INTERDOMAIN && chn->u.interdomain.remote_dom == rd)
        close_connected(d, chn, rd);
    else
        rc = -EAGAIN;
    event_unlock_pair(d, rd);
    domain_put(rd);
    return rc;
}

int evtchn_close(struct domain *d, evtchn_port_t port)
{
    struct evtchn *chn = evtchn_from_port(d, port);
    int rc;

    if (!chn)
        return -EINVAL;
    do
        rc = close_once(d, chn);
    while (rc == -EAGAIN);
    return rc;
}

int evtchn_close_range(struct domain *d)
{
    struct evtchn_domain *e = &d->evtchn;
    unsigned int port = MAX(e->close_next, 1U);

    for (; port < read_once(e->valid_ports); port++) {
        evtchn_close(d, port);
        if (port % EVTCHNS_PER_BUCKET == 0 && hypercall_preempt_check()) {
            e->close_next = port + 1;
            return -ERESTART;
        }
    }
    e->close_next = 0;
    return 0;
}

/*
 * EVTCHNOP_reset. Nothing else may use d's channels: it is the caller, who knows, or it
 * is paused by the toolstack.
 */
int evtchn_reset(struct domain *d, bool resuming)
{
    struct evtchn_domain *e = &d->evtchn;
    int rc;

    if (d != current->domain && !d->controller_pause_count)
        return -EINVAL;
    spin_lock(&e->lock);
    rc = d->dying ? -ESRCH : e->resetting != resuming ? (resuming ? -EINVAL : -EBUSY) : 0;
    if (!rc)
        e->resetting = true;
    spin_unlock(&e->lock);
    if (rc)
        return rc;

    rc = evtchn_close_range(d);
    if (rc)
        return rc;
    spin_lock(&e->lock);
    e->resetting = false;
    if (e->fifo && !e->active)
        evtchn_fifo_destroy(d);
    spin_unlock(&e->lock);
    return 0;
}
