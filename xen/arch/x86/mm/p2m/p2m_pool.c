/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages for p2m tables. A guest chooses how sparse its map is, so the number of tables
 * has a limit. What the toolstack sets for a guest is set aside in advance. Domain 0
 * takes from the heap what it needs, and has a few for when that is empty
 * (xen/table_pool.h).
 */
#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/current.h>

#include "p2m_internal.h"

/* --- the engine's view -------------------------------------------------------------- */

static int op_alloc(void *ctx, unsigned long *mfn)
{
    struct p2m *p2m = ctx;
    void *page = table_pool_get(&p2m->pool);

    if (!page)
        return -ENOMEM;
    *mfn = mfn_x(virt_to_mfn(page));
    return 0;
}

static void op_free(void *ctx, unsigned long mfn)
{
    struct p2m *p2m = ctx;

    table_pool_put(&p2m->pool, mfn_to_virt(_mfn(mfn)));
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
    int rc;

    write_lock(&p2m->lock);
    p2m->pool.limit = bytes >> PAGE_SHIFT;
    rc = table_pool_reserve(&p2m->pool);
    write_unlock(&p2m->lock);
    return rc;
}

int p2m_set_pool(struct domain *d, uint64_t bytes)
{
    struct p2m *p2m = d->arch.p2m;
    struct table_pool *pool = &p2m->pool;
    unsigned long target = bytes >> PAGE_SHIFT;
    unsigned int work = 0;
    int rc = 0;

    if (bytes & ~PAGE_MASK)
        return -EINVAL;

    for (;;) {
        /* While domain 0 is built there is no hypercall to restart. */
        if (++work % 64 == 0 && !is_idle_vcpu(current) && hypercall_preempt_check())
            return -ERESTART;

        write_lock(&p2m->lock);
        pool->limit = target;
        pool->on_demand = false;
        if (pool->owned < target) {
            if (!table_pool_grow(pool))
                rc = -ENOMEM;
        } else if (pool->owned > target) {
            if (pool->nr_idle)
                table_pool_shrink(pool);
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
    pages = p2m->pool.limit == TABLE_POOL_UNLIMITED ? p2m->pool.owned : p2m->pool.limit;
    read_unlock(&p2m->lock);
    return (uint64_t)pages << PAGE_SHIFT;
}
