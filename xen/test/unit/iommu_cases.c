/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/alloc.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include "../../drivers/passthrough/private.h"
#include "fake_ram.h"
#include "iommu_world.h"

#define SPACE   4096UL          /* device frames the random tests use */

enum unit_mode unit_mode;
struct iommu_options iommu_options = { .enable = true, .superpages = true };
unsigned int iommu_deadline_ms = 1000;
bool iommu_intremap;

const struct iommu_vendor *v;
struct domain d;
s_time_t now;
static struct {
    bool used;
    uint16_t tag;
    unsigned long dfn, mfn;
    unsigned int flags;
} tlb[512];

static uint32_t rnd_state = 1;
static uint32_t rnd(uint32_t n)
{
    rnd_state = rnd_state * 1664525 + 1013904223;
    return (rnd_state >> 8) % n;
}

/* ---- what the drivers need around them ---- */

s_time_t get_s_time(void)
{
    now += MICROSECS(1);
    if (unit_mode == LATE && now % MICROSECS(8) == 0)
        v->work();
    return now;
}

/* ---- cache ---- */

void tlb_drop(uint16_t tag, unsigned long first, unsigned long count)
{
    for (size_t i = 0; i < ARRAY_SIZE(tlb); i++) {
        if (tlb[i].tag == tag && tlb[i].dfn - first < count)
            tlb[i].used = false;
    }
}

void tlb_drop_tag(uint16_t tag)
{
    for (size_t i = 0; i < ARRAY_SIZE(tlb); i++) {
        if (tlb[i].tag == tag)
            tlb[i].used = false;
    }
}

void tlb_drop_all(void)
{
    memset(tlb, 0, sizeof(tlb));
}

/* What a device gets when it goes for dfn: the cache first, as the hardware does. */
unsigned int device_access(unsigned long dfn, unsigned long *mfn)
{
    size_t slot = dfn % ARRAY_SIZE(tlb);
    unsigned int flags;

    if (tlb[slot].used && tlb[slot].dfn == dfn && tlb[slot].tag == d.iommu.priv->id) {
        *mfn = tlb[slot].mfn;
        return tlb[slot].flags;
    }
    flags = v->walk(&d, dfn, mfn);
    if (flags) {
        tlb[slot].used = true;
        tlb[slot].dfn = dfn;
        tlb[slot].tag = d.iommu.priv->id;
        tlb[slot].mfn = *mfn;
        tlb[slot].flags = flags;
    }
    return flags;
}

/* ---- the world ---- */

void start(void)
{
    memset(&d, 0, sizeof(d));
    tlb_drop_all();
    unit_mode = PROMPT;
    v->reset();
    spin_lock_init(&d.iommu.lock, LOCK_IOMMU_MAP, "iommu");
    list_init(&d.iommu.devices);
    assert_int_equal(iommu_space_init(&d, v->model), 0);
    iommu_space_join(&d, 0);
}

/* The domain goes: nothing is left of it (I2). */
void finish(void)
{
    while (iommu_space_free_tables(&d) == -ERESTART)
        continue;
    iommu_space_destroy(&d);
    assert_int_equal(charge_total(&d.charge), 0);
}

int flush_one(unsigned long dfn, unsigned long count)
{
    struct iommu_range r = { _dfn(dfn), count };

    return iommu_space_flush(&d, &r, 1);
}

/* 512 small pages that no superpage can replace. */
void fill_table(void)
{
    for (unsigned long i = 0; i < 512; i++) {
        mfn_t mfn = _mfn(0x5000 + i * 3);

        assert_int_equal(iommu_space_map(&d, _dfn(BASE + i), mfn, 0, 3), 0);
    }
}

uint64_t tables(void)
{
    const struct table_pool *pool = &d.iommu.priv->tables.pool;

    assert_int_equal(d.charge.objects[CHARGE_IOMMU_TABLE], pool->owned);
    return pool->owned - pool->nr_idle;
}

/* ---- tests ---- */

struct expect {
    unsigned long mfn;
    unsigned int flags;
};
static struct expect model[SPACE];

static void check(unsigned long off)
{
    unsigned long mfn = 0;
    unsigned int flags = device_access(BASE + off, &mfn), seen = 0;
    mfn_t looked = INVALID_MFN;

    assert_int_equal(flags, model[off].flags);
    if (flags)
        assert_int_equal(mfn, model[off].mfn);
    assert_int_equal(iommu_space_lookup(&d, _dfn(BASE + off), &looked, &seen),
                     flags != 0);
    if (flags) {
        assert_int_equal(mfn_x(looked), mfn);
        assert_int_equal(seen, flags);
    }
}

/*
 * Random changes, each followed by a flush: a device never sees anything but the model.
 */
