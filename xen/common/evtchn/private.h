/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the files of xen/common/evtchn/. */
#ifndef EVTCHN_PRIVATE_H
#define EVTCHN_PRIVATE_H

#include <xen/domain.h>
#include <xen/event.h>
#include <xen/lib.h>

/* One of the two ABIs by which a guest sees its ports. The channel's lock is held. */
struct evtchn_port_ops {
    const char *name;
    unsigned int (*nr_ports)(const struct domain *d);
    void (*set_pending)(struct vcpu *v, struct evtchn *chn);
    void (*clear_pending)(struct domain *d, struct evtchn *chn);
    void (*unmask)(struct domain *d, struct evtchn *chn);
    bool (*is_pending)(struct domain *d, const struct evtchn *chn);
    bool (*is_masked)(struct domain *d, const struct evtchn *chn);
    /* The guest's side still refers to the port, which must not be used anew. */
    bool (*is_busy)(struct domain *d, const struct evtchn *chn);
    /* NULL: -ENOSYS */
    int (*set_priority)(struct domain *d, struct evtchn *chn, unsigned int priority);
    void (*dump)(struct domain *d, const struct evtchn *chn);
};

extern const struct evtchn_port_ops evtchn_2l_ops, evtchn_fifo_ops;

/* --- channel.c: storage ------------------------------------------------------------- */

/* NULL when d has no such port. The result stays valid as long as the domain does. */
struct evtchn *evtchn_from_port(struct domain *d, evtchn_port_t port);
unsigned int evtchn_max_ports(const struct domain *d);

static inline bool evtchn_usable(const struct evtchn *chn)
{
    return chn->kind > ECS_RESERVED;
}

/* A free channel of d, still ECS_FREE: chn or ERR_PTR. [d->evtchn.lock] */
struct evtchn *evtchn_get_free(struct domain *d);
/* The channel got its kind; or goes back to being free. [d->evtchn.lock, chn->lock] */
void evtchn_taken(struct domain *d, struct evtchn *chn, enum evtchn_kind kind);
void evtchn_release(struct domain *d, struct evtchn *chn);

/*
 * Two channels, or the two domains' event locks, in address order; they may be the same.
 */
uint64_t evtchn_lock_pair(struct evtchn *a, struct evtchn *b);
void evtchn_unlock_pair(struct evtchn *a, struct evtchn *b, uint64_t flags);
void event_lock_pair(struct domain *a, struct domain *b);
void event_unlock_pair(struct domain *a, struct domain *b);

/* --- bind.c, close.c, send.c ------------------------------------------------------- */

enum virq_scope { VIRQ_PER_VCPU, VIRQ_PER_DOMAIN, VIRQ_HOST };
enum virq_scope virq_scope(uint32_t virq);

int evtchn_bind_interdomain(struct evtchn_bind_interdomain *bind);
int evtchn_bind_virq(struct evtchn_bind_virq *bind);
int evtchn_bind_ipi(struct evtchn_bind_ipi *bind);
int evtchn_bind_vcpu(evtchn_port_t port, uint32_t vcpu);
int evtchn_status(struct evtchn_status *status);
/* d's channels, from d->evtchn.close_next on: 0 or -ERESTART. */
int evtchn_close_range(struct domain *d);
int evtchn_reset(struct domain *d, bool resuming);

/* What the guest cannot be told yet waits as chn->pending. [chn->lock] */
void evtchn_set_pending(struct domain *d, struct evtchn *chn);
/* Those of the ports from .. to - 1 that have waited so. [d->evtchn.lock] */
void evtchn_raise_waiting(struct domain *d, unsigned int from, unsigned int to);
void evtchn_wake_pollers(struct domain *d, evtchn_port_t port);
void evtchn_forget_handler(struct domain *d);

/* --- fifo_setup.c ------------------------------------------------------------------ */

int evtchn_fifo_init_control(const struct evtchn_init_control *init);
int evtchn_fifo_expand(const struct evtchn_expand_array *expand);
void evtchn_fifo_destroy(struct domain *d); /* [d->evtchn.lock] */
int evtchn_fifo_vcpu_init(struct vcpu *v);

/* --- pin.c ------------------------------------------------------------------------- */

/* Keep d's writable RAM frame at gfn in place; its direct-map address, or ERR_PTR. */
void *guest_page_pin(struct domain *d, gfn_t gfn);
void guest_page_unpin(void *va); /* any address in the page */

#endif
