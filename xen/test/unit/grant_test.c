/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grants between two domains over the real p2m, heap and page references. p2m_world.c
 * watches every put; here a granter additionally watches that its use bits stay set until
 * the flush of an unmap is complete. Each test ends by killing both domains: handles,
 * charges and free memory must be as before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <asm/current.h>

#include "../../common/grant/private.h"
#include "guest_fake.h"
#include "p2m_world.h"

#define LENT     200u
#define LENT_GFN 100ul
#define USE_BITS (GTF_reading | GTF_writing)

static struct page_info *lent[LENT], *own;
static bool quarantine;

/* --- what the grant table calls ---------------------------------------------------- */

struct domain *domain_get_by_id(domid_t id)
{
    struct domain *d = id == DOMID_SELF || id == 1 ? wd : id == 2 ? wother : NULL;

    if (d)
        d->refcount++;
    return d;
}

void gprintk(const char *level, const char *fmt, ...)
{
}

int __real_p2m_commit(struct p2m_txn *txn);
int __wrap_p2m_commit(struct p2m_txn *txn);

/* Until the flush is done, no granter may think that its page is free. */
static grant_ref_t watch_first, watch_n;

int __wrap_p2m_commit(struct p2m_txn *txn)
{
    for (grant_ref_t ref = watch_first; ref < watch_first + watch_n; ref++)
        assert_true(grant_v1(wother->grant_table, ref)->flags & GTF_reading);
    return __real_p2m_commit(txn);
}

/* --- bench ------------------------------------------------------------------------- */

static struct grant_entry_v1 *entry(grant_ref_t ref)
{
    return grant_v1(wother->grant_table, ref);
}

static void lend(grant_ref_t ref, unsigned int page, domid_t to, uint16_t flags)
{
    entry(ref)->domid = to;
    entry(ref)->frame = (uint32_t)(LENT_GFN + page);
    entry(ref)->flags = flags;
}

static int start(void **state)
{
    world_start();
    bad_start = bad_end = 0;
    watch_n = 0;
    quarantine = false;
    assert_int_equal(grant_table_init(wd, 4, 4, 2), 0);
    assert_int_equal(grant_table_init(wother, 4, 4, 2), 0);
    for (unsigned int i = 0; i < LENT; i++) {
        lent[i] = domain_alloc_pages(wother, 0, 0);
        assert_non_null(lent[i]);
        assert_int_equal(p2m_map_one(wother, _gfn(LENT_GFN + i), page_to_mfn(lent[i]), 0,
                                     P2M_RAM_RW), 0);
        w_own_refs[frame_index(page_to_mfn(lent[i]))] = 1; /* wother's own map */
    }
    own = domain_alloc_pages(wd, 0, 0);
    assert_non_null(own);
    assert_int_equal(p2m_map_one(wd, _gfn(50), page_to_mfn(own), 0, P2M_RAM_RW), 0);
    return 0;
}

static void close_table(struct domain *d)
{
    if (!d->grant_table)
        return;
    d->dying = DOMDYING_DYING;
    watch_n = 0;
    while (grant_table_release_mappings(d) == -ERESTART)
        ;
    assert_int_equal(d->grant_table->nr_mapped, 0);
    grant_table_release_frames(d);
}

static int stop(void **state)
{
    w_preempt = true;
    close_table(wd);
    close_table(wother);
    w_preempt = false;
    grant_table_destroy(wd);
    grant_table_destroy(wother);
    memset(w_own_refs, 0, sizeof(w_own_refs));
    world_stop(quarantine);
    return 0;
}

static long op(unsigned int cmd, void *arg, unsigned int count)
{
    long rc;

    world_look();
    rc = call_to_end(hypercall_grant_table_op, cmd, arg, count);
    world_look();
    return rc;
}

static uint64_t place(unsigned int i)
{
    return (W_BASE + i) << PAGE_SHIFT;
}

static struct gnttab_map_grant_ref map(grant_ref_t ref, unsigned int at, uint32_t flags)
{
    struct gnttab_map_grant_ref m = {.host_addr = place(at), .flags = flags, .ref = ref,
                                     .dom = 2, .status = 99};

    assert_int_equal(op(GNTTABOP_map_grant_ref, &m, 1), 0);
    return m;
}

