/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flush before put, proven on histories: random transactions in a world that knows what
 * every CPU and device could still have cached (p2m_world.h). XSA-346 broken
 * again would show as a put while a gfn still leads to the frame.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/alloc.h>
#include <xen/errno.h>
#include <xen/lib.h>

#include "p2m_world.h"

#define MMIO_BASE   0xf0000ul
#define SINGLES     600u
#define OTHERS      64u
#define BLOCKS      2u

static struct page_info *single[SINGLES], *other[OTHERS], *block[BLOCKS];

static struct {
    unsigned long mfn;
    enum p2m_type type;
} model[W_SIZE];

static unsigned int rnd_state;

static unsigned int rnd(unsigned int n)
{
    rnd_state = rnd_state * 1664525u + 1013904223u;
    return (unsigned int)(((uint64_t)rnd_state * n) >> 32);
}

static void start(void)
{
    unsigned int i;

    world_start();
    memset(model, 0, sizeof(model));
    for (i = 0; i < BLOCKS; i++)
        assert_non_null(block[i] = domain_alloc_pages(wd, 9, 0));
    for (i = 0; i < SINGLES; i++)
        assert_non_null(single[i] = domain_alloc_pages(wd, 0, 0));
    for (i = 0; i < OTHERS; i++)
        assert_non_null(other[i] = domain_alloc_pages(wother, 0, 0));
}

static void set_model(unsigned long gfn, unsigned long mfn, unsigned long n,
                      enum p2m_type t)
{
    for (gfn -= W_BASE; n--; gfn++, mfn++) {
        model[gfn].mfn = mfn;
        model[gfn].type = t;
    }
}

/* Both trees say what the model says, and each entry has one reference, no more. */
static void check_state(void)
{
    static unsigned int want[FRAMES];
    unsigned long g, i;

    memset(want, 0, sizeof(want));
    for (g = 0; g < W_SIZE; g++) {
        unsigned int flags, expect = p2m_iommu_flags(model[g].type);
        enum p2m_type t;
        mfn_t mfn = p2m_lookup(wd, _gfn(W_BASE + g), &t, NULL);

        assert_int_equal(t, model[g].type);
        assert_int_equal(mfn_x(mfn), t == P2M_NONE ? ~0ul : model[g].mfn);
        mfn = world_iommu(W_BASE + g, &flags);
        assert_int_equal(flags, expect);
        if (expect)
            assert_int_equal(mfn_x(mfn), model[g].mfn);
        if (p2m_type_has_frame(t))
            want[frame_index(_mfn(model[g].mfn))]++;
    }
    for (i = 0; i < SINGLES; i++)
        assert_int_equal(p2m_refs(page_to_mfn(single[i])),
                         want[frame_index(page_to_mfn(single[i]))]);
    for (i = 0; i < OTHERS; i++)
        assert_int_equal(p2m_refs(page_to_mfn(other[i])),
                         want[frame_index(page_to_mfn(other[i]))]);
    for (i = 0; i < BLOCKS * 512; i++)
        assert_int_equal(p2m_refs(page_to_mfn(block[i / 512] + i % 512)),
                         want[frame_index(page_to_mfn(block[i / 512] + i % 512))]);
}

/* --- random histories ------------------------------------------------------------- */

static void map_single(struct p2m_txn *txn)
{
    static const enum p2m_type types[] = {
        P2M_RAM_RW, P2M_RAM_RW, P2M_RAM_RO, P2M_LOGDIRTY, P2M_GRANT_RW, P2M_GRANT_RO,
        P2M_FOREIGN, P2M_MMIO_DIRECT,
    };
    enum p2m_type t = types[rnd(ARRAY_SIZE(types))];
    unsigned long g = W_BASE + rnd(rnd(2) ? 40 : W_SIZE), mfn;
    int rc;

    if (t == P2M_MMIO_DIRECT)
        mfn = MMIO_BASE + rnd(100);
    else if (p2m_type_is_ram(t))
        mfn = mfn_x(page_to_mfn(single[rnd(SINGLES)]));
    else
        mfn = mfn_x(page_to_mfn(other[rnd(OTHERS)]));
    rc = p2m_txn_map(txn, _gfn(g), _mfn(mfn), 0, t);
    assert_true(rc == 0 || rc == -ENOMEM);
    if (!rc)
        set_model(g, mfn, 1, t);
}

