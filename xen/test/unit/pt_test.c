/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page-table engine: random operations against a model, in which after every
 * single store each page it could have touched must translate to what it was before the
 * operation or to what it will be after it. Tables: none lost, none freed early.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <xen/errno.h>
#include <xen/lib.h>

#include "pt_fake.h"

#define WINDOW  (5 * 512u)      /* pages under close watch */
#define BASE    (3 * 512ul)     /* not aligned to 1 GiB, reaches over no end */

noreturn void bug_fail(const char *file, int line, const char *what)
{
    fail_msg("%s:%d: %s", file, line, what);
    abort();
}

struct page_model {
    unsigned long mfn;
    unsigned int perm;          /* 0: not mapped */
    pt_attr_t attr;
};

struct bench {
    struct pt_world w;
    struct pt pt;
    struct page_model old[WINDOW], now[WINDOW];
    unsigned long stores;
    bool armed;
};

static const struct {
    const struct pt_format *fmt;
    unsigned int levels;
} formats[] = {
    { &pt_x86, 4 }, { &pt_npt, 4 }, { &pt_ept, 4 }, { &pt_amdvi, 3 },
    { &pt_amdvi, 6 }, { &pt_vtd, 3 }, { &pt_vtd, 4 },
};
#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

static unsigned int rnd_state;

static unsigned int rnd(unsigned int n)
{
    rnd_state = rnd_state * 1664525u + 1013904223u;
    return (unsigned int)(((uint64_t)rnd_state * n) >> 32);
}

static unsigned int visible_perm(const struct pt *pt, pt_attr_t attr)
{
    return attr & pt->fmt->attr_mask & PT_RWX;
}

/* What of an attribute comes back. EPT has one kind of uncached. */
static pt_attr_t kept_attr(const struct pt_format *fmt, pt_attr_t attr)
{
    attr &= fmt->attr_mask;
    if (fmt == &pt_ept && (attr & PT_CACHE_MASK) == PT_UC_MINUS)
        attr |= PT_UC;
    return attr;
}

static bool agrees(const struct hw_result *r, const struct page_model *m)
{
    if (!m->perm)
        return !r->ok;
    return r->ok && r->mfn == m->mfn && r->perm == m->perm;
}

static void check_page(struct bench *b, unsigned int i, bool during)
{
    struct hw_result r = hw_walk(&b->w, &b->pt, BASE + i);

    if (agrees(&r, &b->now[i]) || (during && agrees(&r, &b->old[i])))
        return;
    fail_msg("%s: page %u translates to %#lx perm %u (level %u); was %#lx/%u, becomes "
             "%#lx/%u", b->pt.fmt->name, i, r.mfn, r.perm, r.level, b->old[i].mfn,
             b->old[i].perm, b->now[i].mfn, b->now[i].perm);
}

/* After one store: every page of the window whose walk passes through that entry. */
static void watch(struct pt_world *w, unsigned long table_mfn, unsigned int index)
{
    struct bench *b = w->priv;
    unsigned int block, i, level;

    b->stores++;
    if (!b->armed)
        return;
    for (block = 0; block < WINDOW; block += 512) {
        struct hw_result r = hw_walk(w, &b->pt, BASE + block);

        for (level = 0; level < b->pt.levels; level++) {
            if (r.tables[level] != table_mfn)
                continue;
            for (i = block; i < block + 512; i++)
                if ((((BASE + i) >> (9 * level)) & 511) == index)
                    check_page(b, i, true);
        }
    }
}

static void setup(struct bench *b, unsigned int f, unsigned int max_leaf)
{
    memset(b, 0, sizeof(*b));
    world_init(&b->w);
    b->w.priv = b;
    b->w.on_store = watch;
    assert_int_equal(pt_init(&b->pt, formats[f].fmt, &fake_pt_ops, &b->w,
                             formats[f].levels, max_leaf), 0);
    b->armed = true;
}

static unsigned int reachable(struct bench *b, unsigned long table, unsigned int level)
{
    const pt_entry_t *e = world_table(&b->w, table);
    unsigned int i, n = 1;

    for (i = 0; level && i < PT_ENTRIES; i++)
        if (pt_present(b->pt.fmt, e[i]) && !pt_is_leaf(b->pt.fmt, level, e[i]))
            n += reachable(b, pt_mfn(b->pt.fmt, level, e[i]), level - 1);
    return n;
}

