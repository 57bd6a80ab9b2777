/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One row of the table: an operation, repeated between two readings of the counter.
 * Prints "BENCH name n min median max" (ticks of the counter per operation), or
 * "BENCH name SKIP rc" when the operation failed.
 *
 * "only=WORD,WORD" on the command line picks the rows whose names begin so.
 */
#ifndef BENCH_H
#define BENCH_H

#include <public/event_channel.h>
#include "../guest/tests/domctl.h"

struct row {
    const char *name;
    /* Not counted, before and after each sample; NULL: nothing to do. */
    long (*prepare)(unsigned long arg), (*finish)(unsigned long arg);
    long (*run)(unsigned long arg);
    unsigned long arg;
    unsigned int repeat;  /* calls of run() in a sample */
    unsigned int ops;     /* operations in one run(); 0 means 1 */
    unsigned int samples; /* 0 means SAMPLES, which is the most */
};

/* The functions of a row return 0, or what the hypervisor answered. */
void measure(const struct row *row);
/* A row that cannot be measured because what it needs failed with rc. */
void skip(const char *name, long rc);
/* Is it asked for? To spare what only this row needs. */
bool wanted(const char *name);
/* What stands behind "word=" on the command line, up to a blank, or NULL. */
const char *argument(const char *word);
/* The number there, or `absent`. */
unsigned long number(const char *word, unsigned long absent);

/* Names with a number in them: the result is good until the next call but three. */
const char *named(const char *what, unsigned int n);

/* Frames that are empty at boot, with room for 4096 pages each. */
#define PLACE_A 0x50000ul
#define PLACE_B 0x60000ul
/* Where the pages of the second domain are, in its own map. */
#define THEIRS 0x1000ul
#define MOST   4096u

static inline long memory_op(unsigned int cmd, void *arg)
{
    return HC2(__HYPERVISOR_memory_op, cmd, arg);
}

/* Are we the domain that may make others? */
bool in_control(void);
/* The second domain, MOST pages at THEIRS, made on first use; 0 or a negative errno. */
long other_domain(domid_t *id);
/* n pages (at most MOST) from gfn on for a domain; 0 or a negative errno. */
long give(domid_t id, unsigned long gfn, unsigned int n);
/* n pages of `id` from `theirs` on appear at our `ours`; 0 or a negative errno. */
long see(domid_t id, unsigned long theirs, unsigned long ours, unsigned int n);

/* ---- events.c ---- */
/* Counts the upcalls taken; upcalls_on() tells the hypervisor where to make them. */
extern volatile unsigned int upcalls;
long upcalls_on(void);
long event(unsigned int op, void *arg);
long send(evtchn_port_t port);

#endif