static int unmap(grant_handle_t handle, uint64_t host, uint64_t dev)
{
    struct gnttab_unmap_grant_ref u = {.host_addr = host, .dev_bus_addr = dev,
                                       .handle = handle, .status = 99};

    assert_int_equal(op(GNTTABOP_unmap_grant_ref, &u, 1), 0);
    return u.status;
}

static enum p2m_type type_at(unsigned int i, mfn_t *mfn)
{
    enum p2m_type t;

    *mfn = p2m_lookup(wd, _gfn(W_BASE + i), &t, NULL);
    return t;
}

/* --- tests ------------------------------------------------------------------------- */

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

static void test_batch(void **state)
{
    struct gnttab_map_grant_ref m[LENT];
    struct gnttab_unmap_grant_ref u[LENT];
    unsigned long commits;

    for (unsigned int i = 0; i < LENT; i++) {
        lend(8 + i, i, 1, GTF_permit_access);
        m[i] = (struct gnttab_map_grant_ref){
            .host_addr = place(i), .ref = 8 + i, .dom = 2, .flags = GNTMAP_host_map};
    }
    w_preempt = true;
    assert_int_equal(op(GNTTABOP_map_grant_ref, m, LENT), 0);
    assert_int_equal(restarts, LENT - 1);
    for (unsigned int i = 0; i < LENT; i++) {
        assert_int_equal(m[i].status, GNTST_okay);
        u[i] = (struct gnttab_unmap_grant_ref){
            .host_addr = place(i), .handle = m[i].handle, .status = 99};
    }
    watch_first = 8;
    watch_n = UNMAP_BATCH;
    commits = wc.iommu_flushes;
    w_preempt = false;
    assert_int_equal(op(GNTTABOP_unmap_grant_ref, u, UNMAP_BATCH), 0);
    assert_int_equal(wc.iommu_flushes - commits, 1); /* one flush for the batch */
    watch_n = 0;
    w_preempt = true;
    assert_int_equal(op(GNTTABOP_unmap_grant_ref, u + UNMAP_BATCH, LENT - UNMAP_BATCH),
                     0);
    assert_true(restarts >= 4);
    for (unsigned int i = 0; i < LENT; i++) {
        assert_int_equal(u[i].status, GNTST_okay);
        assert_int_equal(entry(8 + i)->flags, GTF_permit_access);
    }
    world_check_clean();
}

/*
 * A flush that times out: the frame is lost for good, the domain crashes, no handle
 * stays.
 */
