/* SPDX-License-Identifier: GPL-2.0-only */
/* Raising events: by guests, and by the hypervisor for virtual interrupts. */
#include <xen/init.h>
#include <asm/current.h>

#include "private.h"

/* Host-wide virtual interrupts go to the domain noted here, else to domain 0. */
static DEFINE_SPINLOCK(handler_lock, LOCK_VIRQ);
static struct domain *handler[NR_VIRQS]; /* referenced [handler_lock] */

void vcpu_mark_events_pending(struct vcpu *v)
{
    if (__atomic_exchange_n(&v->vcpu_info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST))
        return;
    arch_evtchn_inject(v);
}

/* Hardware assisted guests block upcalls with their interrupt flag, not with the mask. */
bool evtchn_upcall_wanted(const struct vcpu *v)
{
    return read_once(v->vcpu_info->evtchn_upcall_pending);
}

void evtchn_wake_pollers(struct domain *d, evtchn_port_t port)
{
    unsigned int id;

    /* The port was set pending before this looks (an atomic operation did it). */
    for (id = find_first_bit(d->evtchn.poll_mask, MAX_VIRT_CPUS); id < d->max_vcpus;
         id = find_next_bit(d->evtchn.poll_mask, MAX_VIRT_CPUS, id + 1)) {
        struct vcpu *v = d->vcpu[id];
        evtchn_port_t only = read_once(v->poll_evtchn);

        if (!only || only == port)
            vcpu_unblock(v);
    }
}

void evtchn_set_pending(struct domain *d, struct evtchn *chn)
{
    struct vcpu *v = read_once(d->vcpu[chn->notify_vcpu]);

    ASSERT_LOCKED(&chn->lock);
    if (v)
        d->evtchn.ops->set_pending(v, chn);
    else
        chn->pending = true;
}

void evtchn_raise_waiting(struct domain *d, unsigned int from, unsigned int to)
{
    uint64_t flags;

    ASSERT_LOCKED(&d->evtchn.lock);
    for (unsigned int port = from; port < MIN(to, d->evtchn.valid_ports); port++) {
        struct evtchn *chn = evtchn_from_port(d, port);

        flags = spin_lock_irqsave(&chn->lock);
        if (evtchn_usable(chn) && chn->pending) {
            chn->pending = false;
            evtchn_set_pending(d, chn);
        }
        spin_unlock_irqrestore(&chn->lock, flags);
    }
}

void evtchn_vcpus_made(struct domain *d)
{
    spin_lock(&d->evtchn.lock);
    evtchn_raise_waiting(d, 1, d->evtchn.valid_ports);
    spin_unlock(&d->evtchn.lock);
}

/*
 * chn is locked and connected; lock its partner too. False: that would be against the
 * address order and the partner is taken, so nothing is locked and the caller starts
 * again.
 */
static bool lock_partner(struct evtchn *chn, struct evtchn *partner, uint64_t flags)
{
    if (partner > chn) {
        spin_lock_second(&partner->lock);
        return true;
    }
    if (spin_trylock(&partner->lock))
        return true;
    spin_unlock_irqrestore(&chn->lock, flags);
    cpu_relax();
    return false;
}

/* 0, -EINVAL, or -EAGAIN. */
static int send_once(struct domain *d, struct evtchn *chn)
{
    uint64_t flags = spin_lock_irqsave(&chn->lock);
    struct domain *rd;
    struct evtchn *partner;
    int rc = 0;

    switch (chn->xen_consumer ? ECS_FREE : chn->kind) {
    case ECS_INTERDOMAIN:
        /* Neither it nor its domain can go while our end is locked. */
        rd = chn->u.interdomain.remote_dom;
        partner = evtchn_from_port(rd, chn->u.interdomain.remote_port);
        if (!lock_partner(chn, partner, flags))
            return -EAGAIN;
        evtchn_set_pending(rd, partner);
        spin_unlock(&partner->lock);
        break;
    case ECS_IPI:
        evtchn_set_pending(d, chn);
        break;
    case ECS_UNBOUND:
        break; /* nobody there: lost, and the one who binds looks once anyhow */
    default:
        rc = -EINVAL;
    }
    spin_unlock_irqrestore(&chn->lock, flags);
    return rc;
}

