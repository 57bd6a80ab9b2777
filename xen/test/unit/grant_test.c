/* SPDX-License-Identifier: GPL-2.0-only */
/* Mapping, unmapping, copies and growth, version 1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <asm/current.h>

#include "grant_world.h"

static void test_map_unmap(void **state)
{
    struct gnttab_map_grant_ref m, r;
    mfn_t mfn;

    lend(8, 0, 1, GTF_permit_access);
    m = map(8, 0, GNTMAP_host_map);
    assert_int_equal(m.status, GNTST_okay);
    assert_int_equal(m.dev_bus_addr, page_to_paddr(lent[0]));
    assert_int_equal(type_at(0, &mfn), P2M_GRANT_RW);
    assert_true(mfn_eq(mfn, page_to_mfn(lent[0])));
    assert_int_equal(entry(8)->flags, GTF_permit_access | USE_BITS);

    /* Once more, only to read; the writing bit goes with the writer. */
    r = map(8, 1, GNTMAP_host_map | GNTMAP_readonly);
    assert_int_equal(r.status, GNTST_okay);
    assert_int_equal(type_at(1, &mfn), P2M_GRANT_RO);

    assert_int_equal(unmap(m.handle, place(1), 0), GNTST_bad_virt_addr);
    assert_int_equal(unmap(77, place(0), 0), GNTST_bad_handle);
    assert_int_equal(unmap(m.handle, place(0), 0), GNTST_okay);
    assert_int_equal(unmap(m.handle, place(0), 0), GNTST_bad_handle);
    assert_int_equal(type_at(0, &mfn), P2M_NONE);
    assert_int_equal(entry(8)->flags, GTF_permit_access | GTF_reading);
    assert_int_equal(unmap(r.handle, place(1), 0), GNTST_okay);
    assert_int_equal(entry(8)->flags, GTF_permit_access);
    world_check_clean();
}

static void test_device_map(void **state)
{
    struct gnttab_map_grant_ref m;

    lend(8, 0, 1, GTF_permit_access);
    m = map(8, 0, GNTMAP_host_map | GNTMAP_device_map);
    assert_int_equal(m.status, GNTST_okay);
    assert_int_equal(unmap(m.handle, place(0), 4096), GNTST_bad_dev_addr);
    assert_int_equal(unmap(m.handle, place(0), 0), GNTST_okay);
    /* the device has it */
    assert_int_equal(entry(8)->flags, GTF_permit_access | USE_BITS);
    assert_int_equal(unmap(m.handle, 0, m.dev_bus_addr), GNTST_okay);
    assert_int_equal(entry(8)->flags, GTF_permit_access);
}

static void test_refusals(void **state)
{
    struct gnttab_map_grant_ref m = {.ref = 8, .dom = 9, .flags = GNTMAP_host_map};
    struct gnttab_transfer t = {.mfn = 1, .domid = 2};

    lend(8, 0, 1, GTF_permit_access | GTF_readonly);
    lend(9, 0, 3, GTF_permit_access);
    lend(10, 0, 1, GTF_accept_transfer | GTF_transfer_completed);
    lend(11, 5000, 1, GTF_permit_access);
    lend(12, 0, 1, GTF_permit_access | GTF_PCD);

    assert_int_equal(op(GNTTABOP_map_grant_ref, &m, 1), 0);
    assert_int_equal(m.status, GNTST_bad_domain);
    assert_int_equal(map(8, 0, GNTMAP_host_map).status, GNTST_general_error);
    assert_int_equal(map(9, 0, GNTMAP_host_map).status, GNTST_general_error);
    assert_int_equal(map(10, 0, GNTMAP_host_map).status, GNTST_general_error);
    assert_int_equal(map(11, 0, GNTMAP_host_map).status, GNTST_bad_page);
    assert_int_equal(map(12, 0, GNTMAP_host_map).status, GNTST_general_error);
    assert_int_equal(map(100000, 0, GNTMAP_host_map).status, GNTST_bad_gntref);
    assert_int_equal(map(8, 0, GNTMAP_readonly).status, GNTST_bad_gntref);
    assert_int_equal(map(8, 0, GNTMAP_host_map | GNTMAP_contains_pte).status,
                     GNTST_general_error);
    /* A refusal leaves no trace, not even in bits that mean something else. */
    assert_int_equal(entry(8)->flags, GTF_permit_access | GTF_readonly);
    assert_int_equal(entry(10)->flags, GTF_accept_transfer | GTF_transfer_completed);
    assert_int_equal(entry(11)->flags, GTF_permit_access);
    assert_int_equal(wd->grant_table->nr_mapped, 0);

    assert_int_equal(op(GNTTABOP_transfer, &t, 1), 0);
    assert_int_equal(t.status, GNTST_bad_page);
    assert_int_equal(op(GNTTABOP_cache_flush, &t, 1), -EOPNOTSUPP);
    assert_int_equal(op(99, &t, 1), -ENOSYS);
    assert_int_equal(op(GNTTABOP_copy, &t, 0x80000000u), -EINVAL);
    assert_int_equal(op(GNTTABOP_copy, (void *)-4096l, 100), -EFAULT);
}