static void test_flush_timeout(void **state)
{
    struct gnttab_map_grant_ref m;

    lend(8, 0, 1, GTF_permit_access);
    m = map(8, 0, GNTMAP_host_map);
    w_flush_timeouts = 1;
    assert_int_equal(unmap(m.handle, place(0), 0), GNTST_okay);
    assert_true(wd->crashed);
    assert_true(lent[0]->count & PGC_QUARANTINED);
    assert_int_equal(wd->grant_table->nr_mapped, 0);
    quarantine = true;
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

static void test_handles_run_out(void **state)
{
    unsigned int n;

    lend(8, 0, 1, GTF_permit_access);
    for (n = 0; map(8, n, GNTMAP_host_map).status == GNTST_okay; n++)
        ;
    assert_int_equal(n, 4 * MAPTRACK_PER_PAGE);
    assert_int_equal(map(8, n, GNTMAP_host_map).status, GNTST_no_device_space);
}

static struct gnttab_copy copy_op(uint64_t from_gfn, grant_ref_t to, uint16_t len)
{
    struct gnttab_copy c = {.len = len, .flags = GNTCOPY_dest_gref, .status = 99};

    c.source.u.gmfn = from_gfn;
    c.source.domid = DOMID_SELF;
    c.source.offset = 8;
    c.dest.u.ref = to;
    c.dest.domid = 2;
    c.dest.offset = 16;
    return c;
}

static int copy(struct gnttab_copy *c)
{
    assert_int_equal(op(GNTTABOP_copy, c, 1), 0);
    return c->status;
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

/* --- version 2 --------------------------------------------------------------------- */

static void as_other(bool other)
{
    static struct vcpu v;

    v.domain = other ? wother : wd;
    current = other ? &v : wd->vcpu[0];
}

static void test_version_2(void **state)
{
    struct grant_table *gt = wother->grant_table;
    struct gnttab_set_version sv = {3};
    struct gnttab_get_version gv = {.dom = 2};
    struct gnttab_map_grant_ref m;
    struct gnttab_copy c;
    mfn_t mfn;

    lend(1, 3, 1, GTF_permit_access);
    lend(8, 0, 1, GTF_permit_access);
    m = map(8, 0, GNTMAP_host_map);
    as_other(true);
    assert_int_equal(op(GNTTABOP_set_version, &sv, 1), -EINVAL);
    assert_int_equal(sv.version, 1);
    sv.version = 2;
    assert_int_equal(op(GNTTABOP_set_version, &sv, 1), -EBUSY);
    as_other(false);
    assert_int_equal(unmap(m.handle, place(0), 0), GNTST_okay);
    assert_int_equal(grant_table_get_frame(wother, 0, true, &mfn), -EINVAL);
    as_other(true);
    sv.version = 2;
    assert_int_equal(op(GNTTABOP_set_version, &sv, 1), 0);
    as_other(false);
    assert_int_equal(op(GNTTABOP_get_version, &gv, 1), 0);
    assert_int_equal(gv.version, 2);

    /* What the toolstack put in is still there, the rest is gone. */
    assert_int_equal(grant_v2(gt, 1)->hdr.flags, GTF_permit_access);
    assert_int_equal(grant_v2(gt, 1)->full_page.frame, LENT_GFN + 3);
    assert_int_equal(grant_v2(gt, 8)->hdr.flags, 0);
    assert_int_equal(grant_table_get_frame(wother, 0, true, &mfn), 0);

    m = map(1, 0, GNTMAP_host_map);
    assert_int_equal(m.status, GNTST_okay);
    assert_int_equal(*grant_status(gt, 1), USE_BITS);
    assert_int_equal(grant_v2(gt, 1)->hdr.flags, GTF_permit_access);
    assert_int_equal(unmap(m.handle, place(0), 0), GNTST_okay);
    assert_int_equal(*grant_status(gt, 1), 0);

    /* Part of a page: may be copied within its bounds, not mapped. */
    grant_v2(gt, 9)->sub_page.page_off = 16;
    grant_v2(gt, 9)->sub_page.length = 5;
    grant_v2(gt, 9)->sub_page.frame = LENT_GFN;
    grant_v2(gt, 9)->hdr.domid = 1;
    grant_v2(gt, 9)->hdr.flags = GTF_permit_access | GTF_sub_page;
    assert_int_equal(map(9, 0, GNTMAP_host_map).status, GNTST_general_error);
    c = copy_op(50, 9, 5);
    assert_int_equal(copy(&c), GNTST_okay);
    c = copy_op(50, 9, 6);
    assert_int_equal(copy(&c), GNTST_general_error);
    grant_v2(gt, 9)->sub_page.page_off = 4095;
    c = copy_op(50, 9, 5);
    assert_int_equal(copy(&c), GNTST_general_error);
    assert_int_equal(*grant_status(gt, 9), 0);
}

/* wother passes on a page that wd lent it; wd copies to itself by that way. */
static void test_transitive(void **state)
{
    struct grant_table *gt = wother->grant_table;
    struct grant_entry_v1 *mine = grant_v1(wd->grant_table, 20);
    struct gnttab_copy c = copy_op(50, 30, 5);

    assert_int_equal(grant_set_version(wother, 2), 0);
    grant_v2(gt, 30)->transitive.trans_domid = 1;
    grant_v2(gt, 30)->transitive.gref = 20;
    grant_v2(gt, 30)->hdr.domid = 1;
    grant_v2(gt, 30)->hdr.flags = GTF_transitive;
    assert_int_equal(copy(&c), GNTST_general_error); /* nothing lent yet */
    assert_int_equal(*grant_status(gt, 30), 0);
    mine->domid = 2;
    mine->frame = 50;
    mine->flags = GTF_permit_access;
    memcpy((char *)page_to_virt(own) + 8, "abcde", 5);
    assert_int_equal(copy(&c), GNTST_okay);
    assert_memory_equal((char *)page_to_virt(own) + 16, "abcde", 5);
    assert_int_equal(mine->flags, GTF_permit_access);
    assert_int_equal(*grant_status(gt, 30), 0);
    assert_int_equal(map(30, 0, GNTMAP_host_map).status, GNTST_general_error);
}

static int pin_30(unsigned int flags, struct pinned_grant *pin)
{
    return grant_pin(wother, 30, 1, flags, pin);
}

/*
 * An entry that changes while somebody uses it: each later user gets what the first one
 * found, or nothing. A frame that the first pin never took would be no page at all.
 */
static void test_changed_in_use(void **state)
{
    struct grant_table *gt = wother->grant_table;
    struct grant_entry_v1 *mine = grant_v1(wd->grant_table, 20);
    union grant_entry_v2 *e, was = {.hdr = {GTF_permit_access | GTF_sub_page, 1}};
    struct gnttab_copy c = copy_op(50, 30, 5);
    struct pinned_grant first, second;

    assert_int_equal(grant_set_version(wother, 2), 0);
    *mine = (struct grant_entry_v1){GTF_permit_access, 2, 50};
    e = grant_v2(gt, 30);
    e->transitive.trans_domid = 1;
    e->transitive.gref = 20;
    e->hdr.domid = 1;
    e->hdr.flags = GTF_transitive;

    /* From another's grant to a page of its own, and elsewhere. */
    assert_int_equal(pin_30(0, &first), GNTST_okay);
    e->full_page.frame = LENT_GFN;
    e->hdr.flags = GTF_permit_access;
    assert_int_equal(pin_30(0, &second), GNTST_general_error);
    assert_int_equal(copy(&c), GNTST_general_error);
    assert_int_equal(map(30, 0, GNTMAP_host_map).status, GNTST_general_error);
    e->transitive.trans_domid = 1;
    e->transitive.gref = 21;
    e->hdr.flags = GTF_transitive;
    assert_int_equal(pin_30(0, &second), GNTST_general_error);
    e->transitive.gref = 20;
    assert_int_equal(pin_30(PIN_WRITE, &second), GNTST_okay);
    assert_ptr_equal(second.page, own);
    grant_unpin(&second);
    grant_unpin(&first);
    assert_int_equal(mine->flags, GTF_permit_access);
    assert_int_equal(*grant_status(gt, 30), 0);

    /* From part of a page to another part, all of it, another page, another's grant. */
    was.sub_page.page_off = 16;
    was.sub_page.length = 5;
    was.sub_page.frame = LENT_GFN;
    *e = was;
    assert_int_equal(pin_30(0, &first), GNTST_okay);
    e->sub_page.page_off = 8;
    assert_int_equal(pin_30(0, &second), GNTST_general_error);
    *e = was;
    e->sub_page.length = 6;
    assert_int_equal(pin_30(0, &second), GNTST_general_error);
    *e = was;
    e->sub_page.frame = LENT_GFN + 1;
    assert_int_equal(pin_30(PIN_WRITE, &second), GNTST_general_error);
    *e = was;
    e->hdr.flags = GTF_permit_access;
    assert_int_equal(map(30, 0, GNTMAP_host_map).status, GNTST_general_error);
    e->transitive.trans_domid = 1;
    e->transitive.gref = 20;
    e->hdr.flags = GTF_transitive;
    assert_int_equal(pin_30(0, &second), GNTST_general_error);

    /* Whom it is for, whether it may be written, and the kind of table. */
    *e = was;
    e->hdr.domid = 2;
    assert_int_equal(pin_30(0, &second), GNTST_general_error);
    assert_int_equal(grant_pin(wother, 30, 2, 0, &second), GNTST_general_error);
    *e = was;
    e->hdr.flags |= GTF_readonly;
    assert_int_equal(pin_30(PIN_WRITE, &second), GNTST_general_error);
    assert_int_equal(grant_set_version(wother, 1), -EBUSY);
    *e = was;
    assert_int_equal(pin_30(PIN_WRITE, &second), GNTST_okay);
    assert_ptr_equal(second.page, lent[0]);
    assert_int_equal(second.start, 16);
    assert_int_equal(second.length, 5);
    assert_int_equal(*grant_status(gt, 30), USE_BITS);
    grant_unpin(&second);
    grant_unpin(&first);
    assert_int_equal(*grant_status(gt, 30), 0);
    assert_int_equal(mine->flags, GTF_permit_access);
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
#define T(fn) cmocka_unit_test_setup_teardown(fn, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_map_unmap),     T(test_device_map),    T(test_refusals),
        T(test_in_the_way),    T(test_unwind),        T(test_batch),
        T(test_flush_timeout),
        T(test_lender_dies),   T(test_borrower_dies), T(test_handles_run_out),
        T(test_copy),          T(test_version_2),     T(test_transitive),
        T(test_changed_in_use), T(test_growth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
