/* SPDX-License-Identifier: GPL-2.0-only */
/* A second domain that runs this kernel and answers. */
#ifndef CHILD_H
#define CHILD_H

#include "bench.h"

/* One page that both see. Written by whoever the comment names. */
struct together {
    uint32_t ready;    /* the second domain, once: it waits for events */
    uint32_t yielding; /* the first: answer by `turn`, not by events */
    uint32_t turn;     /* 1: the second's; each gives it to the other */
};

/* What the second domain does, for ever; in pair.c. */
void answer(struct together *t, evtchn_port_t port) __attribute__((noreturn));

/*
 * Makes it and lets it run, on physical processor `cpu`. made: its number; port: our end
 * of the channel between us. Returns 0 or a negative errno; what was made stays until we
 * are gone.
 */
long second_self(unsigned int cpu, domid_t *made, evtchn_port_t *port,
                 struct together **together);

/* The processor that vCPU 0 of a domain was seen on last, or a negative errno. */
long runs_on(domid_t id);

/* vCPU 0 of a domain runs on processor cpu (below 8) only; 0 or a negative errno. */
long pin(domid_t id, unsigned int cpu);

#endif