/*
 * Over device memory, which then could no longer be unmapped as one piece, or over
 * another grant, whose handle could no longer be. Memory of its own the domain may lose.
 */
static void test_in_the_way(void **state)
{
    struct gnttab_map_grant_ref m;
    mfn_t mfn;

    lend(8, 0, 1, GTF_permit_access);
    lend(9, 1, 1, GTF_permit_access);
    assert_int_equal(p2m_map_mmio(wd, _gfn(W_BASE), _mfn(0xe0000), 4), 0);
    assert_int_equal(map(8, 1, GNTMAP_host_map).status, GNTST_general_error);
    assert_int_equal(type_at(1, &mfn), P2M_MMIO_DIRECT);
    assert_int_equal(entry(8)->flags, GTF_permit_access);
    assert_int_equal(wd->grant_table->nr_mapped, 0);
    assert_int_equal(p2m_unmap_mmio(wd, _gfn(W_BASE), _mfn(0xe0000), 4), 0);

    m = map(8, 1, GNTMAP_host_map);
    assert_int_equal(m.status, GNTST_okay);
    assert_int_equal(map(9, 1, GNTMAP_host_map).status, GNTST_general_error);
    assert_int_equal(entry(9)->flags, GTF_permit_access);
    assert_int_equal(type_at(1, &mfn), P2M_GRANT_RW);
    assert_true(mfn_eq(mfn, page_to_mfn(lent[0])));
    assert_int_equal(unmap(m.handle, place(1), 0), GNTST_okay);
}

/* Results that cannot be told undo the mapping; allocations that fail leave nothing. */
static void test_unwind(void **state)
{
    struct gnttab_map_grant_ref m = {.host_addr = place(0), .ref = 8, .dom = 2,
                                     .flags = GNTMAP_host_map};
    mfn_t mfn;

    lend(8, 0, 1, GTF_permit_access);
    bad_start = (uintptr_t)&m.status;
    bad_end = bad_start + 2;
    assert_int_equal(op(GNTTABOP_map_grant_ref, &m, 1), -EFAULT);
    bad_start = bad_end = 0;
    assert_int_equal(wd->grant_table->nr_mapped, 0);

    for (unsigned int n = 1; n < 50; n++) {
        m.status = 99;
        alloc_fail_arm(n);
        assert_int_equal(op(GNTTABOP_map_grant_ref, &m, 1), 0);
        if (m.status == GNTST_okay)
            break;
        assert_int_equal(entry(8)->flags, GTF_permit_access);
        assert_int_equal(type_at(0, &mfn), P2M_NONE);
        assert_int_equal(wd->grant_table->nr_mapped, 0);
    }
    alloc_fail_arm(0);
    assert_int_equal(m.status, GNTST_okay);
    assert_int_equal(unmap(m.handle, place(0), 0), GNTST_okay);
}

#define MANY 600u   /* more than one batch */