static void settle(struct bench *b)
{
    unsigned int i;

    world_flush(&b->w);
    for (i = 0; i < WINDOW; i++) {
        struct pt_leaf l = pt_lookup(&b->pt, BASE + i);

        check_page(b, i, false);
        assert_int_equal(visible_perm(&b->pt, l.attr), b->now[i].perm);
        if (b->now[i].perm) {
            assert_int_equal(l.mfn, b->now[i].mfn);
            assert_int_equal(l.attr, kept_attr(b->pt.fmt, b->now[i].attr));
        }
    }
    memcpy(b->old, b->now, sizeof(b->old));
    assert_int_equal(reachable(b, b->pt.root, b->pt.levels - 1), b->w.live);
}

static void teardown(struct bench *b)
{
    int rc;

    b->armed = false;
    do {
        rc = pt_destroy(&b->pt, 3);
    } while (rc == -ERESTART);
    assert_int_equal(rc, 0);
    assert_int_equal(b->w.live, 0);
    assert_int_equal(b->w.retired, 0);
    world_fini(&b->w);
}

static pt_attr_t rnd_attr(void)
{
    static const pt_attr_t perms[] = { PT_R, PT_RW, PT_RWX, PT_R | PT_X };

    return perms[rnd(4)] | (rnd(6) << PT_CACHE_SHIFT) | PT_SOFT(rnd(16));
}

static void model_set(struct bench *b, unsigned int i, unsigned int n,
                      unsigned long mfn, pt_attr_t attr)
{
    for (; n--; i++, mfn++)
        b->now[i] = (struct page_model){
            .mfn = mfn, .perm = visible_perm(&b->pt, attr), .attr = attr };
}

/* Pages of the range that an interrupted operation did not reach stay as they were. */
static void model_cut(struct bench *b, unsigned int i, unsigned int n,
                      unsigned long done)
{
    assert_true(done <= n);
    memcpy(&b->now[i + done], &b->old[i + done], (n - done) * sizeof(b->now[0]));
}

static void rnd_range(unsigned int *i, unsigned int *n)
{
    if (rnd(2)) {
        *i = rnd(WINDOW / 512) * 512;
        *n = (1 + rnd((WINDOW - *i) / 512)) * 512;
    } else {
        *i = rnd(WINDOW);
        *n = 1 + rnd(rnd(4) ? 8 : WINDOW - *i);
        if (*n > WINDOW - *i)
            *n = WINDOW - *i;
    }
}

static void op_range(struct bench *b, bool map)
{
    struct pt_cursor cur = { .budget = rnd(3) ? 0 : 1 + rnd(100) };
    unsigned long mfn = rnd(2) ? 512ul * (2000 + rnd(1000)) : 1000000 + rnd(100000);
    pt_attr_t attr = map ? rnd_attr() : 0;
    unsigned int i, n;
    int rc;

    rnd_range(&i, &n);
    if (rnd(2))
        mfn += i % 512;
    model_set(b, i, n, mfn, attr);
    if (!rnd(4))
        b->w.fail_at = 1 + rnd(4);
    do {
        rc = map ? pt_map(&b->pt, BASE + i, mfn, n, attr, &cur)
                 : pt_unmap(&b->pt, BASE + i, n, &cur);
    } while (rc == -ERESTART);
    b->w.fail_at = 0;
    assert_true(rc == 0 || rc == -ENOMEM);
    if (rc)
        model_cut(b, i, n, cur.done);
    else
        assert_int_equal(cur.done, n);
}

static void op_set(struct bench *b)
{
    unsigned int level = rnd(3) == 0, n = level ? 512 : 1;
    unsigned int i = rnd(WINDOW) & ~(n - 1);
    unsigned long mfn = (3000000ul + rnd(100000)) & ~(unsigned long)(n - 1);
    pt_attr_t attr = rnd(3) ? rnd_attr() : 0;
    int rc;

    if (!rnd(3))
        b->w.fail_at = 1 + rnd(3);
    rc = pt_prepare(&b->pt, BASE + i, level);
    b->w.fail_at = 0;
    if (rc) {
        assert_int_equal(rc, -ENOMEM);
        return;
    }
    model_set(b, i, n, mfn, attr);
    pt_set(&b->pt, BASE + i, level, mfn, attr);
}