static void map_block(struct p2m_txn *txn)
{
    unsigned int order = rnd(2) ? 9 : rnd(9);
    unsigned long n = 1ul << order, off = rnd(512) & ~(n - 1);
    unsigned long g = W_BASE + 512 * rnd(3) + (rnd(512) & ~(n - 1));
    unsigned long mfn = mfn_x(page_to_mfn(block[rnd(BLOCKS)])) + off;
    int rc = p2m_txn_map(txn, _gfn(g), _mfn(mfn), order, P2M_RAM_RW);

    assert_true(rc == 0 || rc == -ENOMEM);
    if (!rc)
        set_model(g, mfn, n, P2M_RAM_RW);
}

static void unmap_some(struct p2m_txn *txn)
{
    unsigned int order = rnd(3) ? 0 : rnd(10);
    unsigned long n = 1ul << order, g = W_BASE + (rnd(W_SIZE) & ~(n - 1));
    int rc = p2m_txn_unmap(txn, _gfn(g), order);

    assert_true(rc == 0 || rc == -ENOMEM);
    if (!rc)
        set_model(g, 0, n, P2M_NONE);
}

/* Fills a table with scattered single frames, so that batches fill up. */
static void scatter(struct p2m_txn *txn)
{
    unsigned long g = W_BASE + 512 * rnd(3), i;
    unsigned int first = rnd(SINGLES);

    for (i = 0; i < 512; i++) {
        unsigned long mfn = mfn_x(page_to_mfn(single[(first + i) % SINGLES]));
        int rc = p2m_txn_map(txn, _gfn(g + i), _mfn(mfn), 0, P2M_RAM_RW);

        assert_true(rc == 0 || rc == -ENOMEM);
        if (!rc)
            set_model(g + i, mfn, 1, P2M_RAM_RW);
    }
}

static void refused(struct p2m_txn *txn)
{
    mfn_t own = page_to_mfn(single[0]), alien = page_to_mfn(other[0]);
    mfn_t free = page_to_mfn(wd->arch.p2m->pt.root ? mfn_to_page(
                                 _mfn(wd->arch.p2m->pt.root)) : single[0]);

    assert_int_equal(p2m_txn_map(txn, _gfn(W_BASE), alien, 0, P2M_RAM_RW), -EBUSY);
    assert_int_equal(p2m_txn_map(txn, _gfn(W_BASE), free, 0, P2M_FOREIGN), -EBUSY);
    assert_int_equal(p2m_txn_map(txn, _gfn(W_BASE), own, 0, P2M_NONE), -EINVAL);
    assert_int_equal(p2m_txn_map(txn, _gfn(W_BASE), own, 0, P2M_TYPES), -EINVAL);
    assert_int_equal(p2m_txn_map(txn, _gfn(1ul << 36), own, 0, P2M_RAM_RW), -EINVAL);
    assert_int_equal(p2m_txn_map(txn, INVALID_GFN, own, 0, P2M_RAM_RW), -EINVAL);
    assert_int_equal(p2m_txn_map(txn, _gfn(W_BASE + 1), own, 9, P2M_RAM_RW), -EINVAL);
    assert_int_equal(p2m_txn_map(txn, _gfn(W_BASE), own, 19, P2M_RAM_RW), -EINVAL);
    assert_int_equal(p2m_txn_map(txn, _gfn(W_BASE), _mfn(MMIO_BASE), 0, P2M_RAM_RW),
                     -EINVAL);
    assert_int_equal(p2m_txn_unmap(txn, _gfn(W_BASE + 1), 9), -EINVAL);
    assert_int_equal(p2m_txn_unmap(txn, _gfn(~0ul), 0), -EINVAL);
}

