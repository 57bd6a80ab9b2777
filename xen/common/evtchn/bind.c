/* SPDX-License-Identifier: GPL-2.0-only */
/* Giving channels their purpose, and saying what they are for. */
#include <asm/current.h>

#include "private.h"

enum virq_scope virq_scope(uint32_t virq)
{
    switch (virq) {
    case VIRQ_TIMER:
    case VIRQ_DEBUG:
    case VIRQ_XENOPROF:
    case VIRQ_XENPMU:
        return VIRQ_PER_VCPU;
    case VIRQ_ARGO:
        return VIRQ_PER_DOMAIN;
    default:
        return VIRQ_HOST;
    }
}

int evtchn_alloc_unbound_port(struct domain *d, domid_t remote, evtchn_port_t *port)
{
    struct evtchn *chn;
    uint64_t flags;
    int rc = 0;

    spin_lock(&d->evtchn.lock);
    chn = evtchn_get_free(d);
    if (IS_ERR(chn)) {
        rc = (int)PTR_ERR(chn);
    } else {
        flags = spin_lock_irqsave(&chn->lock);
        evtchn_taken(d, chn, ECS_UNBOUND);
        chn->u.unbound.remote_domid = remote;
        spin_unlock_irqrestore(&chn->lock, flags);
        *port = chn->port;
    }
    spin_unlock(&d->evtchn.lock);
    return rc;
}

/* Both event locks are held. */
static int connect(struct domain *ld, struct domain *rd, struct evtchn *rchn,
                   evtchn_port_t *local_port)
{
    struct evtchn *lchn;
    uint64_t flags;

    if (!rchn || rchn->kind != ECS_UNBOUND ||
        rchn->u.unbound.remote_domid != ld->domain_id)
        return -EINVAL;
    lchn = evtchn_get_free(ld);
    if (IS_ERR(lchn))
        return (int)PTR_ERR(lchn);

    flags = evtchn_lock_pair(lchn, rchn);
    evtchn_taken(ld, lchn, ECS_INTERDOMAIN);
    lchn->u.interdomain.remote_dom = rd;
    lchn->u.interdomain.remote_port = rchn->port;
    evtchn_taken(rd, rchn, ECS_INTERDOMAIN);
    rchn->u.interdomain.remote_dom = ld;
    rchn->u.interdomain.remote_port = lchn->port;
    /* What the other side sent before we were there was dropped: look once. */
    evtchn_set_pending(ld, lchn);
    evtchn_unlock_pair(lchn, rchn, flags);
    *local_port = lchn->port;
    return 0;
}

int evtchn_bind_interdomain(struct evtchn_bind_interdomain *bind)
{
    struct domain *ld = current->domain, *rd = domain_get_by_id(bind->remote_dom);
    int rc;

    if (!rd)
        return -ESRCH;
    event_lock_pair(ld, rd);
    rc = connect(ld, rd, evtchn_from_port(rd, bind->remote_port), &bind->local_port);
    event_unlock_pair(ld, rd);
    domain_put(rd);
    return rc;
}

int evtchn_bind_virq(struct evtchn_bind_virq *bind)
{
    struct domain *d = current->domain;
    struct evtchn *chn;
    struct vcpu *v;
    uint64_t flags;
    int rc = 0;

    if (bind->virq >= NR_VIRQS)
        return -EINVAL;
    if (virq_scope(bind->virq) != VIRQ_PER_VCPU && bind->vcpu)
        return -EINVAL;
    v = domain_vcpu(d, bind->vcpu);
    if (!v)
        return -ENOENT;

    spin_lock(&d->evtchn.lock);
    chn = v->virq_to_evtchn[bind->virq] ? ERR_PTR(-EEXIST) : evtchn_get_free(d);
    if (IS_ERR(chn)) {
        rc = (int)PTR_ERR(chn);
    } else {
        flags = spin_lock_irqsave(&chn->lock);
        evtchn_taken(d, chn, ECS_VIRQ);
        chn->notify_vcpu = (uint16_t)bind->vcpu;
        chn->u.virq = bind->virq;
        spin_unlock_irqrestore(&chn->lock, flags);
        write_once(v->virq_to_evtchn[bind->virq], chn->port);
        bind->port = chn->port;
    }
    spin_unlock(&d->evtchn.lock);
    return rc;
}