/* A flush for each batch, whether it is of removals or of additions that are cached. */
static void test_batch(void **state)
{
    static struct gnttab_map_grant_ref m[MANY];
    static struct gnttab_unmap_grant_ref u[MANY];
    unsigned long flushes = wc.iommu_flushes;

    for (unsigned int i = 0; i < MANY; i++) {
        lend(8 + i % LENT, i % LENT, 1, GTF_permit_access);
        m[i] = (struct gnttab_map_grant_ref){
            .host_addr = place(i), .ref = 8 + i % LENT, .dom = 2,
            .flags = GNTMAP_host_map};
    }
    w_preempt = true;
    iommu_caches_absent = true;
    assert_int_equal(op(GNTTABOP_map_grant_ref, m, MANY), 0);
    iommu_caches_absent = false;
    assert_int_equal(restarts, 1);
    assert_int_equal(wc.iommu_flushes - flushes, 2);
    for (unsigned int i = 0; i < MANY; i++) {
        mfn_t mfn;

        assert_int_equal(m[i].status, GNTST_okay);
        assert_int_equal(type_at(i, &mfn), P2M_GRANT_RW);
        assert_true(mfn_eq(mfn, page_to_mfn(lent[i % LENT])));
        assert_int_equal(m[i].dev_bus_addr, mfn_to_paddr(mfn));
        u[i] = (struct gnttab_unmap_grant_ref){
            .host_addr = place(i), .handle = m[i].handle, .status = 99};
    }
    watch_first = 8;
    watch_n = LENT;
    flushes = wc.iommu_flushes;
    assert_int_equal(op(GNTTABOP_unmap_grant_ref, u, GRANT_BATCH), 0);
    assert_int_equal(wc.iommu_flushes - flushes, 1);
    watch_n = 0;
    assert_int_equal(op(GNTTABOP_unmap_grant_ref, u + GRANT_BATCH, MANY - GRANT_BATCH),
                     0);
    assert_int_equal(wc.iommu_flushes - flushes, 2);
    for (unsigned int i = 0; i < MANY; i++) {
        assert_int_equal(u[i].status, GNTST_okay);
        assert_int_equal(entry(8 + i % LENT)->flags, GTF_permit_access);
    }
    world_check_clean();
}

/* Good elements beside bad ones, and the same handle more than once in an array. */
static void test_mixed_batch(void **state)
{
    struct gnttab_map_grant_ref m[5];
    struct gnttab_unmap_grant_ref u[6];

    lend(8, 0, 1, GTF_permit_access);
    lend(9, 1, 1, GTF_permit_access);
    for (unsigned int i = 0; i < 5; i++)
        m[i] = (struct gnttab_map_grant_ref){.host_addr = place(i), .ref = 8, .dom = 2,
                                             .flags = GNTMAP_host_map, .status = 99};
    m[1].ref = 10;                 /* not lent */
    m[2].flags |= GNTMAP_device_map;
    m[3].host_addr = place(0);     /* taken by the first */
    m[4].ref = 9;
    assert_int_equal(op(GNTTABOP_map_grant_ref, m, 5), 0);
    assert_int_equal(m[0].status, GNTST_okay);
    assert_int_equal(m[1].status, GNTST_general_error);
    assert_int_equal(m[2].status, GNTST_okay);
    assert_int_equal(m[3].status, GNTST_general_error);
    assert_int_equal(m[4].status, GNTST_okay);
    assert_int_equal(wd->grant_table->nr_mapped, 3);

    memset(u, 0, sizeof(u));
    u[0].handle = u[3].handle = m[0].handle;
    u[0].host_addr = u[3].host_addr = place(0);
    u[1].handle = u[2].handle = m[2].handle;
    u[1].host_addr = place(2);
    u[2].dev_bus_addr = m[2].dev_bus_addr;
    u[4].handle = m[4].handle;
    u[4].host_addr = place(5);     /* it is not there */
    u[5].handle = m[4].handle;
    u[5].host_addr = place(4);
    assert_int_equal(op(GNTTABOP_unmap_grant_ref, u, 6), 0);
    assert_int_equal(u[0].status, GNTST_okay);
    assert_int_equal(u[1].status, GNTST_okay);
    assert_int_equal(u[2].status, GNTST_okay);
    assert_int_equal(u[3].status, GNTST_bad_handle);
    assert_int_equal(u[4].status, GNTST_bad_virt_addr);
    assert_int_equal(u[5].status, GNTST_okay);
    assert_int_equal(wd->grant_table->nr_mapped, 0);
    assert_int_equal(entry(8)->flags, GTF_permit_access);
    assert_int_equal(entry(9)->flags, GTF_permit_access);
}