static void one_op(struct p2m_txn *txn)
{
    switch (rnd(16)) {
    case 0: case 1: case 2: case 3: case 4:
        map_single(txn);
        break;
    case 5: case 6: case 7:
        map_block(txn);
        break;
    case 8:
        if (!rnd(6))
            scatter(txn);
        break;
    case 9:
        refused(txn);
        break;
    default:
        unmap_some(txn);
        break;
    }
}

static void history(unsigned int seed, unsigned int rounds)
{
    unsigned int i;

    rnd_state = seed;
    start();
    for (i = 0; i < rounds; i++) {
        struct p2m_txn *txn;
        unsigned int ops = 1 + rnd(6);

        iommu_caches_absent = rnd(2);
        world_look();
        txn = p2m_begin(wd);
        while (ops--) {
            if (!rnd(4))
                alloc_fail_arm(1 + rnd(3));
            if (!rnd(8))
                w_iommu_fail_at = 1 + rnd(2);
            one_op(txn);
            alloc_fail_arm(0);
            w_iommu_fail_at = 0;
            world_look();
        }
        assert_int_equal(p2m_commit(txn), 0);
        world_look();
        world_check_clean();
        check_state();
    }
    assert_true(wc.puts > rounds);
    world_stop(false);
}

static void random_histories(void **state)
{
    unsigned int seed;

    (void)state;
    for (seed = 1; seed <= 6; seed++)
        history(seed, 300);
}

/* --- one flush for a batch ---------------------------------------------------------- */

static void flush_count(void **state)
{
    static const unsigned int sizes[] = { 1, 2, 15, 16, 17, 511, 512, 513, 4096 };
    unsigned int i, k;

    (void)state;
    iommu_caches_absent = false;
    for (i = 0; i < ARRAY_SIZE(sizes); i++) {
        unsigned long n = sizes[i], base;
        struct p2m_txn *txn;
        struct p2m_stats s0, s1;

        start();
        txn = p2m_begin(wd);
        for (k = 0; k < n; k++)
            assert_int_equal(p2m_txn_map(txn, _gfn(W_BASE + 2 * k),
                                         page_to_mfn(single[k * 7 % SINGLES]), 0,
                                         P2M_RAM_RW), 0);
        assert_int_equal(p2m_commit(txn), 0);
        assert_int_equal(wc.iommu_flushes, 0);

        p2m_get_stats(wd, &s0);
        base = wc.puts;
        txn = p2m_begin(wd);
        for (k = 0; k < n; k++)
            assert_int_equal(p2m_txn_unmap(txn, _gfn(W_BASE + 2 * k), 0), 0);
        assert_int_equal(wc.puts - base, (n - 1) / TXN_BATCH * TXN_BATCH);
        assert_int_equal(p2m_commit(txn), 0);
        p2m_get_stats(wd, &s1);
        assert_int_equal(wc.puts - base, n);
        assert_int_equal(wc.iommu_flushes, (n + TXN_BATCH - 1) / TXN_BATCH);
        assert_int_equal(s1.tlb_flushes - s0.tlb_flushes, wc.iommu_flushes);
        assert_int_equal(wc.cpu_ipis, wc.iommu_flushes);
        world_stop(false);
    }
}

/* All vCPUs of the domain, but neither its devices nor CPUs that do not run it. */
static void flush_on_request(void **state)
{
    struct p2m_stats s0, s1;
    uint64_t generation;

    (void)state;
    iommu_caches_absent = false;
    start();
    generation = p2m_tlb_generation(wd);
    p2m_get_stats(wd, &s0);
    p2m_flush_tlbs(wd);
    p2m_get_stats(wd, &s1);
    assert_int_not_equal(p2m_tlb_generation(wd), generation);
    assert_int_equal(s1.tlb_flushes - s0.tlb_flushes, 1);
    assert_int_equal(wc.cpu_ipis, 1);
    assert_int_equal(wc.iommu_flushes, 0);
    world_stop(false);
}