static void op_shape(struct bench *b)
{
    unsigned int i = rnd(WINDOW);

    switch (rnd(3)) {
    case 0:
        pt_coalesce(&b->pt, BASE + i, 1 + rnd(2));
        break;
    case 1:
        if (!rnd(2))
            b->w.fail_at = 1;
        (void)!pt_split(&b->pt, BASE + i, 0);
        b->w.fail_at = 0;
        break;
    case 2:
        pt_prune(&b->pt, BASE + i);
        break;
    }
}

static void random_ops(void **state)
{
    unsigned int f, round;

    (void)state;
    for (f = 0; f < N_FORMATS; f++) {
        struct bench *b = malloc(sizeof(*b));

        rnd_state = 12345 + f;
        setup(b, f, f & 1 ? 2 : 1);
        for (round = 0; round < 1200; round++) {
            switch (rnd(8)) {
            case 0: case 1: case 2:
                op_range(b, true);
                break;
            case 3: case 4:
                op_range(b, false);
                break;
            case 5: case 6:
                op_set(b);
                break;
            case 7:
                op_shape(b);
                break;
            }
            settle(b);
        }
        assert_true(b->stores > 10000);
        teardown(b);
        free(b);
    }
}

/* A range that needs tables: the nth allocation fails, for each n; then it works. */
static void each_allocation_fails(void **state)
{
    unsigned int f;

    (void)state;
    for (f = 0; f < N_FORMATS; f++) {
        unsigned long n;
        bool failed = true;

        for (n = 1; failed; n++) {
            struct bench *b = malloc(sizeof(*b));
            struct pt_cursor c = { .done = 0 }, c2 = { .done = 0 };
            int rc;

            setup(b, f, 2);
            model_set(b, 0, 1024, 512 * 90, PT_RW);
            assert_int_equal(pt_map(&b->pt, BASE, 512 * 90, 1024, PT_RW, &c), 0);
            settle(b);

            model_set(b, 3, 1500, 777777, PT_R);
            b->w.fail_at = n;
            rc = pt_map(&b->pt, BASE + 3, 777777, 1500, PT_R, &c2);
            failed = rc == -ENOMEM;
            if (failed)
                model_cut(b, 3, 1500, c2.done);
            else
                assert_int_equal(rc, 0);
            b->w.fail_at = 0;
            settle(b);
            teardown(b);
            free(b);
        }
        assert_true(n > 3);
    }
}

/* 1 GiB leaves: used when allowed, split to the page asked for, put together again. */
static void huge_pages(void **state)
{
    const unsigned long gig = 512 * 512;
    unsigned int f;

    (void)state;
    for (f = 0; f < N_FORMATS; f++) {
        struct bench *b = malloc(sizeof(*b));
        struct pt_cursor c = { .done = 0 };
        struct hw_result r;
        unsigned int tables;

        setup(b, f, 2);
        b->armed = false;
        assert_int_equal(pt_map(&b->pt, gig, 7 * gig, 2 * gig, PT_RW, &c), 0);
        tables = b->w.live;
        r = hw_walk(&b->w, &b->pt, gig + 12345);
        assert_true(r.ok && r.level == 2 && r.mfn == 7 * gig + 12345);

        assert_int_equal(pt_split(&b->pt, gig + 12345, 0), 0);
        assert_int_equal(b->w.live, tables + 2);
        r = hw_walk(&b->w, &b->pt, gig + 12345);
        assert_true(r.ok && r.level == 0 && r.mfn == 7 * gig + 12345);
        r = hw_walk(&b->w, &b->pt, gig + 400 * 512 + 1);
        assert_true(r.ok && r.level == 1 && r.mfn == 7 * gig + 400 * 512 + 1);

        assert_false(pt_coalesce(&b->pt, gig + 12345, 2));
        assert_true(pt_coalesce(&b->pt, gig + 12345, 1));
        assert_true(pt_coalesce(&b->pt, gig + 12345, 2));
        assert_int_equal(b->w.retired, 2);
        world_flush(&b->w);
        assert_int_equal(b->w.live, tables);

        /* One page out of the middle, then the rest: every table but the root goes. */
        c.done = 0;
        assert_int_equal(pt_unmap(&b->pt, gig + 77777, 1, &c), 0);
        assert_false(hw_walk(&b->w, &b->pt, gig + 77777).ok);
        assert_true(hw_walk(&b->w, &b->pt, gig + 77778).ok);
        assert_true(hw_walk(&b->w, &b->pt, gig + 77776).ok);
        c = (struct pt_cursor){ .budget = 7 };
        while (pt_unmap(&b->pt, 0, pt_limit(&b->pt), &c) == -ERESTART)
            ;
        world_flush(&b->w);
        assert_int_equal(b->w.live, 1);
        teardown(b);
        free(b);
    }
}

