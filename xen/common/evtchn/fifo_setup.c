/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of the FIFO ABI: control blocks, event array pages, the change to it and back.
 */
#include <asm/current.h>

#include "fifo.h"

int evtchn_fifo_vcpu_init(struct vcpu *v)
{
    struct evtchn_fifo_vcpu *f = charge_alloc(&v->domain->charge, CHARGE_EVTCHN_FIFO,
                                              sizeof(*f));

    if (!f)
        return -ENOMEM;
    for (unsigned int i = 0; i < EVTCHN_FIFO_MAX_QUEUES; i++)
        spin_lock_init(&f->queue[i].lock, LOCK_FIFO, "event queue");
    v->evtchn_fifo = f;
    return 0;
}

static void free_all(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu(d, v)
        evtchn_vcpu_destroy(v);
    charge_free(d->evtchn.fifo);
    d->evtchn.fifo = NULL;
}

/* Allocate all there is to allocate, so that the change itself cannot fail (I4). */
static int prepare(struct domain *d)
{
    struct evtchn_fifo_domain *f =
        charge_alloc(&d->charge, CHARGE_EVTCHN_FIFO, sizeof(*f));
    struct vcpu *v;

    if (!f)
        return -ENOMEM;
    d->evtchn.fifo = f;
    for_each_vcpu(d, v)
        if (evtchn_fifo_vcpu_init(v)) {
            free_all(d);
            return -ENOMEM;
        }
    return 0;
}

/*
 * Ports that are pending in the two-level bitmaps are remembered; they are raised when
 * the guest gives the page with their words. A sender holds its channel's lock, so taking
 * each of them waits for those that still use the old way.
 */
static void change_over(struct domain *d)
{
    struct evtchn_domain *e = &d->evtchn;
    uint64_t flags;

    write_once(e->ops, &evtchn_fifo_ops);
    for (unsigned int port = 1; port < e->valid_ports; port++) {
        struct evtchn *chn = evtchn_from_port(d, port);

        flags = spin_lock_irqsave(&chn->lock);
        if (port < evtchn_2l_ops.nr_ports(d) &&
            test_bit(port, d->shared_info->evtchn_pending))
            chn->pending = true;
        spin_unlock_irqrestore(&chn->lock, flags);
    }
}

static int attach(struct domain *d, struct vcpu *v, void *page, unsigned int offset)
{
    bool first = !d->evtchn.fifo;
    int rc;

    if (d->dying || (v->evtchn_fifo && v->evtchn_fifo->control))
        return -EINVAL;
    if (first) {
        rc = prepare(d);
        if (rc)
            return rc;
    }
    write_once(v->evtchn_fifo->control, page + offset);
    if (first)
        change_over(d);
    return 0;
}

int evtchn_fifo_init_control(const struct evtchn_init_control *init)
{
    struct domain *d = current->domain;
    struct vcpu *v;
    void *page;
    int rc;

    if (init->offset > PAGE_SIZE - sizeof(struct evtchn_fifo_control_block) ||
        init->offset % 8)
        return -EINVAL;
    v = domain_vcpu(d, init->vcpu);
    if (!v)
        return -ENOENT;
    page = guest_page_pin(d, _gfn(init->control_gfn));
    if (IS_ERR(page))
        return (int)PTR_ERR(page);
    spin_lock(&d->evtchn.lock);
    rc = attach(d, v, page, init->offset);
    spin_unlock(&d->evtchn.lock);
    if (rc)
        guest_page_unpin(page);
    return rc;
}

int evtchn_fifo_expand(const struct evtchn_expand_array *expand)
{
    struct domain *d = current->domain;
    struct evtchn_fifo_domain *f;
    void *page = guest_page_pin(d, _gfn(expand->array_gfn));
    int rc = 0;

    if (IS_ERR(page))
        return (int)PTR_ERR(page);
    spin_lock(&d->evtchn.lock);
    f = d->evtchn.fifo;
    if (!f)
        rc = -EOPNOTSUPP;
    else if (d->dying)
        rc = -EINVAL;
    else if (f->nr_pages == MAX_ARRAY_PAGES)
        rc = -ENOSPC;
    if (!rc) {
        write_once(f->array[f->nr_pages], page);
        f->nr_pages++;
        evtchn_raise_waiting(d, (f->nr_pages - 1) * WORDS_PER_PAGE,
                             f->nr_pages * WORDS_PER_PAGE);
    }
    spin_unlock(&d->evtchn.lock);
    if (rc)
        guest_page_unpin(page);
    return rc;
}

/* No channel is in use, so nobody raises any; back to two levels. */
void evtchn_fifo_destroy(struct domain *d)
{
    struct evtchn_fifo_domain *f = d->evtchn.fifo;
    struct vcpu *v;

    ASSERT_LOCKED(&d->evtchn.lock);
    if (!f)
        return;
    write_once(d->evtchn.ops, &evtchn_2l_ops);
    for_each_vcpu(d, v)
        if (v->evtchn_fifo && v->evtchn_fifo->control)
            guest_page_unpin(v->evtchn_fifo->control);
    for (unsigned int i = 0; i < f->nr_pages; i++)
        guest_page_unpin(f->array[i]);
    free_all(d);
}
