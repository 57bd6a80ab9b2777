/* SPDX-License-Identifier: GPL-2.0-only */
/* State of the FIFO ABI, shared by fifo.c (queues) and fifo_setup.c (memory). */
#ifndef EVTCHN_FIFO_H
#define EVTCHN_FIFO_H

#include "private.h"

#define WORDS_PER_PAGE   (PAGE_SIZE / sizeof(event_word_t))
#define MAX_ARRAY_PAGES  (EVTCHN_FIFO_NR_CHANNELS / WORDS_PER_PAGE)

struct evtchn_fifo_domain {
    event_word_t *array[MAX_ARRAY_PAGES]; /* pinned guest pages; only ever added */
    unsigned int nr_pages;                /* [d->evtchn.lock to write] */
};

struct fifo_queue {
    spinlock_t lock;    /* LOCK_FIFO */
    uint32_t tail;      /* last port linked by us, 0: none [lock] */
};

struct evtchn_fifo_vcpu {
    struct evtchn_fifo_control_block *control; /* in a pinned guest page, NULL: not yet */
    struct fifo_queue queue[EVTCHN_FIFO_MAX_QUEUES];
};

/* NULL while the guest has given no page for port. */
static inline event_word_t *fifo_word(const struct domain *d, evtchn_port_t port)
{
    const struct evtchn_fifo_domain *f = d->evtchn.fifo;
    event_word_t *page = read_once(f->array[port / WORDS_PER_PAGE]);

    return page ? page + port % WORDS_PER_PAGE : NULL;
}

#endif
