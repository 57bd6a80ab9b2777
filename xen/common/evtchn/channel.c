/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Channel storage. Buckets of channels are added as ports are handed out and stay where
 * they are until the domain is freed, so a port can be looked up without a lock.
 */
#include <asm/nospec.h>

#include "private.h"

struct evtchn *evtchn_from_port(struct domain *d, evtchn_port_t port)
{
    const struct evtchn_domain *e = &d->evtchn;
    unsigned int valid = read_once(e->valid_ports);

    if (port >= valid)
        return NULL;
    smp_rmb();
    port = (evtchn_port_t)array_index_nospec(port, valid);
    return &e->bucket[port / EVTCHNS_PER_BUCKET][port % EVTCHNS_PER_BUCKET];
}

unsigned int evtchn_max_ports(const struct domain *d)
{
    return MIN(d->evtchn.max_port + 1, d->evtchn.ops->nr_ports(d));
}

static int add_bucket(struct domain *d)
{
    struct evtchn_domain *e = &d->evtchn;
    struct evtchn *b = charge_alloc_array(&d->charge, CHARGE_EVTCHN, EVTCHNS_PER_BUCKET,
                                          sizeof(*b));

    if (!b)
        return -ENOMEM;
    for (unsigned int i = 0; i < EVTCHNS_PER_BUCKET; i++) {
        spin_lock_init(&b[i].lock, LOCK_EVTCHN, "event channel");
        b[i].port = e->valid_ports + i;
        b[i].priority = b[i].last_priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
    }
    e->bucket[e->valid_ports / EVTCHNS_PER_BUCKET] = b;
    smp_wmb();
    write_once(e->valid_ports, e->valid_ports + EVTCHNS_PER_BUCKET);
    return 0;
}

/* The lowest free port: guests and toolstacks expect small numbers. */
struct evtchn *evtchn_get_free(struct domain *d)
{
    struct evtchn_domain *e = &d->evtchn;
    unsigned int port, limit = evtchn_max_ports(d);
    bool first = true;
    int rc;

    ASSERT_LOCKED(&e->lock);
    if (d->dying)
        return ERR_PTR(-EINVAL);
    for (port = e->free_hint; port < limit; port++) {
        struct evtchn *chn;

        if (port >= e->valid_ports) {
            rc = add_bucket(d);
            if (rc)
                return ERR_PTR(rc);
        }
        chn = evtchn_from_port(d, port);
        if (chn->kind != ECS_FREE)
            continue;
        if (first)
            e->free_hint = port;
        first = false;
        if (!e->ops->is_busy(d, chn))
            return chn;
    }
    return ERR_PTR(-ENOSPC);
}

void evtchn_taken(struct domain *d, struct evtchn *chn, enum evtchn_kind kind)
{
    ASSERT_LOCKED(&d->evtchn.lock);
    if (chn->kind == ECS_FREE)
        d->evtchn.active++;
    chn->kind = kind;
}

void evtchn_release(struct domain *d, struct evtchn *chn)
{
    struct evtchn_domain *e = &d->evtchn;

    ASSERT_LOCKED(&e->lock);
    e->ops->clear_pending(d, chn);
    chn->pending = false;
    chn->kind = ECS_FREE;
    chn->notify_vcpu = 0;
    chn->xen_consumer = false;
    chn->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
    memset(&chn->u, 0, sizeof(chn->u));
    e->active--;
    e->free_hint = MIN(e->free_hint, chn->port);
}

uint64_t evtchn_lock_pair(struct evtchn *a, struct evtchn *b)
{
    struct evtchn *first = a < b ? a : b, *second = a < b ? b : a;
    uint64_t flags = spin_lock_irqsave(&first->lock);

    if (second != first)
        spin_lock_second(&second->lock);
    return flags;
}

void evtchn_unlock_pair(struct evtchn *a, struct evtchn *b, uint64_t flags)
{
    if (a != b)
        spin_unlock(a < b ? &b->lock : &a->lock);
    spin_unlock_irqrestore(a < b ? &a->lock : &b->lock, flags);
}

void event_lock_pair(struct domain *a, struct domain *b)
{
    spin_lock(a < b ? &a->evtchn.lock : &b->evtchn.lock);
    if (a != b)
        spin_lock_second(a < b ? &b->evtchn.lock : &a->evtchn.lock);
}

void event_unlock_pair(struct domain *a, struct domain *b)
{
    if (a != b)
        spin_unlock(a < b ? &b->evtchn.lock : &a->evtchn.lock);
    spin_unlock(a < b ? &a->evtchn.lock : &b->evtchn.lock);
}

int evtchn_domain_init(struct domain *d, unsigned int max_port)
{
    struct evtchn_domain *e = &d->evtchn;
    struct evtchn *none;

    spin_lock_init(&e->lock, LOCK_EVENT, "events");
    e->ops = &evtchn_2l_ops;
    e->max_port = MIN(max_port, (unsigned int)EVTCHN_FIFO_NR_CHANNELS - 1);
    e->bucket = charge_alloc_array(&d->charge, CHARGE_EVTCHN,
                                   e->max_port / EVTCHNS_PER_BUCKET + 1,
                                   sizeof(e->bucket[0]));
    e->poll_mask = charge_alloc_array(&d->charge, CHARGE_EVTCHN,
                                      BITS_TO_LONGS(MAX_VIRT_CPUS), sizeof(long));
    if (!e->bucket || !e->poll_mask || add_bucket(d)) {
        evtchn_domain_destroy(d);
        return -ENOMEM;
    }
    /* Port 0 is "none" everywhere in the ABI. */
    none = evtchn_from_port(d, 0);
    none->kind = ECS_RESERVED;
    e->free_hint = 1;
    return 0;
}

int evtchn_domain_close_all(struct domain *d)
{
    struct evtchn_domain *e = &d->evtchn;
    int rc;

    ASSERT(d->dying);
    evtchn_forget_handler(d);
    /* A reset that was under way has left ports behind it that may be in use again. */
    spin_lock(&e->lock);
    if (e->resetting)
        e->close_next = 0;
    e->resetting = false;
    spin_unlock(&e->lock);
    rc = evtchn_close_range(d);
    if (rc)
        return rc;
    spin_lock(&e->lock);
    evtchn_fifo_destroy(d);
    spin_unlock(&e->lock);
    return 0;
}

void evtchn_domain_destroy(struct domain *d)
{
    struct evtchn_domain *e = &d->evtchn;

    if (e->bucket)
        for (unsigned int i = 0; i < e->valid_ports / EVTCHNS_PER_BUCKET; i++)
            charge_free(e->bucket[i]);
    charge_free(e->bucket);
    charge_free(e->poll_mask);
    e->bucket = NULL;
    e->poll_mask = NULL;
    e->valid_ports = 0;
}

int evtchn_vcpu_init(struct vcpu *v)
{
    return v->domain->evtchn.fifo ? evtchn_fifo_vcpu_init(v) : 0;
}

void evtchn_vcpu_destroy(struct vcpu *v)
{
    charge_free(v->evtchn_fifo);
    v->evtchn_fifo = NULL;
}