/* What the guest cannot be told is undone, with all that comes after it. */
static void test_bad_memory(void **state)
{
    struct gnttab_map_grant_ref m[4];
    struct gnttab_unmap_grant_ref u[4];
    mfn_t mfn;

    lend(8, 0, 1, GTF_permit_access);
    for (unsigned int i = 0; i < 4; i++)
        m[i] = (struct gnttab_map_grant_ref){.host_addr = place(i), .ref = 8, .dom = 2,
                                             .flags = GNTMAP_host_map};
    bad_start = (uintptr_t)&m[2];
    bad_end = bad_start + sizeof(m[2]);
    bad_readable = true;
    assert_int_equal(op(GNTTABOP_map_grant_ref, m, 4), -EFAULT);
    bad_readable = false;
    assert_int_equal(wd->grant_table->nr_mapped, 2);
    assert_int_equal(type_at(1, &mfn), P2M_GRANT_RW);
    assert_int_equal(type_at(2, &mfn), P2M_NONE);
    assert_int_equal(type_at(3, &mfn), P2M_NONE);
    assert_int_equal(m[1].status, GNTST_okay);

    /* An array whose end cannot even be read: what comes before it is done. */
    assert_int_equal(op(GNTTABOP_map_grant_ref, m, 3), -EFAULT);
    assert_int_equal(m[0].status, GNTST_general_error); /* it is there already */
    for (unsigned int i = 0; i < 4; i++)
        u[i] = (struct gnttab_unmap_grant_ref){.host_addr = place(i),
                                               .handle = m[i].handle, .status = 99};
    bad_start = (uintptr_t)&u[1];
    bad_end = bad_start + sizeof(u[1]);
    assert_int_equal(op(GNTTABOP_unmap_grant_ref, u, 2), -EFAULT);
    assert_int_equal(u[0].status, GNTST_okay);
    assert_int_equal(wd->grant_table->nr_mapped, 1);
    bad_readable = true;
    assert_int_equal(op(GNTTABOP_unmap_grant_ref, u + 1, 1), -EFAULT);
    assert_int_equal(wd->grant_table->nr_mapped, 0);
    assert_int_equal(entry(8)->flags, GTF_permit_access);
}

/*
 * A flush that times out: the borrower's device may write to the page for ever. The frame
 * is lost, the borrower keeps no handle, and the granter sees it in use for
 * as long as its table lives.
 */
static void check_lost(grant_ref_t ref, const struct page_info *pg)
{
    struct gnttab_swap_grant_ref swap = {.ref_a = ref, .ref_b = 100};
    struct gnttab_copy c = copy_op(50, ref, 5);

    assert_int_equal(entry(ref)->flags, GTF_permit_access | USE_BITS);
    assert_true(pg->count & PGC_QUARANTINED);
    assert_int_equal(map(ref, 90, GNTMAP_host_map).status, GNTST_general_error);
    assert_int_equal(copy(&c), GNTST_general_error);
    assert_int_equal(grant_set_version(wother, 2), -EBUSY);
    as_other(true);
    assert_int_equal(op(GNTTABOP_swap_grant_ref, &swap, 1), 0);
    as_other(false);
    assert_int_equal(swap.status, GNTST_eagain);
    assert_int_equal(entry(ref)->flags, GTF_permit_access | USE_BITS);
    quarantine = true;
}

static void test_flush_timeout(void **state)
{
    struct gnttab_map_grant_ref m, r, both;

    lend(8, 0, 1, GTF_permit_access);
    lend(9, 1, 1, GTF_permit_access);
    m = map(8, 0, GNTMAP_host_map);
    r = map(8, 1, GNTMAP_host_map | GNTMAP_readonly);
    both = map(9, 2, GNTMAP_host_map | GNTMAP_device_map);
    w_flush_timeouts = 2;
    assert_int_equal(unmap(m.handle, place(0), 0), GNTST_okay);
    /* What is left of it goes without a flush. */
    assert_int_equal(unmap(both.handle, place(2), 0), GNTST_okay);
    assert_int_equal(unmap(both.handle, 0, both.dev_bus_addr), GNTST_okay);
    assert_int_equal(unmap(r.handle, place(1), 0), GNTST_okay);
    assert_int_equal(wd->grant_table->nr_mapped, 0);
    check_lost(8, lent[0]);
    check_lost(9, lent[1]);
}

/* The same when the borrower dies: no handle stays, no page is free. */
static void test_timeout_at_death(void **state)
{
    for (unsigned int i = 0; i < 40; i++) {
        lend(8 + i, i, 1, GTF_permit_access);
        assert_int_equal(map(8 + i, i, GNTMAP_host_map).status, GNTST_okay);
    }
    w_flush_timeouts = 100;
    close_table(wd);
    w_flush_timeouts = 0;
    for (unsigned int i = 0; i < 40; i++) {
        assert_int_equal(entry(8 + i)->flags, GTF_permit_access | USE_BITS);
        assert_true(lent[i]->count & PGC_QUARANTINED);
    }
    quarantine = true;
}

