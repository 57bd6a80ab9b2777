/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of inclusive ranges: which ports, frames, interrupts a domain may use. */
#ifndef XEN_RANGESET_H
#define XEN_RANGESET_H

#include <xen/alloc.h>
#include <xen/list.h>
#include <xen/spinlock.h>

struct rangeset {
    struct list ranges;   /* ascending, disjoint, not adjacent [lock] */
    rwlock_t lock;
    struct charge *charge;
    const char *name;
};

void rangeset_init(struct rangeset *r, struct charge *c, const char *name);
void rangeset_destroy(struct rangeset *r);
/* [s, e] inclusive. -ENOMEM leaves the set as it was. */
int rangeset_add(struct rangeset *r, unsigned long s, unsigned long e);
int rangeset_remove(struct rangeset *r, unsigned long s, unsigned long e);
bool rangeset_contains(struct rangeset *r, unsigned long s, unsigned long e);
bool rangeset_overlaps(struct rangeset *r, unsigned long s, unsigned long e);
bool rangeset_empty(struct rangeset *r);
/* Call fn for each range inside [s, e] until it returns non-zero. */
int rangeset_for_each(struct rangeset *r, unsigned long s, unsigned long e,
                      int (*fn)(unsigned long s, unsigned long e, void *arg),
                      void *arg);

#endif
