/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a gfn leads to, changed by hypercall. What would be wrong: a page that is still
 * reachable through its old gfn (p2m_world.h knows), a page lost on the way, another
 * domain's page had without right.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <xen/alloc.h>
#include <xen/errno.h>

#include "memory_op_world.h"

/* --- add and remove ---------------------------------------------------------------- */

static long add(domid_t domid, unsigned int space, unsigned long idx, unsigned long gpfn,
                unsigned int size)
{
    struct xen_add_to_physmap x = {
        .domid = domid, .size = size, .space = space, .idx = idx, .gpfn = gpfn,
    };

    return call(XENMEM_add_to_physmap, &x);
}

static long drop(domid_t domid, unsigned long gpfn)
{
    struct xen_remove_from_physmap x = { .domid = domid, .gpfn = gpfn };

    return call(XENMEM_remove_from_physmap, &x);
}

static void special_pages(void **state)
{
    enum p2m_type t;

    (void)state;
    start();
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_shared_info, 0, W_BASE, 0), -EINVAL);
    wd->shared_info_page = domain_alloc_shared(wd, CHARGE_SHARED_INFO);
    fill(W_BASE, 2);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_shared_info, 0, W_BASE, 0), 0);
    assert_int_equal(wd->tot_pages, 1);
    assert_int_equal(mfn_x(at(W_BASE, &t)), mfn_x(page_to_mfn(wd->shared_info_page)));
    assert_int_equal(t, P2M_RAM_RW);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_shared_info, 1, W_BASE, 0), -EINVAL);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_grant_table, 2, W_BASE + 7, 0), 0);
    assert_int_equal(mfn_x(at(W_BASE + 7, NULL)), mfn_x(page_to_mfn(grant_frame[2])));
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_grant_table, GRANT_MAX, W_BASE + 8, 0),
                     -EINVAL);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_grant_table,
                         XENMAPIDX_grant_table_status, W_BASE + 8, 0), -EINVAL);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_gmfn_foreign, 0, W_BASE + 8, 0),
                     -ENOSYS);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_dev_mmio, 0, W_BASE + 8, 0), -EINVAL);
    assert_int_equal(add(DOMID_SELF, 99, 0, W_BASE + 8, 0), -EINVAL);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_grant_table, 0, ~0ul, 0), -EINVAL);
    assert_int_equal(add(77, XENMAPSPACE_grant_table, 0, W_BASE + 8, 0), -ESRCH);
    wd->is_privileged = false;
    assert_int_equal(add(OTHER_ID, XENMAPSPACE_grant_table, 0, W_BASE + 8, 0), -EPERM);
    assert_int_equal(drop(OTHER_ID, W_BASE), -EPERM);
    wd->is_privileged = true;
    assert_int_equal(call(XENMEM_add_to_physmap, NULL), -EFAULT);
    assert_int_equal(drop(DOMID_SELF, W_BASE), 0);
    assert_int_equal(wd->shared_info_page->count & PGC_COUNT_MASK, 1);
    stop();
}

static void move_one(void **state)
{
    mfn_t a, b;

    (void)state;
    start();
    fill(W_BASE, 3);
    a = at(W_BASE, NULL);
    b = at(W_BASE + 1, NULL);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_gmfn, W_BASE, W_BASE + 100, 0), 0);
    assert_true(is_hole(W_BASE));
    assert_int_equal(mfn_x(at(W_BASE + 100, NULL)), mfn_x(a));
    assert_int_equal(wd->tot_pages, 3);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_gmfn, W_BASE + 100, W_BASE + 1, 0), 0);
    assert_int_equal(wd->tot_pages, 2);
    assert_int_equal(mfn_to_page(b)->count, PGC_FREE);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_gmfn, W_BASE + 1, W_BASE + 1, 0), 0);
    assert_int_equal(wd->tot_pages, 2);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_gmfn, W_BASE + 900, W_BASE + 1, 0),
                     -EINVAL);
    assert_int_equal(mfn_x(at(W_BASE + 1, NULL)), mfn_x(a));
    /* Beyond the end of the map: the page stays where it was. */
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_gmfn, W_BASE + 1, 1ul << 40, 0),
                     -EINVAL);
    assert_int_equal(mfn_x(at(W_BASE + 1, NULL)), mfn_x(a));
    stop();
}