/* RAM that is given back reaches the heap at commit, after the flush, and not before. */
static void give_back(void **state)
{
    unsigned long before, k;
    struct p2m_txn *txn;

    (void)state;
    iommu_caches_absent = false;
    start();
    assert_int_equal(p2m_map_one(wd, _gfn(W_BASE), page_to_mfn(block[0]), 9, P2M_RAM_RW),
                     0);
    for (k = 0; k < 10; k++)
        assert_int_equal(p2m_map_one(wd, _gfn(W_BASE + 512 + k), page_to_mfn(single[k]),
                                     0, P2M_RAM_RW),
                         0);
    before = wd->tot_pages;
    txn = p2m_begin(wd);
    p2m_txn_give_back_ram(txn, true);
    assert_int_equal(p2m_txn_unmap(txn, _gfn(W_BASE + 100), 0), 0);
    assert_int_equal(p2m_txn_map(txn, _gfn(W_BASE + 513), page_to_mfn(single[20]), 0,
                                 P2M_RAM_RW), 0);
    p2m_txn_give_back_ram(txn, false);
    assert_int_equal(p2m_txn_unmap(txn, _gfn(W_BASE + 514), 0), 0);
    assert_int_equal(wd->tot_pages, before);
    assert_int_equal(p2m_commit(txn), 0);
    assert_int_equal(wd->tot_pages, before - 2);
    assert_true((block[0] + 100)->count & PGC_FREE);
    assert_true(single[1]->count & PGC_FREE);
    assert_int_equal(p2m_lookup(wd, _gfn(W_BASE + 99), NULL, NULL).v,
                     mfn_x(page_to_mfn(block[0])) + 99);
    world_look();
    world_check_clean();
    world_stop(false);
}

/* Another vCPU gives back what is on the move, by its new number. */
static void remove_moved(void)
{
    struct p2m_txn *txn = p2m_begin(wd);

    p2m_txn_give_back_ram(txn, true);
    assert_int_equal(p2m_txn_unmap(txn, _gfn(W_BASE + 700), 0), 0);
    assert_int_equal(p2m_commit(txn), 0);
}

/*
 * XSA-346, second half: until the old number is flushed the page stays referenced, even
 * if the new one is gone by then. The law of the world is checked at each put.
 */
static void moved_and_raced(void **state)
{
    struct p2m_txn *txn;

    (void)state;
    iommu_caches_absent = false;
    start();
    assert_int_equal(p2m_map_one(wd, _gfn(W_BASE), page_to_mfn(single[0]), 0, P2M_RAM_RW),
                     0);
    world_look();
    w_racer = remove_moved;
    txn = p2m_begin(wd);
    assert_int_equal(p2m_txn_unmap(txn, _gfn(W_BASE), 0), 0);
    assert_int_equal(p2m_txn_map(txn, _gfn(W_BASE + 700), page_to_mfn(single[0]), 0,
                                 P2M_RAM_RW), 0);
    assert_int_equal(p2m_commit(txn), 0);
    /* It waited: the flush is through, and now it may. */
    assert_ptr_equal(w_racer, remove_moved);
    w_racer = NULL;
    remove_moved();
    assert_true(single[0]->count & PGC_FREE);
    world_look();
    world_check_clean();
    world_stop(false);
}

/* --- a queue that stalls ------------------------------------------------------------ */

