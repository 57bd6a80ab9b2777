/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages for a domain's translation tables, of its CPUs (p2m) or its devices (IOMMU), all
 * charged to it (I2). The lock of the tree they are for protects a pool.
 *
 * Two kinds. Set aside: all pages up to the limit are taken in advance, and whoever needs
 * a table gets one. On demand: pages come from the heap and go back to it. A few more are
 * kept, and only what takes something out of the tree gets them when the heap is empty:
 * giving part of a large entry back needs a table, and must work just then.
 */
#ifndef XEN_TABLE_POOL_H
#define XEN_TABLE_POOL_H

#include <xen/alloc.h>
#include <xen/page_list.h>

struct table_pool {
    struct charge *charge;
    enum charge_tag tag;
    struct page_list idle;
    unsigned long nr_idle;
    unsigned long owned;    /* idle ones and those in use */
    unsigned long limit;    /* of owned */
    bool on_demand;
    bool reserved;          /* table_pool_reserve() was asked for */
    bool removing;          /* what is asked for now is for a removal: the user sets it */
};
#define TABLE_POOL_UNLIMITED    (~0ul)
#define TABLE_POOL_SPARE        64ul    /* idle ones, on demand */

/* An empty pool. No failure. */
void table_pool_init(struct table_pool *pool, struct charge *charge, enum charge_tag tag,
                     unsigned long limit, bool on_demand);
/* None is in use any more, nor ever will be again. */
void table_pool_destroy(struct table_pool *pool);
/* On demand: keep TABLE_POOL_SPARE idle from now on. -ENOMEM: there are fewer. */
int __must_check table_pool_reserve(struct table_pool *pool);
/* A zeroed page, by its address in the direct map, or NULL. */
void *table_pool_get(struct table_pool *pool);
/* One that table_pool_get() gave; it goes on to the heap if enough are idle. */
void table_pool_put(struct table_pool *pool, void *page);
/* The same, but it is not to be used again by this pool. */
void table_pool_drop(struct table_pool *pool, void *page);
/* One more idle page; false: the limit, or no memory. One less; there is one. */
bool table_pool_grow(struct table_pool *pool);
void table_pool_shrink(struct table_pool *pool);

#endif