/* --- all or nothing, however long there is no memory ------------------------------- */

/* From the nth need for memory on there is none; of tables, or of the IOMMU's. */
static void run_out(unsigned int n, bool of_iommu)
{
    if (of_iommu) {
        w_iommu_fail_at = n;
        w_iommu_lasting = true;
    } else {
        alloc_fail_from(n);
    }
}

static void find_some(void)
{
    alloc_fail_arm(0);
    w_iommu_fail_at = 0;
    w_iommu_lasting = false;
}

static long batch_own(unsigned int space, unsigned int n, xen_ulong_t *idx,
                      xen_pfn_t *gfn, int *errs);

/* By each of the calls that move a page. */
static long move_by(unsigned int way, unsigned long from, unsigned long to)
{
    xen_ulong_t idx[1] = { from };
    xen_pfn_t gfn[1] = { to };
    int err[1] = { 9 };
    long rc;

    if (way < 2)
        return add(DOMID_SELF, way ? XENMAPSPACE_gmfn_range : XENMAPSPACE_gmfn, from, to,
                   1);
    rc = batch_own(XENMAPSPACE_gmfn, 1, idx, gfn, err);
    return rc ? rc : err[0];
}

/* Out of a large entry or from a place of its own; to a hole, RAM, or next door. */
static bool move_fails(unsigned int way, bool large, unsigned long to, unsigned int n,
                       bool of_iommu)
{
    xen_pfn_t block = W_BASE;
    unsigned long pages;
    mfn_t page, there;
    long rc;

    start();
    if (large)
        assert_int_equal(reserve(XENMEM_populate_physmap, DOMID_SELF, &block, 1, 9, 0),
                         1);
    else
        fill(W_BASE + 9, 1);
    fill(W_BASE + 1024, 1);
    pages = wd->tot_pages;
    page = at(W_BASE + 9, NULL);
    there = at(to, NULL);
    run_out(n, of_iommu);
    rc = move_by(way, W_BASE + 9, to);
    find_some();
    if (rc) {
        assert_int_equal(rc, -ENOMEM);
        assert_true(mfn_eq(at(W_BASE + 9, NULL), page));
        assert_true(mfn_eq(at(to, NULL), there));
        assert_int_equal(wd->tot_pages, pages);
    } else {
        assert_true(is_hole(W_BASE + 9));
        assert_true(mfn_eq(at(to, NULL), page));
        assert_int_equal(wd->tot_pages, pages - !mfn_eq(there, INVALID_MFN));
    }
    assert_int_equal(p2m_refs(page), 1);
    stop();
    return rc != 0;
}

static void move_without_memory(void **state)
{
    static const unsigned long places[] = { W_BASE + 600, W_BASE + 1024, W_BASE + 10,
                                            W_BASE + 8 };
    unsigned int failed = 0;

    (void)state;
    for (unsigned int i = 0; i < 12 * ARRAY_SIZE(places); i++) {
        unsigned int way = i % 3, n = 1;
        bool large = i / 3 & 1, of_iommu = i / 6 & 1;

        while (move_fails(way, large, places[i / 12], n, of_iommu))
            assert_true(++n < 20);
        failed += n - 1;
    }
    assert_true(failed > 20);
}

/* Of a block that does not lie on its own size nothing is there, or all of it is. */
static void populate_without_memory(void **state)
{
    long done = 0;

    (void)state;
    for (unsigned int n = 2; !done; n++) {
        xen_pfn_t gfn = W_BASE + 505;
        mfn_t there;

        start();
        fill(W_BASE + 506, 1);
        there = at(W_BASE + 506, NULL);
        run_out(n / 2, n & 1);
        done = reserve(XENMEM_populate_physmap, DOMID_SELF, &gfn, 1, 4, 0);
        find_some();
        if (!done) {
            assert_true(mfn_eq(at(W_BASE + 506, NULL), there));
            assert_true(is_hole(W_BASE + 505));
            assert_true(is_hole(W_BASE + 512));
        }
        assert_int_equal(wd->tot_pages, done ? 16 : 1);
        stop();
        assert_true(n < 60);
    }
}