int evtchn_bind_ipi(struct evtchn_bind_ipi *bind)
{
    struct domain *d = current->domain;
    struct evtchn *chn;
    uint64_t flags;
    int rc = 0;

    if (!domain_vcpu(d, bind->vcpu))
        return -ENOENT;
    spin_lock(&d->evtchn.lock);
    chn = evtchn_get_free(d);
    if (IS_ERR(chn)) {
        rc = (int)PTR_ERR(chn);
    } else {
        flags = spin_lock_irqsave(&chn->lock);
        evtchn_taken(d, chn, ECS_IPI);
        chn->notify_vcpu = (uint16_t)bind->vcpu;
        spin_unlock_irqrestore(&chn->lock, flags);
        bind->port = chn->port;
    }
    spin_unlock(&d->evtchn.lock);
    return rc;
}

/* IPIs and per-vCPU virtual interrupts belong to the vCPU they were bound for. */
static bool may_move(const struct evtchn *chn)
{
    switch (chn->kind) {
    case ECS_UNBOUND:
    case ECS_INTERDOMAIN:
    case ECS_PIRQ:
        return !chn->xen_consumer;
    case ECS_VIRQ:
        return virq_scope(chn->u.virq) != VIRQ_PER_VCPU;
    default:
        return false;
    }
}

int evtchn_bind_vcpu(evtchn_port_t port, uint32_t vcpu)
{
    struct domain *d = current->domain;
    struct evtchn *chn;
    uint64_t flags;
    int rc = 0;

    if (!domain_vcpu(d, vcpu))
        return -ENOENT;
    chn = evtchn_from_port(d, port);
    if (!chn)
        return -EINVAL;
    spin_lock(&d->evtchn.lock);
    flags = spin_lock_irqsave(&chn->lock);
    if (may_move(chn))
        chn->notify_vcpu = (uint16_t)vcpu;
    else
        rc = -EINVAL;
    spin_unlock_irqrestore(&chn->lock, flags);
    spin_unlock(&d->evtchn.lock);
    return rc;
}

static void describe(const struct evtchn *chn, struct evtchn_status *s)
{
    static const uint8_t codes[] = {
        [ECS_FREE] = EVTCHNSTAT_closed,         [ECS_RESERVED] = EVTCHNSTAT_closed,
        [ECS_UNBOUND] = EVTCHNSTAT_unbound,     [ECS_PIRQ] = EVTCHNSTAT_pirq,
        [ECS_INTERDOMAIN] = EVTCHNSTAT_interdomain,
        [ECS_VIRQ] = EVTCHNSTAT_virq,           [ECS_IPI] = EVTCHNSTAT_ipi,
    };

    s->status = codes[chn->kind];
    s->vcpu = chn->notify_vcpu;
    memset(&s->u, 0, sizeof(s->u));
    if (chn->kind == ECS_UNBOUND) {
        s->u.unbound.dom = chn->u.unbound.remote_domid;
    } else if (chn->kind == ECS_INTERDOMAIN) {
        s->u.interdomain.dom = chn->u.interdomain.remote_dom->domain_id;
        s->u.interdomain.port = chn->u.interdomain.remote_port;
    } else if (chn->kind == ECS_PIRQ) {
        s->u.pirq = chn->u.pirq;
    } else if (chn->kind == ECS_VIRQ) {
        s->u.virq = chn->u.virq;
    }
}

int evtchn_status(struct evtchn_status *status)
{
    struct domain *d = domain_get_by_id(status->dom);
    struct evtchn *chn;
    int rc = 0;

    if (!d)
        return -ESRCH;
    if (d != current->domain && !current->domain->is_privileged) {
        rc = -EPERM;
    } else {
        spin_lock(&d->evtchn.lock);
        chn = evtchn_from_port(d, status->port);
        if (chn && status->port < evtchn_max_ports(d))
            describe(chn, status);
        else
            rc = -EINVAL;
        spin_unlock(&d->evtchn.lock);
    }
    domain_put(d);
    return rc;
}