static void quarantine(void **state)
{
    unsigned long k, free_before;
    struct p2m_txn *txn;
    struct p2m_stats s;

    (void)state;
    iommu_caches_absent = false;
    start();
    wd->is_privileged = false;
    for (k = 0; k < 20; k++)
        assert_int_equal(p2m_map_one(wd, _gfn(W_BASE + k), page_to_mfn(single[k]), 0,
                                     P2M_RAM_RW), 0);
    free_before = heap_free_pages();
    w_flush_timeouts = 1;
    txn = p2m_begin(wd);
    p2m_txn_give_back_ram(txn, true);
    for (k = 0; k < 5; k++)
        assert_int_equal(p2m_txn_unmap(txn, _gfn(W_BASE + k), 0), 0);
    assert_int_equal(p2m_commit(txn), -ETIMEDOUT);
    assert_true(wd->crashed);
    assert_int_equal(wc.crashes, 1);
    assert_int_equal(heap_free_pages(), free_before);
    assert_int_equal(quarantined_pages, 5);
    p2m_get_stats(wd, &s);
    assert_int_equal(s.quarantined, 5);
    for (k = 0; k < 5; k++) {
        assert_true(single[k]->count & PGC_QUARANTINED);
        assert_false(single[k]->count & PGC_FREE);
        assert_null(single[k]->owner);
    }
    /* The next one works, and the domain can still die in full. */
    assert_int_equal(p2m_unmap_one(wd, _gfn(W_BASE + 10), INVALID_MFN, 0), 0);
    world_stop(true);
}

/* The machine's own domain goes on: what it changes is in force, what it lost is lost. */
static void quarantine_dom0(void **state)
{
    unsigned long k;

    (void)state;
    iommu_caches_absent = false;
    start();
    for (k = 0; k < 3; k++) {
        assert_int_equal(p2m_map_one(wd, _gfn(W_BASE), page_to_mfn(single[k]), 0,
                                     P2M_RAM_RW), 0);
        w_flush_timeouts = 1;
        assert_int_equal(p2m_unmap_one(wd, _gfn(W_BASE), INVALID_MFN, 0), 0);
        assert_int_equal(p2m_lookup(wd, _gfn(W_BASE), NULL, NULL).v, ~0ul);
        assert_true(single[k]->count & PGC_QUARANTINED);
    }
    assert_false(wd->crashed);
    assert_int_equal(wc.crashes, 0);
    world_stop(true);
}

/* --- the rest of the interface ----------------------------------------------------- */

static void lookups(void **state)
{
    struct page_info *pg;
    enum p2m_type t;
    unsigned int order;

    (void)state;
    start();
    assert_int_equal(p2m_map_one(wd, _gfn(W_BASE), page_to_mfn(block[1]), 9, P2M_RAM_RW),
                     0);
    assert_int_equal(p2m_map_one(wd, _gfn(W_BASE + 600), page_to_mfn(other[3]), 0,
                                 P2M_FOREIGN), 0);
    assert_int_equal(p2m_map_one(wd, _gfn(W_BASE + 601), page_to_mfn(single[3]), 0,
                                 P2M_RAM_RO), 0);
    assert_int_equal(mfn_x(p2m_lookup(wd, _gfn(W_BASE + 5), &t, &order)),
                     mfn_x(page_to_mfn(block[1])) + 5);
    assert_int_equal(t, P2M_RAM_RW);
    assert_int_equal(order, 9);
    assert_int_equal(gfn_x(p2m_max_gfn(wd)), W_BASE + 601);

    pg = p2m_get_page(wd, _gfn(W_BASE + 5), &t, P2M_GET_WRITE | P2M_GET_OWN);
    assert_ptr_equal(pg, block[1] + 5);
    assert_int_equal(p2m_refs(page_to_mfn(pg)), 2);
    __real_page_put(pg);
    assert_null(p2m_get_page(wd, _gfn(W_BASE + 600), &t, P2M_GET_OWN));
    assert_int_equal(t, P2M_FOREIGN);
    pg = p2m_get_page(wd, _gfn(W_BASE + 600), NULL, P2M_GET_WRITE);
    assert_ptr_equal(pg, other[3]);
    __real_page_put(pg);
    assert_null(p2m_get_page(wd, _gfn(W_BASE + 601), NULL, P2M_GET_WRITE));
    assert_null(p2m_get_page(wd, _gfn(W_BASE + 700), NULL, 0));
    assert_null(p2m_get_page(wd, INVALID_GFN, NULL, 0));

    assert_int_equal(p2m_unmap_one(wd, _gfn(W_BASE + 700), INVALID_MFN, 0), -ENOENT);
    assert_int_equal(p2m_unmap_one(wd, _gfn(W_BASE + 600), page_to_mfn(other[4]), 0),
                     -EINVAL);
    assert_int_equal(p2m_unmap_one(wd, _gfn(W_BASE + 600), page_to_mfn(other[3]), 0), 0);
    world_stop(false);
}