static void move_ranges(void **state)
{
    static const unsigned int sizes[] = { 1, 2, 15, 16, 17, 511, 512, 513, 700 };
    unsigned int i, k, onto;

    (void)state;
    for (i = 0; i < ARRAY_SIZE(sizes); i++) {
        for (onto = 0; onto < 2; onto++) {
            unsigned int n = sizes[i];
            unsigned long flushes;
            mfn_t first, last;

            start();
            w_preempt = onto;
            fill(W_BASE, n);
            if (onto)
                fill(W_BASE + 800, n);
            first = at(W_BASE, NULL);
            last = at(W_BASE + n - 1, NULL);
            flushes = wc.iommu_flushes;
            assert_int_equal(
                add(DOMID_SELF, XENMAPSPACE_gmfn_range, W_BASE, W_BASE + 800, n), 0);
            assert_true(wc.iommu_flushes - flushes <= 2 * (1 + onto));
            for (k = 0; k < n; k++)
                assert_true(is_hole(W_BASE + k));
            assert_int_equal(mfn_x(at(W_BASE + 800, NULL)), mfn_x(first));
            assert_int_equal(mfn_x(at(W_BASE + 800 + n - 1, NULL)), mfn_x(last));
            assert_int_equal(wd->tot_pages, n);
            stop();
        }
    }
    start();
    fill(W_BASE, 5);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_gmfn_range, W_BASE, W_BASE + 800, 0), 0);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_gmfn_range, W_BASE, W_BASE + 800, 9),
                     -EINVAL);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_gmfn_range, ~0ul - 2, W_BASE, 9),
                     -EINVAL);
    stop();
}

static void removal(void **state)
{
    struct page_info *alien;
    mfn_t a;

    (void)state;
    start();
    fill(W_BASE, 1);
    a = at(W_BASE, NULL);
    assert_int_equal(drop(DOMID_SELF, W_BASE), 0);
    assert_int_equal(p2m_refs(a), 0);
    assert_int_equal(wd->tot_pages, 1);
    assert_int_equal(drop(DOMID_SELF, W_BASE), -ENOENT);
    assert_int_equal(drop(DOMID_SELF, ~0ul), -ENOENT);
    assert_int_equal(drop(77, W_BASE), -ESRCH);
    assert_int_equal(call(XENMEM_remove_from_physmap, NULL), -EFAULT);
    assert_int_equal(p2m_map_mmio(wd, _gfn(W_BASE + 3), _mfn(0xf0000), 1), 0);
    assert_int_equal(drop(DOMID_SELF, W_BASE + 3), -ENOENT);
    alien = domain_alloc_pages(wother, 0, 0);
    assert_int_equal(p2m_map_one(wd, _gfn(W_BASE), page_to_mfn(alien), 0, P2M_GRANT_RW),
                     0);
    assert_int_equal(drop(DOMID_SELF, W_BASE), -EPERM);
    assert_int_equal(p2m_unmap_one(wd, _gfn(W_BASE), page_to_mfn(alien), 0), 0);
    stop();
}

/* --- foreign mapping --------------------------------------------------------------- */

static long batch(domid_t foreign, unsigned int n, xen_ulong_t *idx, xen_pfn_t *gfn,
                  int *errs)
{
    struct xen_add_to_physmap_batch b = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = n,
        .u.foreign_domid = foreign, .idxs = { idx }, .gpfns = { gfn }, .errs = { errs },
    };

    return call(XENMEM_add_to_physmap_batch, &b);
}