static void random_changes(enum unit_mode mode, unsigned int rounds)
{
    start();
    unit_mode = mode;
    memset(model, 0, sizeof(model));
    for (unsigned int n = 0; n < rounds; n++) {
        unsigned int order = rnd(11), flags = rnd(4);
        unsigned long count = 1UL << order, off = rnd(SPACE) & ~(count - 1);
        unsigned long mfn = (0x100000UL + rnd(1U << 18)) & ~(count - 1);

        /* Fill the cache with what is there before. */
        for (unsigned int i = 0; i < 8; i++)
            check(off + rnd((uint32_t)count));
        if (flags)
            assert_int_equal(iommu_space_map(&d, _dfn(BASE + off), _mfn(mfn), order,
                             flags), 0);
        else
            assert_int_equal(iommu_space_unmap(&d, _dfn(BASE + off), order), 0);
        for (unsigned long i = 0; i < count; i++)
            model[off + i] = (struct expect){ mfn + i, flags };
        assert_int_equal(flush_one(BASE + off, count), 0);
        for (unsigned int i = 0; i < 8; i++) {
            check(off + rnd((uint32_t)count));
            check(rnd(SPACE));
        }
    }
    for (unsigned long off = 0; off < SPACE; off++)
        check(off);
    /* Page by page, upwards and downwards: no table but the root is left. */
    for (unsigned long off = 0; off < SPACE; off++) {
        unsigned long dfn = BASE + (off < SPACE / 2 ? off : SPACE + SPACE / 2 - 1 - off);

        assert_int_equal(iommu_space_unmap(&d, _dfn(dfn), 0), 0);
        assert_int_equal(flush_one(dfn, 1), 0);
    }
    assert_int_equal(tables(), 1);
    finish();
}

static void test_random(void **state)
{
    (void)state;
    random_changes(PROMPT, 3000);
    random_changes(LATE, 1000);
}

/* A table that was taken out stays allocated until a flush has completed (I1). */
static void test_retired_tables(void **state)
{
    uint64_t before;

    (void)state;
    start();
    fill_table();
    before = tables();
    assert_int_equal(iommu_space_map(&d, _dfn(BASE), _mfn(0x200000), 9, 3), 0);
    assert_int_equal(tables(), before);
    assert_int_equal(flush_one(BASE, 512), 0);
    assert_int_equal(tables(), before - 1);
    finish();
}

static bool cached(unsigned long dfn)
{
    size_t slot = dfn % ARRAY_SIZE(tlb);

    return tlb[slot].used && tlb[slot].dfn == dfn && tlb[slot].tag == d.iommu.priv->id;
}

/*
 * A flush for something else, as a batch that fills in the middle of a change makes: a
 * table is freed only if what led to it was flushed as well (I1).
 */
static void test_foreign_flush(void **state)
{
    static const unsigned int orders[] = { 0, 9, 10 };
    unsigned long far = BASE + (1UL << 20), mfn;

    (void)state;
    for (unsigned int n = 0; n < ARRAY_SIZE(orders); n++) {
        unsigned long last = BASE + (1UL << orders[n]) - 1;
        uint64_t before, commands;

        start();
        assert_int_equal(iommu_space_map(&d, _dfn(BASE), _mfn(0x5001), 0, 3), 0);
        assert_int_equal(iommu_space_map(&d, _dfn(last), _mfn(0x5003), 0, 3), 0);
        assert_int_equal(iommu_space_map(&d, _dfn(far), _mfn(0x5005), 0, 3), 0);
        device_access(last, &mfn);
        assert_true(cached(last));
        before = tables();
        assert_int_equal(iommu_space_unmap(&d, _dfn(BASE), orders[n]), 0);
        assert_int_equal(flush_one(far, 1), 0);
        assert_true(tables() == before || !cached(last));
        /* A flush of all that changed needs no more than its own command. */
        assert_int_equal(iommu_space_map(&d, _dfn(last), _mfn(0x5003), 0, 3), 0);
        assert_int_equal(iommu_space_unmap(&d, _dfn(BASE), orders[n]), 0);
        commands = d.iommu.stats.flush_commands;
        assert_int_equal(flush_one(BASE, 1UL << orders[n]), 0);
        assert_int_equal(d.iommu.stats.flush_commands, commands + 1);
        assert_int_equal(iommu_space_unmap(&d, _dfn(far), 0), 0);
        assert_int_equal(flush_one(far, 1), 0);
        assert_int_equal(tables(), 1);
        finish();
    }
}