/* A 1 GiB leaf over a populated gigabyte retires 1 + 512 tables, each once. */
static void big_over_small(void **state)
{
    const unsigned long gig = 512 * 512;
    struct bench *b = malloc(sizeof(*b));
    struct pt_cursor c = { .budget = 1000 };
    unsigned long i;
    int rc;

    (void)state;
    setup(b, 1, 0);
    b->armed = false;
    do {
        rc = pt_map(&b->pt, gig, 99, gig, PT_RWX, &c);
        assert_true(c.done == gig || c.done % 1000 == 0 || rc == 0);
    } while (rc == -ERESTART);
    assert_int_equal(rc, 0);
    b->pt.max_leaf = 2;
    c = (struct pt_cursor){ .done = 0 };
    assert_int_equal(pt_map(&b->pt, gig, 4 * gig, gig, PT_RWX, &c), 0);
    assert_int_equal(b->w.retired, 513);
    world_flush(&b->w);
    for (i = 0; i < gig; i += 4093)
        assert_int_equal(hw_walk(&b->w, &b->pt, gig + i).mfn, 4 * gig + i);
    teardown(b);
    free(b);
}

static void prune_and_bounds(void **state)
{
    struct bench *b = malloc(sizeof(*b));
    struct pt_cursor c = { .done = 0 };
    struct pt bad;
    unsigned long end;

    (void)state;
    setup(b, 1, 2);
    end = pt_limit(&b->pt);
    assert_int_equal(pt_init(&bad, &pt_npt, &fake_pt_ops, &b->w, 3, 0), -EINVAL);
    assert_int_equal(pt_init(&bad, &pt_npt, &fake_pt_ops, &b->w, 6, 0), -EINVAL);
    assert_int_equal(pt_prepare(&b->pt, end, 0), -EINVAL);
    assert_int_equal(pt_prepare(&b->pt, 0, 4), -EINVAL);
    assert_int_equal(pt_map(&b->pt, end - 1, 5, 2, PT_R, &c), -EINVAL);
    assert_int_equal(pt_map(&b->pt, 1, 5, ~0ul, PT_R, &c), -EINVAL);
    assert_int_equal(pt_map(&b->pt, 1, 5, 1, PT_WT, &c), -EINVAL);
    assert_int_equal(pt_unmap(&b->pt, end, 1, &c), -EINVAL);
    assert_int_equal(pt_split(&b->pt, end, 0), -EINVAL);
    assert_int_equal(pt_lookup(&b->pt, end).attr, 0);
    assert_int_equal(pt_lookup(&b->pt, ~0ul).attr, 0);
    assert_int_equal(b->w.live, 1);

    assert_int_equal(pt_prepare(&b->pt, BASE, 0), 0);
    assert_int_equal(b->w.live, 4);
    model_set(b, 511, 1, 5, PT_R);
    assert_int_equal(pt_map(&b->pt, BASE + 511, 5, 1, PT_R, &c), 0);
    assert_int_equal(pt_prune(&b->pt, BASE), 0);
    settle(b);
    model_set(b, 511, 1, 5, 0);
    pt_clear(&b->pt, BASE + 511, 0);
    /* Tables that are known to be empty are not searched for tables below them. */
    b->w.looks = 0;
    assert_int_equal(pt_prune(&b->pt, BASE), 3);
    assert_in_range(b->w.looks, 1, 32);
    assert_int_equal(b->w.live, 1);
    settle(b);
    teardown(b);
    free(b);
}