static void foreign(void **state)
{
    xen_pfn_t g[600];
    xen_ulong_t idx[600];
    int errs[600];
    unsigned int i;
    enum p2m_type t;

    (void)state;
    start();
    for (i = 0; i < 600; i++)
        g[i] = idx[i] = W_BASE + i;
    assert_int_equal(reserve(XENMEM_populate_physmap, OTHER_ID, g, 600, 0, 0), 600);
    assert_int_equal(batch(OTHER_ID, 1, idx, g, errs), 0);
    assert_int_equal(errs[0], 0);
    assert_int_equal(wc.iommu_flushes, 0);
    (void)at(W_BASE, &t);
    assert_int_equal(t, P2M_FOREIGN);
    assert_int_equal(drop(DOMID_SELF, W_BASE), 0);
    assert_int_equal(wc.iommu_flushes, 1);

    idx[7] = W_BASE + 5000;
    g[9] = ~0ul;
    w_preempt = true;
    memset(errs, 0x55, sizeof(errs));
    assert_int_equal(batch(OTHER_ID, 600, idx, g, errs), 0);
    w_preempt = false;
    assert_true(restarts > 0);
    for (i = 0; i < 600; i++)
        assert_int_equal(errs[i], i == 7 || i == 9 ? -EINVAL : 0);
    /* In place of foreign pages, one flush for all of them. */
    i = wc.iommu_flushes;
    assert_int_equal(batch(OTHER_ID, 500, idx + 90, g + 50, errs), 0);
    assert_int_equal(wc.iommu_flushes - i, 1);

    assert_int_equal(batch(OTHER_ID, 0, idx, g, errs), 0);
    assert_int_equal(batch(WD_ID, 1, idx, g, errs), -EINVAL);
    assert_int_equal(batch(77, 1, idx, g, errs), -ESRCH);
    assert_int_equal(batch(OTHER_ID, 3, idx, NULL, errs), -EFAULT);
    assert_int_equal(batch(OTHER_ID, 3, (void *)-16l, g, errs), -EFAULT);
    bad_start = (uintptr_t)&g[100];
    bad_end = bad_start + 8;
    assert_int_equal(batch(OTHER_ID, 200, idx, g, errs), -EFAULT);
    bad_end = 0;
    wd->is_privileged = false;
    assert_int_equal(batch(OTHER_ID, 1, idx, g, errs), -EPERM);
    wd->is_privileged = true;
    assert_int_equal(call(XENMEM_add_to_physmap_batch, NULL), -EFAULT);
    stop();
}

static long batch_own(unsigned int space, unsigned int n, xen_ulong_t *idx,
                      xen_pfn_t *gfn, int *errs)
{
    struct xen_add_to_physmap_batch b = {
        .domid = DOMID_SELF, .space = space, .size = n, .idxs = { idx }, .gpfns = { gfn },
        .errs = { errs },
    };

    return call(XENMEM_add_to_physmap_batch, &b);
}

/* A batch of the domain's own pages. */
static void own_batch(void **state)
{
    xen_pfn_t g[3] = { W_BASE + 30, W_BASE + 31, W_BASE + 32 };
    xen_ulong_t idx[3] = { W_BASE, W_BASE + 700, W_BASE + 1 };
    int errs[3] = { 9, 9, 9 };
    mfn_t a;

    (void)state;
    start();
    fill(W_BASE, 3);
    a = at(W_BASE + 1, NULL);
    assert_int_equal(batch_own(XENMAPSPACE_gmfn, 3, idx, g, errs), 0);
    assert_int_equal(errs[0], 0);
    assert_int_equal(errs[1], -EINVAL);
    assert_int_equal(errs[2], 0);
    assert_int_equal(mfn_x(at(W_BASE + 32, NULL)), mfn_x(a));
    assert_true(is_hole(W_BASE + 1));
    assert_int_equal(wc.iommu_flushes, 1);
    idx[0] = 1;
    idx[1] = GRANT_MAX;
    idx[2] = 0;
    assert_int_equal(batch_own(XENMAPSPACE_grant_table, 3, idx, g, errs), 0);
    assert_int_equal(errs[1], -EINVAL);
    assert_int_equal(mfn_x(at(W_BASE + 30, NULL)), mfn_x(page_to_mfn(grant_frame[1])));
    assert_int_equal(batch_own(XENMAPSPACE_dev_mmio, 1, idx, g, errs), 0);
    assert_int_equal(errs[0], -EINVAL);
    assert_int_equal(batch_own(XENMAPSPACE_gmfn_range, 1, idx, g, errs), -EOPNOTSUPP);
    stop();
}

