/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages for p2m tables. Broken, a guest eats the host's memory by a sparse map, domain 0
 * keeps what it does not use, or cannot give memory back when there is none.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <xen/errno.h>

#include "p2m_world.h"

static struct page_info *single[3], *block;

static void start(void)
{
    world_start();
    assert_non_null(block = domain_alloc_pages(wd, 9, 0));
    for (unsigned int i = 0; i < 3; i++)
        assert_non_null(single[i] = domain_alloc_pages(wd, 0, 0));
}

static int map(unsigned long gfn, struct page_info *pg, unsigned int order)
{
    return p2m_map_one(wd, _gfn(W_BASE + gfn), page_to_mfn(pg), order, P2M_RAM_RW);
}

static void set_aside(void **state)
{
    unsigned long free_before;
    int rc;

    (void)state;
    start();
    free_before = heap_free_pages();
    assert_int_equal(p2m_set_pool(wd, 12345), -EINVAL);
    assert_int_equal(p2m_set_pool(wd, 64 * PAGE_SIZE), 0);
    assert_int_equal(p2m_get_pool(wd), 64 * PAGE_SIZE);
    assert_int_equal(free_before - heap_free_pages(), 63);
    w_preempt = true;
    assert_int_equal(p2m_set_pool(wd, 164 * PAGE_SIZE), -ERESTART);
    assert_int_equal(p2m_set_pool(wd, 164 * PAGE_SIZE), 0);
    assert_int_equal(p2m_set_pool(wd, 2 * PAGE_SIZE), -ERESTART);
    w_preempt = false;
    assert_int_equal(p2m_set_pool(wd, 2 * PAGE_SIZE), 0);
    /* The root has one page, the other is not enough for a path: nothing changes. */
    assert_int_equal(map(0, single[0], 0), -ENOMEM);
    assert_int_equal(p2m_refs(page_to_mfn(single[0])), 0);
    assert_int_equal(p2m_set_pool(wd, 4 * PAGE_SIZE), 0);
    rc = map(0, single[0], 0);
    assert_int_equal(rc, 0);
    assert_int_equal(p2m_set_pool(wd, PAGE_SIZE), -ENOMEM);
    assert_int_equal(p2m_get_pool(wd), 4 * PAGE_SIZE);
    /* A table that was used before is an empty one now. */
    for (unsigned int i = 0; i < 512; i++)
        assert_int_equal(map(i, block + i, 0), 0);
    assert_int_equal(map(513, single[1], 0), 0);
    assert_true(mfn_eq(p2m_lookup(wd, _gfn(W_BASE + 512), NULL, NULL), INVALID_MFN));
    world_stop(false);
}

/* Domain 0's tables: from the heap and back to it, and a few for when that is empty. */
static void on_demand(void **state)
{
    const struct table_pool *pool;
    unsigned long free_before;

    (void)state;
    start();
    pool = &wd->arch.p2m->pool;
    assert_int_equal(p2m_limit_pool(wd, 80 * PAGE_SIZE), 0);
    assert_int_equal(p2m_get_pool(wd), 80 * PAGE_SIZE);
    assert_int_equal(pool->nr_idle, TABLE_POOL_SPARE);
    free_before = heap_free_pages();
    for (unsigned int i = 0; i < 3; i++) {
        assert_int_equal(map(i * 512ul, single[i], 0), 0);
        assert_int_equal(pool->nr_idle, TABLE_POOL_SPARE);
    }
    assert_true(heap_free_pages() < free_before);
    for (unsigned int i = 0; i < 3; i++)
        assert_int_equal(p2m_unmap_one(wd, _gfn(W_BASE + i * 512ul),
                                       page_to_mfn(single[i]), 9), 0);
    assert_int_equal(heap_free_pages(), free_before);

    world_stop(false);
}

static void nothing_left(void **state)
{
    const struct table_pool *pool;
    struct page_info *all = NULL, *pg;

    (void)state;
    start();
    pool = &wd->arch.p2m->pool;
    assert_int_equal(p2m_limit_pool(wd, 80 * PAGE_SIZE), 0);
    assert_int_equal(map(0, block, 9), 0);
    while ((pg = heap_alloc(0, 0)) != NULL) {
        *(struct page_info **)page_to_virt(pg) = all;
        all = pg;
    }
    /* A large entry can still be split, to give some of it back. */
    assert_int_equal(p2m_unmap_one(wd, _gfn(W_BASE + 5), page_to_mfn(block + 5), 0), 0);
    assert_int_equal(pool->nr_idle, TABLE_POOL_SPARE - 1);
    while ((pg = all) != NULL) {
        all = *(struct page_info **)page_to_virt(pg);
        heap_free(pg, 0);
    }
    /* The next table that goes makes it whole again. */
    assert_int_equal(p2m_unmap_one(wd, _gfn(W_BASE), page_to_mfn(block), 9), 0);
    assert_int_equal(pool->nr_idle, TABLE_POOL_SPARE);
    world_stop(false);
}

/* The limit holds, spare pages included; those only take something out. */
static void limit_on_demand(void **state)
{
    const struct table_pool *pool;
    unsigned long n = 0;

    (void)state;
    start();
    wd->iommu.need_sync = false;    /* far from what the fake device sees */
    pool = &wd->arch.p2m->pool;
    assert_int_equal(p2m_limit_pool(wd, 80 * PAGE_SIZE), 0);
    assert_int_equal(p2m_map_one(wd, _gfn(1ul << 30), page_to_mfn(block), 9, P2M_RAM_RW),
                     0);
    while (!p2m_map_one(wd, _gfn(n << 18), page_to_mfn(single[0]), 0, P2M_RAM_RW))
        assert_true(++n < 80);
    assert_int_equal(n, (80 - TABLE_POOL_SPARE - 3) / 2);
    assert_in_range(pool->owned, 79, 80);
    assert_int_equal(pool->nr_idle, TABLE_POOL_SPARE);
    assert_int_equal(p2m_unmap_one(wd, _gfn((1ul << 30) + 5), page_to_mfn(block + 5), 0),
                     0);
    assert_int_equal(p2m_unmap_one(wd, _gfn(1ul << 30), page_to_mfn(block), 9), 0);
    while (n)
        assert_int_equal(p2m_unmap_one(wd, _gfn(--n << 18), INVALID_MFN, 9), 0);
    assert_int_equal(pool->nr_idle, TABLE_POOL_SPARE);
    /* What a toolstack sets is set aside as a whole. */
    assert_int_equal(p2m_set_pool(wd, 200 * PAGE_SIZE), 0);
    assert_int_equal(pool->owned, 200);
        world_stop(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_aside),
        cmocka_unit_test(on_demand),
        cmocka_unit_test(nothing_left),
        cmocka_unit_test(limit_on_demand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
