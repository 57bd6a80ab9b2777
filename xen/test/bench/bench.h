/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One row of the table: an operation, repeated between two readings of the counter.
 * Prints "BENCH name n min median max" (ticks of the counter per operation), or
 * "BENCH name SKIP rc" when the operation failed.
 */
#ifndef BENCH_H
#define BENCH_H

#include "../guest/tests/domctl.h"

struct row {
    const char *name;
    /* Not counted, before and after each sample; NULL: nothing to do. */
    long (*prepare)(unsigned long arg), (*finish)(unsigned long arg);
    long (*run)(unsigned long arg);
    unsigned long arg;
    unsigned int repeat;    /* calls of run() in a sample */
    unsigned int ops;       /* operations in one run(); 0 means 1 */
};

/* The functions of a row return 0, or what the hypervisor answered. */
void measure(const struct row *row);
/* A row that cannot be measured because what it needs failed with rc. */
void skip(const char *name, long rc);

/* Names with a number in them: the result is good until the next call but three. */
const char *named(const char *what, unsigned int n);

/* Frames that are empty at boot, with room for 4096 pages each. */
#define PLACE_A 0x50000ul
#define PLACE_B 0x60000ul
/* Where the pages of the second domain are, in its own map. */
#define THEIRS  0x1000ul
#define MOST    4096u

static inline long memory_op(unsigned int cmd, void *arg)
{
    return HC2(__HYPERVISOR_memory_op, cmd, arg);
}

/* The second domain, MOST pages at THEIRS, made on first use; 0 or a negative errno. */
long other_domain(domid_t *id);

#endif