/* Every allocation fails in turn: the translation is the old one (I4). */
static void test_no_memory(void **state)
{
    unsigned long mfn = 0;
    int err;

    (void)state;
    start();
    for (unsigned int n = 1;; n++) {
        alloc_fail_arm(n);
        err = iommu_space_map(&d, _dfn(BASE), _mfn(0x40000), 9, 3);
        alloc_fail_arm(0);
        if (!err)
            break;
        assert_int_equal(err, -ENOMEM);
        assert_int_equal(v->walk(&d, BASE + 5, &mfn), 0);
    }
    finish();
}

/*
 * Part of a large entry can be given back when there is no memory: of as many as there
 * are spare tables. The next one stays as it was (I4).
 */
static void test_spare_tables(void **state)
{
    const struct table_pool *pool;
    unsigned long mfn = 0, last = BASE + 512 * TABLE_POOL_SPARE;

    (void)state;
    start();
    pool = &d.iommu.priv->tables.pool;
    for (unsigned long at = BASE; at <= last; at += 512)
        assert_int_equal(iommu_space_map(&d, _dfn(at), _mfn(at - BASE + 512), 9, 3), 0);
    assert_int_equal(pool->nr_idle, TABLE_POOL_SPARE);

    alloc_fail_from(1);
    /* Not for what only comes to be: all of them stay for the others. */
    assert_int_equal(iommu_space_map(&d, _dfn(last + 513), _mfn(0x5000), 0, 3), -ENOMEM);
    assert_int_equal(iommu_tables_prepare_map(&d.iommu.priv->tables, _dfn(BASE), 0),
                     -ENOMEM);
    for (unsigned long at = BASE; at < last; at += 512) {
        assert_int_equal(iommu_space_unmap(&d, _dfn(at + 7), 0), 0);
        assert_int_equal(v->walk(&d, at + 7, &mfn), 0);
        assert_int_equal(v->walk(&d, at + 8, &mfn), 3);
        assert_int_equal(mfn, at + 8 - BASE + 512);
        assert_int_equal(flush_one(at + 7, 1), 0);
    }
    assert_int_equal(pool->nr_idle, 0);
    assert_int_equal(iommu_space_unmap(&d, _dfn(last + 7), 0), -ENOMEM);
    assert_int_equal(iommu_tables_prepare_unmap(&d.iommu.priv->tables, _dfn(last), 0),
                     -ENOMEM);
    for (unsigned long i = 0; i < 512; i++) {
        assert_int_equal(v->walk(&d, last + i, &mfn), 3);
        assert_int_equal(mfn, last + i - BASE + 512);
    }

    /* A table that goes makes up for one, as good as new, and so does one that comes. */
    assert_int_equal(iommu_space_unmap(&d, _dfn(BASE), 9), 0);
    assert_int_equal(flush_one(BASE, 512), 0);
    assert_int_equal(pool->nr_idle, 1);
    for (unsigned long i = 0; i < 512; i++) {
        assert_int_equal(iommu_space_unmap(&d, _dfn(last + i), 0), 0);
        assert_int_equal(v->walk(&d, last + i, &mfn), 0);
        assert_int_equal(flush_one(last + i, 1), 0);
        assert_int_equal(pool->nr_idle, i == 511);
    }
    alloc_fail_arm(0);
    assert_int_equal(iommu_space_map(&d, _dfn(last + 513), _mfn(0x5000), 0, 3), 0);
    assert_int_equal(pool->nr_idle, 2);
    finish();
}

/* Without its spare tables no domain begins. */
static void test_no_spare_tables(void **state)
{
    unsigned long heap = heap_free_pages();

    (void)state;
    for (unsigned int n = 1; n <= TABLE_POOL_SPARE + 2; n++) {
        memset(&d, 0, sizeof(d));
        alloc_fail_arm(n);
        assert_int_equal(iommu_space_init(&d, v->model), -ENOMEM);
        alloc_fail_arm(0);
        assert_int_equal(charge_total(&d.charge), 0);
        assert_int_equal(heap_free_pages(), heap);
    }
}

/* Without superpages a block needs several tables: those it got are given back (I4). */
static void test_half_a_block(void **state)
{
    unsigned int failed = 0;
    int err = -ENOMEM;

    (void)state;
    iommu_options.superpages = false;
    start();
    while (err) {
        alloc_fail_arm(++failed);
        err = iommu_space_map(&d, _dfn(BASE), _mfn(0x40000), 11, 3);
        alloc_fail_arm(0);
        if (!err)
            break;
        assert_int_equal(err, -ENOMEM);
        assert_int_equal(flush_one(0, 1), 0);
        assert_int_equal(tables(), 1);
    }
    assert_true(failed > 4);
    assert_true(tables() >= 5);
    finish();
    iommu_options.superpages = true;
}