int evtchn_send(struct domain *d, evtchn_port_t port)
{
    struct evtchn *chn = evtchn_from_port(d, port);
    int rc;

    if (!chn)
        return -EINVAL;
    do
        rc = send_once(d, chn);
    while (rc == -EAGAIN);
    return rc;
}

/* --- virtual interrupts ------------------------------------------------------------ */

static void raise_virq(struct vcpu *v, uint32_t virq)
{
    struct domain *d = v->domain;
    evtchn_port_t port = read_once(v->virq_to_evtchn[virq]);
    struct evtchn *chn = port ? evtchn_from_port(d, port) : NULL;
    uint64_t flags;

    if (!chn)
        return;
    flags = spin_lock_irqsave(&chn->lock);
    /* It may have been closed and reused since the port was read. */
    if (chn->kind == ECS_VIRQ && chn->u.virq == virq)
        evtchn_set_pending(d, chn);
    spin_unlock_irqrestore(&chn->lock, flags);
}

void send_vcpu_virq(struct vcpu *v, uint32_t virq)
{
    ASSERT(virq_scope(virq) == VIRQ_PER_VCPU);
    raise_virq(v, virq);
}

void send_global_virq(uint32_t virq)
{
    uint64_t flags;
    struct domain *d;

    ASSERT(virq < NR_VIRQS && virq_scope(virq) == VIRQ_HOST);
    flags = spin_lock_irqsave(&handler_lock);
    d = handler[virq] ? handler[virq] : dom0;
    if (d && d->vcpu && d->vcpu[0])
        raise_virq(d->vcpu[0], virq);
    spin_unlock_irqrestore(&handler_lock, flags);
}

int set_global_virq_handler(struct domain *d, uint32_t virq)
{
    struct domain *drop = d;
    uint64_t flags;
    int rc = -EINVAL;

    if (virq >= NR_VIRQS || virq_scope(virq) != VIRQ_HOST)
        return -EINVAL;
    domain_get(d);
    flags = spin_lock_irqsave(&handler_lock);
    /* A dying domain has been, or will be, through evtchn_forget_handler(). */
    if (!d->dying) {
        drop = handler[virq];
        handler[virq] = d;
        rc = 0;
    }
    spin_unlock_irqrestore(&handler_lock, flags);
    if (drop)
        domain_put(drop);
    return rc;
}

void evtchn_forget_handler(struct domain *d)
{
    unsigned int dropped = 0;
    uint64_t flags = spin_lock_irqsave(&handler_lock);

    for (uint32_t virq = 0; virq < NR_VIRQS; virq++)
        if (handler[virq] == d) {
            handler[virq] = NULL;
            dropped++;
        }
    spin_unlock_irqrestore(&handler_lock, flags);
    while (dropped--)
        domain_put(d);
}

int evtchn_subscribe_suspend(struct domain *d, evtchn_port_t port)
{
    struct evtchn *chn = port ? evtchn_from_port(d, port) : NULL;
    int rc = 0;

    spin_lock(&d->evtchn.lock);
    if (port && (!chn || (chn->kind != ECS_INTERDOMAIN && chn->kind != ECS_UNBOUND)))
        rc = -EINVAL;
    else
        d->suspend_evtchn = port;
    spin_unlock(&d->evtchn.lock);
    return rc;
}

/* --- asking ------------------------------------------------------------------------ */

int evtchn_port_poll(struct domain *d, evtchn_port_t port)
{
    struct evtchn *chn = evtchn_from_port(d, port);
    uint64_t flags;
    int rc = -EINVAL;

    if (!chn)
        return rc;
    flags = spin_lock_irqsave(&chn->lock);
    if (evtchn_usable(chn))
        rc = d->evtchn.ops->is_pending(d, chn);
    spin_unlock_irqrestore(&chn->lock, flags);
    return rc;
}

bool evtchn_is_pending(struct domain *d, evtchn_port_t port)
{
    return evtchn_port_poll(d, port) == 1;
}
