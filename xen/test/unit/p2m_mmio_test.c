/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device memory in a p2m. Broken, a call that fails takes away what was mapped before it,
 * or leaves a part of what it was to do.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include <cmocka.h>

#include <xen/alloc.h>
#include <xen/errno.h>
#include <xen/lib.h>

#include "p2m_world.h"

static enum p2m_type type_at(unsigned long gfn)
{
    enum p2m_type t;

    (void)p2m_lookup(wd, _gfn(gfn), &t, NULL);
    return t;
}

/* Processor time, of which a test here takes less than a hundredth. */
#define LIMIT_SECONDS 20

static void no_end(int signal)
{
    static const char text[] = "\nwork on device memory without an end\n";

    (void)signal;
    _exit(write(STDOUT_FILENO, text, sizeof(text) - 1) > 0 ? 1 : 2);
}

static int limit(void **state)
{
    struct itimerval timer = { .it_value.tv_sec = LIMIT_SECONDS };

    (void)state;
    signal(SIGVTALRM, no_end);
    return setitimer(ITIMER_VIRTUAL, &timer, NULL);
}

static void device_memory(void **state)
{
    struct pt_leaf leaf;
    struct page_info *pg;

    (void)state;
    world_start();
    assert_non_null(pg = domain_alloc_pages(wd, 0, 0));
    assert_int_equal(p2m_map_mmio(wd, _gfn(0xe0000), _mfn(0xe0000), 1024 + 3), 0);
    leaf = pt_lookup(&wd->arch.p2m->pt, 0xe0000 + 512);
    assert_int_equal(leaf.level, 1);
    assert_int_equal(leaf.attr & PT_CACHE_MASK, PT_UC_MINUS);
    /* Again is fine; something else is not; RAM is not. */
    assert_int_equal(p2m_map_mmio(wd, _gfn(0xe0000), _mfn(0xe0000), 1024 + 3), 0);
    assert_int_equal(p2m_map_mmio(wd, _gfn(0xe0001), _mfn(0xe0000), 1), -EEXIST);
    assert_int_equal(p2m_map_one(wd, _gfn(W_BASE + 3), page_to_mfn(pg), 0,
                                 P2M_RAM_RW), 0);
    assert_int_equal(p2m_map_mmio(wd, _gfn(W_BASE), _mfn(0xe0000), 8), -EEXIST);
    assert_int_equal(p2m_unmap_mmio(wd, _gfn(0xe0000), _mfn(0xe0001), 4), -EINVAL);
    assert_int_equal(p2m_unmap_mmio(wd, _gfn(0xe0000), _mfn(0xe0000), 4), 0);
    assert_int_equal(type_at(0xe0003), P2M_NONE);
    assert_int_equal(type_at(0xe0004), P2M_MMIO_DIRECT);
    assert_int_equal(p2m_map_mmio(wd, _gfn(~0ul), _mfn(0), 2), -EINVAL);
    assert_int_equal(p2m_map_mmio(wd, _gfn(~1ul), _mfn(0), 1), -EINVAL);
    assert_int_equal(p2m_unmap_mmio(wd, _gfn(~1ul), _mfn(0), 1), -EINVAL);
    world_stop(false);
}

/*
 * Too few pages for tables, at each number of them: what was there before the call stays,
 * nothing of the call does, and no table is left behind.
 */
