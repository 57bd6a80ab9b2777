/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FIFO ABI (public/event_channel.h): every vCPU has a queue for each priority. A queue is
 * a list through the event words of its ports: the control block names the head, each
 * word the next port. The guest takes from the head and clears LINKED, we append at the
 * tail. Both write the same words, so every change is a compare-and-swap, and a word that
 * the guest keeps changing under us is given up after a bounded number of attempts.
 */
#include "fifo.h"

#define WORD_BIT(n) (1U << (n))
#define LINK_TRIES  4

/* Try to make *word's successor port; *linked: it was part of a list still. */
static bool try_link(event_word_t *word, uint32_t port, bool *linked)
{
    event_word_t w = read_once(*word);

    for (unsigned int i = 0; i < LINK_TRIES; i++) {
        event_word_t next = (w & ~(EVTCHN_FIFO_LINK_MASK | WORD_BIT(EVTCHN_FIFO_BUSY))) |
                            port;

        *linked = w & WORD_BIT(EVTCHN_FIFO_LINKED);
        if (!*linked)
            return true;
        if (__atomic_compare_exchange_n(word, &w, next, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST))
            return true;
    }
    return false;
}

/*
 * Append port behind the word tail: true; false: the guest has emptied the queue and port
 * is its new head. BUSY asks the guest to leave the word's mask bit alone for a moment.
 * One that goes on changing it loses what was queued, which is its own.
 */
static bool append(struct domain *d, event_word_t *tail, uint32_t port)
{
    bool linked, done = try_link(tail, port, &linked);

    if (!done) {
        set_bit(EVTCHN_FIFO_BUSY, tail);
        done = try_link(tail, port, &linked);
        clear_bit(EVTCHN_FIFO_BUSY, tail);
    }
    if (!done)
        gprintk(XENLOG_WARNING, "d%u: event word changes all the time, queue cut\n",
                d->domain_id);
    return done && linked;
}

static struct fifo_queue *queue_of(struct vcpu *v, unsigned int priority)
{
    return v && v->evtchn_fifo ? &v->evtchn_fifo->queue[priority] : NULL;
}

/*
 * chn moves from the queue it was last linked on to another. If it is that one's tail
 * still, the next port there must start a list of its own.
 */
static void leave_old_queue(struct domain *d, struct evtchn *chn)
{
    struct fifo_queue *old = queue_of(d->vcpu[chn->last_vcpu], chn->last_priority);

    if (!old)
        return;
    spin_lock(&old->lock);
    if (old->tail == chn->port)
        old->tail = 0;
    spin_unlock(&old->lock);
}

/* Put the port on its queue; true: the queue was empty and the vCPU must be told. */
static bool enqueue(struct vcpu *v, struct evtchn *chn, event_word_t *word)
{
    struct domain *d = v->domain;
    struct evtchn_fifo_control_block *control = v->evtchn_fifo->control;
    struct fifo_queue *q = &v->evtchn_fifo->queue[chn->priority];
    bool appended = false;
    event_word_t *tail;

    if (chn->last_vcpu != v->vcpu_id || chn->last_priority != chn->priority) {
        leave_old_queue(d, chn);
        chn->last_vcpu = (uint16_t)v->vcpu_id;
        chn->last_priority = chn->priority;
    }
    spin_lock(&q->lock);
    if (test_and_set_bit(EVTCHN_FIFO_LINKED, word)) {
        spin_unlock(&q->lock);
        return false;
    }
    /* The port ends the list, whatever its word said before. */
    __atomic_fetch_and(word, ~(event_word_t)EVTCHN_FIFO_LINK_MASK, __ATOMIC_SEQ_CST);
    tail = q->tail && q->tail != chn->port ? fifo_word(d, q->tail) : NULL;
    if (tail)
        appended = append(d, tail, chn->port);
    if (!appended)
        write_once(control->head[chn->priority], chn->port);
    q->tail = chn->port;
    spin_unlock(&q->lock);
    smp_mb();
    return !appended && !test_and_set_bit(chn->priority, &control->ready);
}

static void set_pending(struct vcpu *v, struct evtchn *chn)
{
    struct domain *d = v->domain;
    event_word_t *word = fifo_word(d, chn->port);
    bool was_pending;

    if (word) {
        was_pending = test_and_set_bit(EVTCHN_FIFO_PENDING, word);
    } else {
        was_pending = chn->pending;
        chn->pending = true; /* raised when the page comes */
    }
    /* A vCPU without control block must not have unmasked ports. */
    if (word && !test_bit(EVTCHN_FIFO_MASKED, word) &&
        !test_bit(EVTCHN_FIFO_LINKED, word) && v->evtchn_fifo &&
        v->evtchn_fifo->control && enqueue(v, chn, word))
        vcpu_mark_events_pending(v);
    if (!was_pending)
        evtchn_wake_pollers(d, chn->port);
}

static void clear_pending(struct domain *d, struct evtchn *chn)
{
    event_word_t *word = fifo_word(d, chn->port);

    if (word)
        clear_bit(EVTCHN_FIFO_PENDING, word);
}

static void unmask(struct domain *d, struct evtchn *chn)
{
    event_word_t *word = fifo_word(d, chn->port);
    struct vcpu *v = d->vcpu[chn->notify_vcpu];

    if (!word || !v)
        return;
    clear_bit(EVTCHN_FIFO_MASKED, word);
    if (test_bit(EVTCHN_FIFO_PENDING, word))
        set_pending(v, chn);
}

static bool word_bit(struct domain *d, const struct evtchn *chn, unsigned int bit,
                     bool without_page)
{
    event_word_t *word = fifo_word(d, chn->port);

    return word ? test_bit(bit, word) : without_page;
}

static bool is_pending(struct domain *d, const struct evtchn *chn)
{
    return word_bit(d, chn, EVTCHN_FIFO_PENDING, chn->pending);
}

static bool is_masked(struct domain *d, const struct evtchn *chn)
{
    return word_bit(d, chn, EVTCHN_FIFO_MASKED, true);
}

static bool is_busy(struct domain *d, const struct evtchn *chn)
{
    return word_bit(d, chn, EVTCHN_FIFO_LINKED, false);
}

static int set_priority(struct domain *d, struct evtchn *chn, unsigned int priority)
{
    if (priority > EVTCHN_FIFO_PRIORITY_MIN)
        return -EINVAL;
    /* From the next time it is linked. */
    chn->priority = (uint8_t)priority;
    return 0;
}

static void dump(struct domain *d, const struct evtchn *chn)
{
    event_word_t *word = fifo_word(d, chn->port);

    if (word)
        printk(" word %08x prio %u", read_once(*word), chn->priority);
    else
        printk(" no word");
}

static unsigned int nr_ports(const struct domain *d)
{
    return EVTCHN_FIFO_NR_CHANNELS;
}

const struct evtchn_port_ops evtchn_fifo_ops = {
    .name = "FIFO",
    .nr_ports = nr_ports,
    .set_pending = set_pending,
    .clear_pending = clear_pending,
    .unmask = unmask,
    .is_pending = is_pending,
    .is_masked = is_masked,
    .is_busy = is_busy,
    .set_priority = set_priority,
    .dump = dump,
};
