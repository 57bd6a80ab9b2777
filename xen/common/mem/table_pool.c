/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages for translation tables: see the header. */
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/table_pool.h>

void table_pool_init(struct table_pool *pool, struct charge *charge, enum charge_tag tag,
                     unsigned long limit, bool on_demand)
{
    *pool = (struct table_pool){
        .charge = charge,
        .tag = tag,
        .limit = limit,
        .on_demand = on_demand,
    };
    page_list_init(&pool->idle);
}

static void *take_idle(struct table_pool *pool)
{
    struct page_info *pg = page_list_pop(&pool->idle);

    if (!pg)
        return NULL;
    pool->nr_idle--;
    return page_to_virt(pg);
}

static void *take_empty(struct table_pool *pool)
{
    void *page = take_idle(pool);

    return page ? memset(page, 0, PAGE_SIZE) : NULL;
}

static void *take_new(struct table_pool *pool)
{
    void *page;

    if (pool->owned >= pool->limit)
        return NULL;
    page = charge_alloc_pages(pool->charge, pool->tag, 0);
    if (page)
        pool->owned++;
    return page;
}

/* In front, where it is taken from: the page that came last is the first to go back. */
static void add_idle(struct table_pool *pool, void *page)
{
    page_list_add(&pool->idle, virt_to_page(page));
    pool->nr_idle++;
}

bool table_pool_grow(struct table_pool *pool)
{
    void *page = take_new(pool);

    if (page)
        add_idle(pool, page);
    return page;
}

void table_pool_drop(struct table_pool *pool, void *page)
{
    charge_free_pages(page, 0);
    pool->owned--;
}

void table_pool_shrink(struct table_pool *pool)
{
    table_pool_drop(pool, take_idle(pool));
}

int table_pool_reserve(struct table_pool *pool)
{
    pool->reserved = true;
    while (pool->nr_idle < TABLE_POOL_SPARE)
        if (!table_pool_grow(pool))
            return -ENOMEM;
    return 0;
}

void *table_pool_get(struct table_pool *pool)
{
    void *page;

    if (!pool->on_demand) {
        page = take_empty(pool);
        return page ? page : take_new(pool);
    }
    page = take_new(pool);
    if (!page)
        return pool->removing ? take_empty(pool) : NULL;
    /* There is memory again: make up for what was taken when there was none. */
    if (pool->reserved && pool->nr_idle < TABLE_POOL_SPARE)
        table_pool_grow(pool);
    return page;
}

static bool too_many_idle(const struct table_pool *pool)
{
    return pool->owned > pool->limit ||
           (pool->on_demand && pool->nr_idle > TABLE_POOL_SPARE);
}

void table_pool_put(struct table_pool *pool, void *page)
{
    add_idle(pool, page);
    while (pool->nr_idle && too_many_idle(pool))
        table_pool_shrink(pool);
}

void table_pool_destroy(struct table_pool *pool)
{
    while (pool->nr_idle)
        table_pool_shrink(pool);
    ASSERT(!pool->owned);
}