static void device_memory_no_memory(void **state)
{
    const unsigned long from = 0xe0000 + 510, n = 512 + 4;
    struct table_pool *pool;
    unsigned int failures = 0;
    unsigned long was;
    int rc;

    (void)state;
    world_start();
    pool = &wd->arch.p2m->pool;
    assert_int_equal(p2m_map_mmio(wd, _gfn(from), _mfn(from), 1), 0);
    was = pool->owned - pool->nr_idle;
    for (;; failures++) {
        pool->limit = pool->owned - pool->nr_idle + failures;
        assert_int_equal(p2m_set_pool(wd, pool->limit * PAGE_SIZE), 0);
        rc = p2m_map_mmio(wd, _gfn(from), _mfn(from), n);
        if (!rc)
            break;
        assert_int_equal(rc, -ENOMEM);
        assert_int_equal(type_at(from), P2M_MMIO_DIRECT);
        assert_int_equal(type_at(from + 1), P2M_NONE);
        assert_int_equal(type_at(from + 2), P2M_NONE);
        assert_int_equal(type_at(from + n - 1), P2M_NONE);
        assert_int_equal(pool->owned - pool->nr_idle, was);
    }
    assert_int_equal(failures, 1);
    /* Removal from both sides of a large entry: the second split fails, both stay. */
    assert_int_equal(p2m_set_pool(wd, 64 * PAGE_SIZE), 0);
    assert_int_equal(p2m_map_mmio(wd, _gfn(0xf0000), _mfn(0xf0000), 1024), 0);
    pool->limit = pool->owned - pool->nr_idle + 1;
    assert_int_equal(p2m_set_pool(wd, pool->limit * PAGE_SIZE), 0);
    assert_int_equal(p2m_unmap_mmio(wd, _gfn(0xf0001), _mfn(0xf0001), 1022), -ENOMEM);
    assert_int_equal(type_at(0xf0001), P2M_MMIO_DIRECT);
    assert_int_equal(p2m_set_pool(wd, 64 * PAGE_SIZE), 0);
    assert_int_equal(p2m_unmap_mmio(wd, _gfn(0xf0001), _mfn(0xf0001), 1022), 0);
    assert_int_equal(type_at(0xf0000), P2M_MMIO_DIRECT);
    assert_int_equal(type_at(0xf0001), P2M_NONE);
    assert_int_equal(type_at(0xf03fe), P2M_NONE);
    assert_int_equal(type_at(0xf03ff), P2M_MMIO_DIRECT);
    world_stop(false);
}

/*
 * How much work it is to map and unmap a BAR is not the guest's choice: tables in which
 * it had pages once do not cut it into single frames.
 */
static void empty_tables(void **state)
{
    const unsigned long from = 0xc0000, n = 512 * 512;
    struct p2m *p2m;
    unsigned long tables;
    struct page_info *pg;

    (void)state;
    world_start();
    p2m = wd->arch.p2m;
    tables = p2m->pool.owned - p2m->pool.nr_idle;
    assert_non_null(pg = domain_alloc_pages(wd, 0, 0));
    for (unsigned long gfn = from; gfn < from + n; gfn += n / 16) {
        assert_int_equal(p2m_map_one(wd, _gfn(gfn), page_to_mfn(pg), 0, P2M_RAM_RW), 0);
        assert_int_equal(p2m_unmap_one(wd, _gfn(gfn), page_to_mfn(pg), 0), 0);
    }
    assert_true(p2m->pool.owned - p2m->pool.nr_idle >= tables + 16);
    assert_int_equal(p2m_map_mmio(wd, _gfn(from), _mfn(0x40000), n), 0);
    for (unsigned long gfn = from; gfn < from + n; gfn += 512) {
        struct pt_leaf leaf = pt_lookup(&p2m->pt, gfn);

        assert_int_equal(leaf.mfn, 0x40000 + gfn - from);
        assert_int_equal(leaf.level, p2m->pt.max_leaf);
    }
    assert_int_equal(p2m_unmap_mmio(wd, _gfn(from), _mfn(0x40000), n), 0);
    assert_int_equal(type_at(from), P2M_NONE);
    assert_int_equal(type_at(from + n - 1), P2M_NONE);
    assert_int_equal(p2m->pool.owned - p2m->pool.nr_idle, tables);
    world_stop(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(device_memory, limit),
        cmocka_unit_test(device_memory_no_memory),
        cmocka_unit_test(empty_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