static void resources(void **state)
{
    xen_pfn_t g[8] = { W_BASE, W_BASE + 9, W_BASE + 3, W_BASE + 4 };
    struct xen_mem_acquire_resource r = {
        .domid = OTHER_ID, .type = XENMEM_resource_grant_table, .id = 0,
    };
    enum p2m_type t;

    (void)state;
    start();
    assert_int_equal(call(XENMEM_acquire_resource, &r), 0);
    assert_int_equal(r.nr_frames, GRANT_MAX);
    r.frame_list.p = g;
    assert_int_equal(call(XENMEM_acquire_resource, &r), 0);
    assert_int_equal(mfn_x(at(W_BASE + 9, &t)), mfn_x(page_to_mfn(grant_frame[1])));
    assert_int_equal(t, P2M_FOREIGN);
    r.nr_frames = GRANT_MAX + 1;
    assert_int_equal(call(XENMEM_acquire_resource, &r), -EINVAL);
    r.nr_frames = 1;
    r.frame = ~0ull;
    assert_int_equal(call(XENMEM_acquire_resource, &r), -EINVAL);
    r.frame = 0;
    r.pad = 1;
    assert_int_equal(call(XENMEM_acquire_resource, &r), -EINVAL);
    r.pad = 0;
    r.id = 7;
    assert_int_equal(call(XENMEM_acquire_resource, &r), -EINVAL);
    r.id = 0;
    r.type = XENMEM_resource_ioreq_server;
    assert_int_equal(call(XENMEM_acquire_resource, &r), -EINVAL);
    r.type = XENMEM_resource_grant_table;
    r.domid = 77;
    assert_int_equal(call(XENMEM_acquire_resource, &r), -ESRCH);
    r.domid = WD_ID;
    assert_int_equal(call(XENMEM_acquire_resource, &r), -EPERM);
    r.domid = OTHER_ID;
    g[0] = ~0ul;
    assert_int_equal(call(XENMEM_acquire_resource, &r), -EINVAL);
    wd->is_privileged = false;
    assert_int_equal(call(XENMEM_acquire_resource, &r), -EPERM);
    wd->is_privileged = true;
    stop();
}

/* RAM stays where it is when there is no table for another of the places. */
static void resources_without_memory(void **state)
{
    xen_pfn_t g[3] = { W_BASE, W_BASE + 520, W_BASE + 1030 };
    struct xen_mem_acquire_resource r = {
        .domid = OTHER_ID, .type = XENMEM_resource_grant_table, .nr_frames = 3,
    };
    long rc = -ENOMEM;

    (void)state;
    for (unsigned int n = 2; rc || n < 12; n++) {
        enum p2m_type t;
        mfn_t was;

        start();
        fill(W_BASE, 1);
        was = at(W_BASE, NULL);
        r.frame_list.p = g;
        for (unsigned int i = 0; i < 3; i++)
            grant_frame[i] = domain_alloc_shared(wother, CHARGE_GRANT_TABLE);
        run_out(n / 2, n & 1);
        rc = call(XENMEM_acquire_resource, &r);
        find_some();
        assert_true(!rc || rc == -ENOMEM);
        assert_int_equal(mfn_eq(at(W_BASE, &t), was), rc != 0);
        assert_int_equal(t, rc ? P2M_RAM_RW : P2M_FOREIGN);
        assert_int_equal(wd->tot_pages, rc != 0);
        stop();
        assert_true(n < 60);
    }
}

/* RAM stays where it is when another of the places is none. */
static void resources_bad_place(void **state)
{
    xen_pfn_t g[2] = { W_BASE, ~0ul };
    struct xen_mem_acquire_resource r = {
        .domid = OTHER_ID, .type = XENMEM_resource_grant_table, .nr_frames = 2,
    };
    enum p2m_type t;
    mfn_t was;

    (void)state;
    start();
    fill(W_BASE, 1);
    was = at(W_BASE, NULL);
    r.frame_list.p = g;
    assert_int_equal(call(XENMEM_acquire_resource, &r), -EINVAL);
    assert_true(mfn_eq(at(W_BASE, &t), was));
    assert_int_equal(p2m_map_mmio(wd, _gfn(W_BASE + 50), _mfn(0xe0000), 1), 0);
    g[1] = W_BASE + 50;
    assert_int_equal(call(XENMEM_acquire_resource, &r), -EPERM);
    assert_true(mfn_eq(at(W_BASE, &t), was));
    assert_int_equal(t, P2M_RAM_RW);
    assert_int_equal(p2m_unmap_mmio(wd, _gfn(W_BASE + 50), _mfn(0xe0000), 1), 0);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_pages),
        cmocka_unit_test(move_one),
        cmocka_unit_test(move_ranges),
        cmocka_unit_test(move_without_memory),
        cmocka_unit_test(populate_without_memory),
        cmocka_unit_test(removal),
        cmocka_unit_test(foreign),
        cmocka_unit_test(own_batch),
        cmocka_unit_test(resources),
        cmocka_unit_test(resources_without_memory),
        cmocka_unit_test(resources_bad_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