/* A mapping whose flush times out is there all the same, and is unmapped like others. */
static void test_timeout_of_map(void **state)
{
    struct gnttab_map_grant_ref m;
    mfn_t mfn;

    lend(8, 0, 1, GTF_permit_access);
    iommu_caches_absent = true;
    w_flush_timeouts = 1;
    m = map(8, 0, GNTMAP_host_map);
    iommu_caches_absent = false;
    assert_int_equal(type_at(0, &mfn), P2M_GRANT_RW);
    assert_int_equal(entry(8)->flags, GTF_permit_access | USE_BITS);
    assert_int_equal(wd->grant_table->nr_mapped, 1);
    assert_int_equal(m.status, GNTST_okay);
    assert_int_equal(unmap(m.handle, place(0), 0), GNTST_okay);
    assert_int_equal(entry(8)->flags, GTF_permit_access);
}

/* The lender dies first; its page stays until the borrower lets go. */
static void test_lender_dies(void **state)
{
    struct gnttab_map_grant_ref m;
    mfn_t mfn;

    lend(8, 0, 1, GTF_permit_access);
    m = map(8, 0, GNTMAP_host_map);
    close_table(wother);
    assert_int_equal(type_at(0, &mfn), P2M_GRANT_RW);
    assert_int_equal(map(8, 1, GNTMAP_host_map).status, GNTST_bad_gntref);
    assert_int_equal(unmap(m.handle, place(0), 0), GNTST_okay);
}

static void test_borrower_dies(void **state)
{
    for (unsigned int i = 0; i < 120; i++) {
        lend(8 + i, i, 1, GTF_permit_access);
        assert_int_equal(map(8 + i, i, GNTMAP_host_map).status, GNTST_okay);
    }
    w_preempt = true;
    close_table(wd);
    w_preempt = false;
    for (unsigned int i = 0; i < 120; i++)
        assert_int_equal(entry(8 + i)->flags, GTF_permit_access);
    world_look();
    world_check_clean();
}

/* A mapping that cannot be taken out yet is not lost: it goes when there is memory. */
static void test_no_memory_at_death(void **state)
{
    for (unsigned int i = 0; i < 4; i++) {
        lend(8 + i, i, 1, GTF_permit_access);
        assert_int_equal(map(8 + i, i, GNTMAP_host_map).status, GNTST_okay);
    }
    wd->dying = DOMDYING_DYING;
    for (unsigned int i = 0; i < 2; i++) {
        w_iommu_fail_at = 2 - i;
        assert_int_equal(grant_table_release_mappings(wd), -ENOMEM);
        assert_int_equal(wd->grant_table->nr_mapped, 1);
        assert_int_equal(entry(9)->flags, GTF_permit_access | USE_BITS);
    }
    assert_int_equal(grant_table_release_mappings(wd), 0);
    for (unsigned int i = 0; i < 4; i++)
        assert_int_equal(entry(8 + i)->flags, GTF_permit_access);
}

/* So it is for a domain that lives: the handle stays, and works. */
static void test_no_memory_to_unmap(void **state)
{
    struct gnttab_map_grant_ref m;

    lend(8, 0, 1, GTF_permit_access);
    m = map(8, 0, GNTMAP_host_map);
    w_iommu_fail_at = 1;
    assert_int_equal(unmap(m.handle, place(0), 0), GNTST_general_error);
    assert_int_equal(entry(8)->flags, GTF_permit_access | USE_BITS);
    assert_int_equal(unmap(m.handle, place(0), 0), GNTST_okay);
    assert_int_equal(entry(8)->flags, GTF_permit_access);
    assert_int_equal(wd->grant_table->nr_mapped, 0);
}

/* A debug key prints so much of a table and not more. */
static void test_dump(void **state)
{
    lines = 0;
    grant_table_dump(wother);
    assert_int_equal(lines, 1);
    for (unsigned int i = 0; i < LENT; i++) {
        lend(8 + i, i, 1, GTF_permit_access);
        assert_int_equal(map(8 + i, i, GNTMAP_host_map).status, GNTST_okay);
        lines = 0;
        if (i == 2 || i == LENT - 1)
            grant_table_dump(wother);
        if (i == 2)
            assert_int_equal(lines, 4);
    }
    assert_int_equal(lines, 1 + 64 + 1);
}

static void test_handles_run_out(void **state)
{
    unsigned int n;

    lend(8, 0, 1, GTF_permit_access);
    for (n = 0; map(8, n, GNTMAP_host_map).status == GNTST_okay; n++)
        ;
    assert_int_equal(n, MAPTRACK_PAGES * MAPTRACK_PER_PAGE);
    assert_int_equal(map(8, n, GNTMAP_host_map).status, GNTST_no_device_space);
}