/* What a reader may go on believing without a reference of its own. */
static void holding(void **state)
{
    struct p2m *p2m;
    uint64_t before;

    (void)state;
    start();
    p2m = wd->arch.p2m;
    before = p2m_tlb_generation(wd);
    assert_int_equal(p2m_map_one(wd, _gfn(W_BASE), page_to_mfn(single[3]), 0, P2M_RAM_RW),
                     0);
    assert_true(p2m_hold(wd, before));          /* only added to */
    assert_int_not_equal(p2m->lock.state, 0);
    p2m_release(wd);
    assert_int_equal(p2m->lock.state, 0);

    assert_int_equal(p2m_map_one(wd, _gfn(W_BASE), page_to_mfn(single[3]), 0, P2M_RAM_RO),
                     0);
    assert_false(p2m_hold(wd, before));
    assert_int_equal(p2m->lock.state, 0);

    before = p2m_tlb_generation(wd);
    assert_int_equal(p2m_unmap_one(wd, _gfn(W_BASE), INVALID_MFN, 0), 0);
    assert_false(p2m_hold(wd, before));
    assert_true(p2m_hold(wd, p2m_tlb_generation(wd)));
    p2m_release(wd);
    world_stop(false);
}

static void coalescing(void **state)
{
    unsigned long k, free_before;
    unsigned int order;

    (void)state;
    start();
    for (k = 0; k < 511; k++)
        assert_int_equal(p2m_map_one(wd, _gfn(W_BASE + k), page_to_mfn(block[0] + k), 0,
                                     P2M_RAM_RW), 0);
    free_before = wd->arch.p2m->pool.nr_idle;
    assert_int_equal(p2m_map_one(wd, _gfn(W_BASE + 511), page_to_mfn(block[0] + 511), 0,
                                 P2M_RAM_RW), 0);
    (void)p2m_lookup(wd, _gfn(W_BASE), NULL, &order);
    assert_int_equal(order, 9);
    assert_int_equal(wd->arch.p2m->pool.nr_idle, free_before + 1);
    world_look();
    assert_int_equal(p2m_refs(page_to_mfn(block[0] + 77)), 1);
    world_stop(false);
}

/*
 * A frame that another domain still maps outlives its owner's death, and keeps the owner.
 */
static void foreign_outlives(void **state)
{
    struct domain *owner;

    (void)state;
    start();
    assert_int_equal(p2m_map_one(wd, _gfn(W_BASE), page_to_mfn(other[0]), 0, P2M_FOREIGN),
                     0);
    owner = wother;
    owner->dying = DOMDYING_DYING;
    assert_int_equal(p2m_relinquish(owner), 0);
    assert_int_equal(domain_free_all_pages(owner), 0);
    assert_int_equal(owner->tot_pages, 1);
    assert_int_equal(owner->refcount, 2);
    assert_null(domain_alloc_pages(owner, 0, 0));
    assert_int_equal(p2m_unmap_one(wd, _gfn(W_BASE), INVALID_MFN, 0), 0);
    assert_int_equal(owner->tot_pages, 0);
    assert_int_equal(owner->refcount, 1);
    world_stop(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookups),
        cmocka_unit_test(holding),
        cmocka_unit_test(coalescing),
        cmocka_unit_test(give_back),
        cmocka_unit_test(moved_and_raced),
        cmocka_unit_test(flush_count),
        cmocka_unit_test(flush_on_request),
        cmocka_unit_test(quarantine),
        cmocka_unit_test(quarantine_dom0),
        cmocka_unit_test(foreign_outlives),
        cmocka_unit_test(random_histories),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
