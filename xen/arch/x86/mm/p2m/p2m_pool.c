/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages for p2m tables. A guest chooses how sparse its map is, so the number of tables
 * has a limit. What the toolstack sets for a guest is set aside in advance. Domain 0
 * takes from the heap what it needs; a few spare pages let it give memory back, which can
 * take a table to split a large entry, when the heap has none left. How many pages it
 * owns follows from what is mapped.
 */
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/current.h>

#include "p2m_internal.h"

void p2m_pool_init(struct p2m_pool *pool, unsigned long limit, bool on_demand)
{
    page_list_init(&pool->idle);
    pool->nr_idle = 0;
    pool->owned = 0;
    pool->limit = limit;
    pool->on_demand = on_demand;
}

static void *pool_take(struct p2m_pool *pool)
{
    struct page_info *pg = page_list_pop(&pool->idle);

    if (!pg)
        return NULL;
    pool->nr_idle--;
    return page_to_virt(pg);
}

static void *take_empty(struct p2m_pool *pool)
{
    void *page = pool_take(pool);

    return page ? memset(page, 0, PAGE_SIZE) : NULL;
}

static void pool_add(struct p2m_pool *pool, void *page)
{
    page_list_add_tail(&pool->idle, virt_to_page(page));
    pool->nr_idle++;
}

static void *pool_grow(struct p2m *p2m)
{
    void *page;

    if (p2m->pool.owned >= p2m->pool.limit)
        return NULL;
    page = charge_alloc_pages(&p2m->d->charge, CHARGE_P2M_TABLE, 0);
    if (page)
        p2m->pool.owned++;
    return page;
}

static void pool_shrink(struct p2m_pool *pool)
{
    charge_free_pages(pool_take(pool), 0);
    pool->owned--;
}

static bool too_many_idle(const struct p2m_pool *pool)
{
    return pool->owned > pool->limit || (pool->on_demand && pool->nr_idle > POOL_SPARE);
}

void p2m_pool_put(struct p2m *p2m, unsigned long mfn)
{
    struct p2m_pool *pool = &p2m->pool;

    pool_add(pool, mfn_to_virt(_mfn(mfn)));
    while (pool->nr_idle && too_many_idle(pool))
        pool_shrink(pool);
}

void p2m_pool_destroy(struct p2m_pool *pool)
{
    while (pool->nr_idle)
        pool_shrink(pool);
    ASSERT(!pool->owned);
}

/* --- the engine's view -------------------------------------------------------------- */

static int op_alloc(void *ctx, unsigned long *mfn)
{
    struct p2m *p2m = ctx;
    bool grow_first = p2m->pool.on_demand;
    void *page = grow_first ? pool_grow(p2m) : take_empty(&p2m->pool);

    if (!page)
        page = grow_first ? take_empty(&p2m->pool) : pool_grow(p2m);
    if (!page)
        return -ENOMEM;
    *mfn = mfn_x(virt_to_mfn(page));
    return 0;
}

static void op_free(void *ctx, unsigned long mfn)
{
    p2m_pool_put(ctx, mfn);
}

static void op_retire(void *ctx, unsigned long mfn)
{
    struct p2m *p2m = ctx;

    page_list_add_tail(&p2m->txn.retired, mfn_to_page(_mfn(mfn)));
    p2m->txn.cpu_dirty = true;
}

static pt_entry_t *op_map(void *ctx, unsigned long mfn)
{
    (void)ctx;
    return mfn_to_virt(_mfn(mfn));
}

const struct pt_ops p2m_pt_ops = {
    .alloc_table = op_alloc,
    .free_table = op_free,
    .retire_table = op_retire,
    .map_table = op_map,
#ifndef XEN_HOST_TEST
    .direct_map = DIRECTMAP_START,
#endif
};

/* --- the toolstack's view ---------------------------------------------------------- */

int p2m_limit_pool(struct domain *d, uint64_t bytes)
{
    struct p2m *p2m = d->arch.p2m;
    struct p2m_pool *pool = &p2m->pool;
    int rc = 0;

    write_lock(&p2m->lock);
    pool->limit = bytes >> PAGE_SHIFT;
    while (pool->nr_idle < POOL_SPARE && !rc) {
        void *page = pool_grow(p2m);

        if (page)
            pool_add(pool, page);
        else
            rc = -ENOMEM;
    }
    write_unlock(&p2m->lock);
    return rc;
}

int p2m_set_pool(struct domain *d, uint64_t bytes)
{
    struct p2m *p2m = d->arch.p2m;
    struct p2m_pool *pool = &p2m->pool;
    unsigned long target = bytes >> PAGE_SHIFT;
    unsigned int work = 0;
    int rc = 0;

    if (bytes & ~PAGE_MASK)
        return -EINVAL;

    for (;;) {
        void *page = NULL;

        /* While domain 0 is built there is no hypercall to restart. */
        if (++work % 64 == 0 && !is_idle_vcpu(current) && hypercall_preempt_check())
            return -ERESTART;

        write_lock(&p2m->lock);
        pool->limit = target;
        pool->on_demand = false;
        if (pool->owned < target) {
            page = pool_grow(p2m);
            if (page)
                pool_add(pool, page);
            else
                rc = -ENOMEM;
        } else if (pool->owned > target) {
            if (pool->nr_idle)
                pool_shrink(pool);
            else
                rc = -ENOMEM;   /* in use; they go when their tables go */
        }
        if (rc)
            pool->limit = pool->owned;
        target = rc ? pool->owned : target;
        if (pool->owned == target) {
            write_unlock(&p2m->lock);
            return rc;
        }
        write_unlock(&p2m->lock);
    }
}

uint64_t p2m_get_pool(struct domain *d)
{
    struct p2m *p2m = d->arch.p2m;
    unsigned long pages;

    read_lock(&p2m->lock);
    pages = p2m->pool.limit == POOL_UNLIMITED ? p2m->pool.owned : p2m->pool.limit;
    read_unlock(&p2m->lock);
    return (uint64_t)pages << PAGE_SHIFT;
}