static void test_copy(void **state)
{
    struct gnttab_copy c = copy_op(50, 8, 5);
    char *to = page_to_virt(lent[0]);

    memcpy((char *)page_to_virt(own) + 8, "hello", 5);
    lend(8, 0, 1, GTF_permit_access);
    lend(9, 0, 1, GTF_permit_access | GTF_readonly);
    assert_int_equal(copy(&c), GNTST_okay);
    assert_memory_equal(to + 16, "hello", 5);
    assert_int_equal(entry(8)->flags, GTF_permit_access);

    c = copy_op(50, 9, 5);
    assert_int_equal(copy(&c), GNTST_general_error);
    c = copy_op(50, 8, 4090);
    assert_int_equal(copy(&c), GNTST_bad_copy_arg);
    c = copy_op(51, 8, 5);
    assert_int_equal(copy(&c), GNTST_bad_page);
    c = copy_op(50, 8, 5);
    c.source.domid = 2;
    assert_int_equal(copy(&c), GNTST_permission_denied);
    c = copy_op(50, 8, 5);
    c.dest.domid = 7;
    assert_int_equal(copy(&c), GNTST_bad_domain);

    /* Back again. */
    c = (struct gnttab_copy){.len = 3, .flags = GNTCOPY_source_gref};
    c.source.u.ref = 9;
    c.source.domid = 2;
    c.source.offset = 16;
    c.dest.u.gmfn = 50;
    c.dest.domid = DOMID_SELF;
    c.dest.offset = 100;
    assert_int_equal(copy(&c), GNTST_okay);
    assert_memory_equal((char *)page_to_virt(own) + 100, "hel", 3);
}

static void test_growth(void **state)
{
    struct gnttab_setup_table st = {.dom = DOMID_SELF, .nr_frames = 3};
    struct gnttab_query_size q = {.dom = 2};
    xen_pfn_t list[4] = {0};
    mfn_t a, b;

    st.frame_list.p = list;
    assert_int_equal(op(GNTTABOP_setup_table, &st, 2), -EINVAL);
    assert_int_equal(op(GNTTABOP_setup_table, &st, 1), 0);
    assert_int_equal(st.status, GNTST_okay);
    assert_int_equal(grant_table_nr_frames(wd), 3);
    st.nr_frames = 5;
    assert_int_equal(op(GNTTABOP_setup_table, &st, 1), 0);
    assert_int_equal(st.status, GNTST_general_error);
    assert_int_equal(op(GNTTABOP_query_size, &q, 1), 0);
    assert_int_equal(q.nr_frames, 1);
    assert_int_equal(q.max_nr_frames, 4);

    assert_int_equal(grant_table_get_frame(wd, 3, false, &a), 0);
    assert_int_equal(grant_table_get_frame(wd, 3, false, &b), 0);
    assert_true(mfn_eq(a, b));
    assert_int_equal(grant_table_get_frame(wd, 4, false, &a), -EINVAL);
    assert_int_equal(grant_table_get_frame(wd, ~0ul, false, &a), -EINVAL);
    alloc_fail_arm(1);
    assert_int_equal(grant_table_get_frame(wother, 1, false, &a), -ENOMEM);
    alloc_fail_arm(2);
    assert_int_equal(grant_table_get_frame(wother, 1, false, &a), -ENOMEM);
    alloc_fail_arm(0);
    assert_int_equal(grant_table_get_frame(wother, 1, false, &a), 0);

    /* Ports of the privileged only. */
    wd->is_privileged = false;
    assert_int_equal(op(GNTTABOP_query_size, &q, 1), 0);
    assert_int_equal(q.status, GNTST_permission_denied);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, grant_world_start, grant_world_stop)
    const struct CMUnitTest tests[] = {
        T(test_map_unmap),     T(test_device_map),    T(test_refusals),
        T(test_in_the_way),    T(test_unwind),        T(test_batch),
        T(test_mixed_batch),   T(test_bad_memory),
        T(test_flush_timeout), T(test_timeout_at_death), T(test_timeout_of_map),
        T(test_lender_dies),   T(test_borrower_dies), T(test_handles_run_out),
        T(test_no_memory_at_death), T(test_no_memory_to_unmap),
        T(test_dump),          T(test_copy),          T(test_growth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
