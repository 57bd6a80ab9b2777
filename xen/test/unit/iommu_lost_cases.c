/* SPDX-License-Identifier: GPL-2.0-only */
/* Units that stop answering, in the world of iommu_cases.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <xen/alloc.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include "fake_ram.h"
#include "iommu_world.h"

/* A unit that stops: defined error, nothing reused, no second wait (I1, I8). */
static void test_stall(void **state)
{
    unsigned long quarantined = quarantined_pages, heap = heap_free_pages();
    uint64_t before;
    s_time_t t;

    (void)state;
    start();
    fill_table();
    assert_int_equal(iommu_space_map(&d, _dfn(BASE), _mfn(0x200000), 9, 3), 0);
    before = tables();
    unit_mode = STALLED;
    t = now;
    assert_int_equal(flush_one(BASE, 512), -ETIMEDOUT);
    assert_true(now - t >= MILLISECS(iommu_deadline_ms));
    assert_int_equal(tables(), before);
    /* It is given up: coming back to life does not count, and nobody waits again. */
    unit_mode = PROMPT;
    t = now;
    assert_int_equal(flush_one(BASE, 512), -ETIMEDOUT);
    assert_true(now - t < MILLISECS(1));
    /* A unit that is left is not asked again: what it may have cached is remembered. */
    assert_false(d.iommu.poisoned);
    iommu_space_join(&d, 0);
    assert_int_equal(iommu_space_leave(&d, 0), -ETIMEDOUT);
    assert_true(d.iommu.poisoned);
    finish();
    assert_int_equal(quarantined_pages - quarantined, before);
    /* All but the tables is back, apart from what the fake unit itself keeps. */
    assert_true(heap - heap_free_pages() >= before);
}

/* ---- a second unit, which stops answering ---- */

static bool second_stalls;
static unsigned int second_asked;

static uint64_t post_two(unsigned int unit, const struct iommu_command *cmds,
                         unsigned int n)
{
    second_asked += unit;
    return unit ? 1 : v->model->post(unit, cmds, n);
}

static int wait_two(unsigned int unit, uint64_t number)
{
    if (unit)
        return second_stalls ? -ETIMEDOUT : 0;
    return v->model->wait(unit, number);
}

static bool never_dead(unsigned int unit)
{
    (void)unit;
    return false;
}

static bool dead_two(unsigned int unit)
{
    return unit ? second_stalls : v->model->dead(unit);
}

/*
 * What the silent one may walk stays out of the heap for good, also when it serves the
 * domain no more and the other goes on answering (I1).
 */
static void test_two_units(void **state)
{
    unsigned long quarantined = quarantined_pages, mfn;
    struct iommu_model two = *v->model;
    uint64_t before;

    (void)state;
    two.post = post_two;
    two.wait = wait_two;
    two.dead = dead_two;
    two.settle = NULL;
    second_stalls = false;
    start();
    d.iommu.priv->model = &two;
    iommu_space_join(&d, 1);
    fill_table();
    assert_int_equal(device_access(BASE, &mfn), 3);
    assert_int_equal(iommu_space_map(&d, _dfn(BASE), _mfn(0x200000), 9, 3), 0);
    before = tables();
    second_stalls = true;
    assert_int_equal(flush_one(BASE, 512), -ETIMEDOUT);
    assert_int_equal(device_access(BASE, &mfn), 3);
    assert_int_equal(mfn, 0x200000);
    assert_int_equal(iommu_space_leave(&d, 1), -ETIMEDOUT);
    assert_true(d.iommu.poisoned);
    assert_int_equal(tables(), before);

    /* The other is served as ever, and asked alone. */
    second_asked = 0;
    assert_int_equal(iommu_space_unmap(&d, _dfn(BASE), 9), 0);
    assert_int_equal(flush_one(BASE, 512), -ETIMEDOUT);
    assert_int_equal(device_access(BASE, &mfn), 0);
    assert_int_equal(iommu_space_leave(&d, 0), 0);
    assert_int_equal(second_asked, 0);
    assert_int_equal(tables(), before);
    finish();
    assert_int_equal(quarantined_pages - quarantined, before);
}

/* A unit that misses the last flush, though it is not given up: as if it were (I1). */
static void test_poisoned(void **state)
{
    unsigned long quarantined = quarantined_pages;
    struct iommu_model two = *v->model;
    uint64_t before;

    (void)state;
    two.post = post_two;
    two.wait = wait_two;
    two.dead = never_dead;
    two.settle = NULL;
    second_stalls = true;
    start();
    fill_table();
    d.iommu.priv->model = &two;
    iommu_space_join(&d, 1);
    before = tables();
    assert_int_equal(iommu_space_leave(&d, 1), -ETIMEDOUT);
    assert_true(d.iommu.poisoned);
    finish();
    assert_int_equal(quarantined_pages - quarantined, before);
}