/* The ring goes round many times, with more ranges than one command each. */
static void test_ring(void **state)
{
    struct iommu_range r[8];
    struct iommu_stats *st = &d.iommu.stats;

    (void)state;
    start();
    unit_mode = LATE;
    for (unsigned int n = 0; n < 2000; n++) {
        unsigned int ranges = 1 + n % 8;

        for (unsigned int i = 0; i < ranges; i++)
            r[i] = (struct iommu_range){ _dfn(BASE + rnd(SPACE)), 1 + rnd(600) };
        assert_int_equal(iommu_space_flush(&d, r, ranges), 0);
    }
    assert_int_equal(st->flush_waits, 2000);
    assert_true(st->flush_commands >= 2000 && st->flush_commands <= 9000);
    finish();
}

static void test_coverage(void **state)
{
    (void)state;
    for (unsigned int order = 0; order <= v->max_order; order++) {
        unsigned long dfn = (0x123456789UL >> order) << order, first, count;

        v->coverage(dfn, order, &first, &count);
        assert_int_equal(first, dfn);
        assert_int_equal(count, 1UL << order);
    }
}

/* Tags: never 0, never one that is in use; without any, nothing is left behind. */
static void test_tags(void **state)
{
    struct iommu_model few = *v->model;
    struct domain other = { 0 };

    (void)state;
    start();
    assert_int_not_equal(d.iommu.priv->id, 0);
    spin_lock_init(&other.iommu.lock, LOCK_IOMMU_MAP, "iommu");
    assert_int_equal(iommu_space_init(&other, v->model), 0);
    assert_int_not_equal(other.iommu.priv->id, 0);
    assert_int_not_equal(other.iommu.priv->id, d.iommu.priv->id);
    few.max_ids = other.iommu.priv->id + 1u;
    while (iommu_space_free_tables(&other) == -ERESTART)
        continue;
    iommu_space_destroy(&other);
    assert_int_equal(iommu_space_init(&other, &few), 0);
    while (iommu_space_free_tables(&other) == -ERESTART)
        continue;
    iommu_space_destroy(&other);
    few.max_ids--;
    assert_int_equal(iommu_space_init(&other, &few), -ENOSPC);
    assert_null(other.iommu.priv);
    assert_int_equal(charge_total(&other.charge), 0);
    finish();
}

/* More than a page command covers, or more ranges than fit: everything goes at once. */
static void test_whole(void **state)
{
    struct iommu_range r[32];
    unsigned long mfn;

    (void)state;
    for (unsigned int n = 0; n < 2; n++) {
        start();
        assert_int_equal(iommu_space_map(&d, _dfn(BASE), _mfn(0x5000), 0, 3), 0);
        assert_int_equal(flush_one(BASE, 1), 0);
        assert_int_equal(device_access(BASE, &mfn), 3);
        assert_int_equal(iommu_space_unmap(&d, _dfn(BASE), 0), 0);
        for (unsigned int i = 0; i < 32; i++)
            r[i] = (struct iommu_range){ _dfn(BASE + 31 - i), 1 };
        if (n == 0)
            assert_int_equal(flush_one(0, 1UL << (v->max_order + 1)), 0);
        else
            assert_int_equal(iommu_space_flush(&d, r, 32), 0);
        assert_int_equal(d.iommu.stats.flush_commands, 2);
        assert_int_equal(device_access(BASE, &mfn), 0);
        finish();
    }
}

static void test_refusals(void **state)
{
    unsigned long mfn;

    (void)state;
    start();
    assert_int_equal(iommu_space_map(&d, _dfn(1), _mfn(2), 1, 3), -EINVAL);
    assert_int_equal(iommu_space_map(&d, _dfn(2), _mfn(1), 1, 3), -EINVAL);
    assert_int_equal(iommu_space_map(&d, _dfn(0), _mfn(0), 19, 3), -EINVAL);
    assert_int_equal(iommu_space_map(&d, _dfn(1UL << 50), _mfn(0), 0, 3), -EINVAL);
    assert_int_equal(iommu_space_unmap(&d, _dfn(1), 1), -EINVAL);
    assert_int_equal(iommu_space_unmap(&d, _dfn(1UL << 50), 0), 0);
    assert_int_equal(v->walk(&d, 0, &mfn), 0);
    finish();
}

int run_iommu_cases(const struct iommu_vendor *vendor)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_retired_tables),
        cmocka_unit_test(test_foreign_flush),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_spare_tables),
        cmocka_unit_test(test_no_spare_tables),
        cmocka_unit_test(test_half_a_block),
        cmocka_unit_test(test_ring),
        cmocka_unit_test(test_coverage),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_whole),
    };
    static bool have_ram;

    v = vendor;
    if (!have_ram)
        fake_ram_init();
    have_ram = true;
    return cmocka_run_group_tests_name(vendor->name, tests, NULL, NULL) +
           run_iommu_lost_cases();
}
