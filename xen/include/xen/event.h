/* SPDX-License-Identifier: GPL-2.0-only */
/* Event channels: xen/common/evtchn/. ABI: public/event_channel.h. */
#ifndef XEN_EVENT_H
#define XEN_EVENT_H

#include <xen/spinlock.h>
#include <xen/types.h>
#include <public/event_channel.h>
#include <public/xen.h>

struct charge;
struct domain;
struct vcpu;
struct evtchn;

enum evtchn_kind {
    ECS_FREE,
    ECS_RESERVED,
    ECS_UNBOUND,
    ECS_INTERDOMAIN,
    ECS_PIRQ,
    ECS_VIRQ,
    ECS_IPI,
};

struct evtchn {
    spinlock_t lock;         /* LOCK_EVTCHN; kind changes need d->event_lock as well */
    uint8_t kind;            /* enum evtchn_kind */
    uint8_t priority;        /* FIFO */
    uint8_t last_priority;
    bool pending;            /* raised before its vCPU or, FIFO, its word was there */
    uint16_t notify_vcpu;
    uint16_t last_vcpu;
    evtchn_port_t port;
    bool xen_consumer;       /* hypervisor end: fn is called instead of an upcall */
    union {
        struct {
            domid_t remote_domid;
        } unbound;
        struct {
            evtchn_port_t remote_port;
            struct domain *remote_dom;
        } interdomain;
        uint32_t virq;
        uint32_t pirq;
    } u;
};

/* ABI-specific half: 2-level or FIFO. Called with the channel's lock held. */
struct evtchn_port_ops;

#define EVTCHNS_PER_BUCKET 64

struct evtchn_fifo_domain;

/* Embedded in struct domain. */
struct evtchn_domain {
    spinlock_t lock;             /* LOCK_EVENT */
    /* max_port / 64 + 1; filled in as needed [lock to fill] */
    struct evtchn **bucket;
    unsigned int valid_ports;    /* ports that have storage; grows; read lock-free */
    unsigned int max_port;       /* highest port the domain may have */
    unsigned int active;         /* channels in use [lock] */
    unsigned int free_hint;      /* no free channel below [lock] */
    unsigned int close_next;     /* where a preempted close of all goes on [lock] */
    bool resetting;              /* EVTCHNOP_reset was preempted [lock] */
    const struct evtchn_port_ops *ops;
    struct evtchn_fifo_domain *fifo; /* NULL: 2-level [lock to change] */
    unsigned long *poll_mask;    /* vCPUs in SCHEDOP_poll; atomic bits */
};

int evtchn_domain_init(struct domain *d, unsigned int max_port);
/* Dying: close all; 0 or -ERESTART. */
int evtchn_domain_close_all(struct domain *d);
void evtchn_domain_destroy(struct domain *d); /* free storage; idempotent */
int evtchn_vcpu_init(struct vcpu *v);
void evtchn_vcpu_destroy(struct vcpu *v);
/* d's vCPUs can be found now: they get the events that came before. Takes LOCK_EVENT. */
void evtchn_vcpus_made(struct domain *d);

/* Raise a virtual interrupt: per-vCPU ones to v; global ones (VIRQ_DOM_EXC, VIRQ_CONSOLE,
 * ...) to whoever bound them. Any context, interrupts included. */
void send_vcpu_virq(struct vcpu *v, uint32_t virq);
void send_global_virq(uint32_t virq);
/* XEN_DOMCTL_set_virq_handler. */
int set_global_virq_handler(struct domain *d, uint32_t virq);

/* Unbound port of d towards remote, made by the hypervisor or toolstack: 0 and *port,
 * -EINVAL (dying), -ENOSPC, -ENOMEM. */
int evtchn_alloc_unbound_port(struct domain *d, domid_t remote, evtchn_port_t *port);
int evtchn_send(struct domain *d, evtchn_port_t port);
int evtchn_close(struct domain *d, evtchn_port_t port);
/* XEN_DOMCTL_subscribe: raise d's port, whose other end the toolstack has, when d has
 * suspended. -EINVAL when it is not such a port; 0 turns it off. */
int evtchn_subscribe_suspend(struct domain *d, evtchn_port_t port);
bool evtchn_is_pending(struct domain *d, evtchn_port_t port);
int evtchn_port_poll(struct domain *d, evtchn_port_t port); /* 1 pending, 0, -EINVAL */

/* The vCPU has unmasked pending events that an upcall should announce. */
bool evtchn_upcall_wanted(const struct vcpu *v);

/*
 * Set by the ABI code when a port of v becomes deliverable; the architecture turns it
 * into a vector (hvm/irq.c). Any context.
 */
void vcpu_mark_events_pending(struct vcpu *v);
void arch_evtchn_inject(struct vcpu *v);

void evtchn_dump(struct domain *d); /* debug key 'e' */

#endif