static void attributes_survive(void **state)
{
    unsigned int f, level, cache, soft, perm;

    (void)state;
    for (f = 0; f < N_FORMATS; f++) {
        const struct pt_format *fmt = formats[f].fmt;

        for (level = 0; level < 3; level++)
            for (cache = 0; cache < 6; cache++)
                for (soft = 0; soft < 16; soft++)
                    for (perm = 0; perm < 4; perm++) {
                        static const pt_attr_t p[] = { PT_R, PT_RW, PT_R | PT_X, PT_RWX };
                        pt_attr_t a = p[perm] | (cache << PT_CACHE_SHIFT) |
                                      PT_SOFT(soft) | PT_USER | PT_GLOBAL | PT_SNOOP;
                        pt_attr_t want = kept_attr(fmt, a);
                        unsigned long mfn = (1ul << 39) | (1ul << (9 * level));
                        pt_entry_t e = fmt->leaf(level, mfn, a);

                        assert_true(pt_present(fmt, e));
                        assert_true(pt_is_leaf(fmt, level, e));
                        assert_int_equal(pt_mfn(fmt, level, e), mfn);
                        assert_int_equal(fmt->leaf_attr(level, e), want);
                        if (level) {
                            e = fmt->table(level, mfn + 1);
                            assert_true(pt_present(fmt, e));
                            assert_false(pt_is_leaf(fmt, level, e));
                            assert_int_equal(pt_mfn(fmt, level, e), mfn + 1);
                        }
                        assert_false(pt_present(fmt, 0));
                    }
    }
}

static void same_leaf(struct bench *b, unsigned long pfn, struct pt_place *at)
{
    struct pt_leaf want = pt_lookup(&b->pt, pfn);
    struct pt_leaf got = pt_lookup_from(&b->pt, pfn, at);

    assert_int_equal(got.attr, want.attr);
    assert_int_equal(got.level, want.level);
    assert_int_equal(got.mfn, want.mfn);
}

/* One after another is as each by itself, and does not walk to a neighbour. */
static void one_by_one(void **state)
{
    struct bench *b = malloc(sizeof(*b));
    struct pt_cursor small = { .done = 0 }, large = small;
    struct pt_place at = { 0 };
    unsigned int i;

    (void)state;
    setup(b, 1, 2);
    b->armed = false;
    /* Small pages with a hole behind them, no table, a large leaf, small ones again. */
    assert_int_equal(pt_map(&b->pt, BASE + 3, 7, 100, PT_R, &small), 0);
    assert_int_equal(pt_map(&b->pt, BASE + 1024, 5120, 515, PT_RW, &large), 0);
    for (i = 0; i < WINDOW; i++)
        same_leaf(b, BASE + i, &at);
    for (i = 0; i < 20000; i++)
        same_leaf(b, rnd(3) ? BASE + rnd(WINDOW) : rnd(1u << 30), &at);
    same_leaf(b, pt_limit(&b->pt) - 1, &at);
    same_leaf(b, pt_limit(&b->pt), &at);
    same_leaf(b, BASE + 3, &at);
    b->w.looks = 0;
    for (i = 3; i < 103; i++) {
        assert_int_equal(pt_lookup_from(&b->pt, BASE + i, &at).mfn, i + 4);
        pt_clear_at(&b->pt, &at);
    }
    assert_int_equal(b->w.looks, 0);
    assert_int_equal(pt_lookup_from(&b->pt, BASE + 1100, &at).level, 1);
    pt_clear_at(&b->pt, &at);
    for (i = 0; i < 1536; i++)
        assert_int_equal(pt_lookup(&b->pt, BASE + i).attr, 0);
    assert_int_equal(pt_lookup(&b->pt, BASE + 1536).mfn, 5120 + 512);
    world_flush(&b->w);
    teardown(b);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_survive),
        cmocka_unit_test(prune_and_bounds),
        cmocka_unit_test(huge_pages),
        cmocka_unit_test(big_over_small),
        cmocka_unit_test(each_allocation_fails),
        cmocka_unit_test(one_by_one),
        cmocka_unit_test(random_ops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
