/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables of version 2: parts of pages, and grants that stand for others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <asm/current.h>

#include "grant_world.h"

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

/* wd lends wother its page at gfn 50 by reference 20; wother's 30 stands for that. */
static union grant_entry_v2 *set_transitive(void)
{
    union grant_entry_v2 *e = grant_v2(wother->grant_table, 30);

    *grant_v1(wd->grant_table, 20) = (struct grant_entry_v1){GTF_permit_access, 2, 50};
    e->transitive.trans_domid = 1;
    e->transitive.gref = 20;
    e->hdr.domid = 1;
    e->hdr.flags = GTF_transitive;
    return e;
}

static void check_unused(void)
{
    assert_int_equal(*grant_status(wother->grant_table, 30), 0);
    assert_int_equal(grant_v1(wd->grant_table, 20)->flags, GTF_permit_access);
}

/*
 * An entry that changes while somebody uses it: each later user gets what the first one
 * found, or nothing. A frame that the first pin never took would be no page at all.
 */
static void test_transitive_changed(void **state)
{
    struct gnttab_copy c = copy_op(50, 30, 5);
    struct pinned_grant first, second;
    union grant_entry_v2 *e;

    assert_int_equal(grant_set_version(wother, 2), 0);
    e = set_transitive();
    assert_int_equal(pin_30(0, &first), GNTST_okay);
    assert_ptr_equal(first.page, own);

    /* A page of its own; then another grant than before. */
    e->full_page.frame = LENT_GFN;
    e->hdr.flags = GTF_permit_access;
    assert_int_equal(pin_30(0, &second), GNTST_general_error);
    assert_int_equal(copy(&c), GNTST_general_error);
    assert_int_equal(map(30, 0, GNTMAP_host_map).status, GNTST_general_error);
    set_transitive()->transitive.gref = 21;
    assert_int_equal(pin_30(0, &second), GNTST_general_error);
    set_transitive()->transitive.trans_domid = 2;
    assert_int_equal(pin_30(0, &second), GNTST_general_error);

    /* As it was. */
    set_transitive();
    assert_int_equal(pin_30(PIN_WRITE, &second), GNTST_okay);
    assert_ptr_equal(second.page, own);
    grant_unpin(&second);
    grant_unpin(&first);
    check_unused();
}

/* From part of a page to another part, all of it, another page, another's grant. */
static void test_part_changed(void **state)
{
    union grant_entry_v2 *e, was = {.hdr = {GTF_permit_access | GTF_sub_page, 1}};
    struct pinned_grant first, second;

    assert_int_equal(grant_set_version(wother, 2), 0);
    e = set_transitive();
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
    set_transitive();
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
    assert_int_equal(*grant_status(wother->grant_table, 30), USE_BITS);
    grant_unpin(&second);
    grant_unpin(&first);
    check_unused();
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, grant_world_start, grant_world_stop)
    const struct CMUnitTest tests[] = {
        T(test_version_2),
        T(test_transitive),
        T(test_transitive_changed),
        T(test_part_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