/* The write buffer does not empty: the unit is given up, and asked no second time. */
static void test_write_buffer(void **state)
{
    unsigned long quarantined = quarantined_pages;
    uint64_t before;

    (void)state;
    if (!v->stick)
        return;
    start();
    fill_table();
    before = tables();
    v->stick();
    assert_int_equal(flush_one(BASE, 1), -ETIMEDOUT);
    assert_true(v->model->dead(0));
    assert_int_equal(flush_one(BASE, 1), -ETIMEDOUT);
    assert_int_equal(iommu_space_leave(&d, 0), -ETIMEDOUT);
    finish();
    assert_int_equal(quarantined_pages - quarantined, before);
}

static void change(unsigned long dfn, unsigned int order, unsigned long mfn)
{
    unsigned long seen = 0;

    if (mfn)
        assert_int_equal(iommu_space_map(&d, _dfn(dfn), _mfn(mfn), order, 3), 0);
    else
        assert_int_equal(iommu_space_unmap(&d, _dfn(dfn), order), 0);
    assert_int_equal(flush_one(dfn, 1UL << order), -ETIMEDOUT);
    for (unsigned long i = 0; i < 1UL << order; i++) {
        assert_int_equal(v->walk(&d, dfn + i, &seen), mfn ? 3 : 0);
        assert_true(!mfn || seen == mfn + i);
    }
}

/*
 * A domain that lives on when a unit is lost, as domain 0 does: its changes still show in
 * its tables, and what they cost does not grow with their number (I2, I6).
 */
static void test_after_stall(void **state)
{
    struct iommu_range other = { _dfn(0), 1 };
    uint64_t before = 0;

    (void)state;
    start();
    assert_int_equal(iommu_space_map(&d, _dfn(BASE + 1024), _mfn(0x300000), 9, 3), 0);
    fill_table();
    assert_int_equal(iommu_space_unmap(&d, _dfn(BASE), 9), 0);
    unit_mode = STALLED;
    assert_int_equal(flush_one(BASE + 4096, 1), -ETIMEDOUT);
    /* What waits for a flush that will not come is not looked through each time. */
    assert_int_equal(iommu_tables_missed(&d.iommu.priv->tables, &other, 1).count, 0);
    for (unsigned int n = 0; n < 50; n++) {
        change(BASE + 7, 0, 0x5000);
        change(BASE + 7, 0, 0);
        change(BASE, 9, 0x200000);
        change(BASE + 5, 0, 0);
        change(BASE + 1024, 9, 0x400000);
        change(BASE, 11, 0);
        change(BASE, 11, 0x600000);
        change(BASE + 512, 9, 0);
        if (n == 0)
            before = tables();
    }
    assert_int_equal(tables(), before);
    finish();
}

/* A superpage that goes as it is needs no memory then either. */
static void test_after_stall_superpage(void **state)
{
    (void)state;
    start();
    assert_int_equal(iommu_space_map(&d, _dfn(BASE), _mfn(0x300000), 9, 3), 0);
    unit_mode = STALLED;
    assert_int_equal(flush_one(BASE, 512), -ETIMEDOUT);
    alloc_fail_arm(1);
    change(BASE, 9, 0);
    alloc_fail_arm(0);
    finish();
}

/* A change that fails half-way: what no unit ever saw goes back to the heap. */
static void test_after_stall_no_memory(void **state)
{
    unsigned long quarantined = quarantined_pages, heap;
    unsigned int failed = 0;
    uint64_t before;
    int err;

    (void)state;
    start();
    fill_table();
    unit_mode = STALLED;
    assert_int_equal(flush_one(BASE, 1), -ETIMEDOUT);
    before = tables();
    heap = heap_free_pages();
    do {
        assert_int_equal(tables(), before);
        assert_int_equal(heap_free_pages(), heap);
        alloc_fail_arm(++failed);
        err = iommu_space_map(&d, _dfn(BASE + (1UL << 26)), _mfn(0x5000), 0, 3);
        alloc_fail_arm(0);
    } while (err == -ENOMEM);
    assert_int_equal(err, 0);
    assert_true(failed > 2);
    before = tables();
    assert_int_equal(quarantined_pages, quarantined);
    finish();
    /* What was linked is what stays away. */
    assert_int_equal(quarantined_pages - quarantined, before);
}

int run_iommu_lost_cases(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_units),
        cmocka_unit_test(test_stall),
        cmocka_unit_test(test_poisoned),
        cmocka_unit_test(test_write_buffer),
        cmocka_unit_test(test_after_stall),
        cmocka_unit_test(test_after_stall_superpage),
        cmocka_unit_test(test_after_stall_no_memory),
    };
    char name[64];

    strcpy(name, v->name);
    strcat(name, ", lost");
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
