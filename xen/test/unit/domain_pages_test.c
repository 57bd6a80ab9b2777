/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frames of a domain over the real heap. What would be wrong: a frame that goes back
 * while somebody references it, one that never goes back, a count that drifts, a domain
 * that goes before its frames do.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/page_list.h>

#include "fake_ram.h"

static struct domain *d, *e;
static unsigned long free_at_start;
static bool preempt;

bool hypercall_preempt_check(void)
{
    return preempt;
}

void domain_get(struct domain *x)
{
    assert_true(x->refcount > 0);
    x->refcount++;
}

void domain_put(struct domain *x)
{
    assert_true(x->refcount > 1);
    x->refcount--;
}

static struct domain *make(domid_t id)
{
    struct domain *x = calloc(1, sizeof(*x));

    assert_non_null(x);
    x->domain_id = id;
    x->refcount = 1;
    x->max_pages = 100;
    page_list_init(&x->page_list);
    return x;
}

static int setup(void **state)
{
    static bool have_ram;

    if (!have_ram)
        fake_ram_init();
    have_ram = true;
    alloc_fail_arm(0);
    preempt = false;
    free_at_start = heap_free_pages();
    d = make(1);
    e = make(2);
    return 0;
}

static int check_end(struct domain *x)
{
    assert_int_equal(x->refcount, 1);
    assert_int_equal(x->tot_pages, 0);
    assert_int_equal(x->shared_pages, 0);
    assert_int_equal(charge_total(&x->charge), 0);
    assert_true(page_list_empty(&x->page_list));
    free(x);
    return 0;
}

static int teardown(void **state)
{
    check_end(d);
    check_end(e);
    assert_int_equal(heap_free_pages() + quarantined_pages, free_at_start);
    quarantined_pages = 0;
    return 0;
}

static void references(void **state)
{
    struct page_info *pg = domain_alloc_pages(d, 2, 0);

    assert_non_null(pg);
    assert_int_equal(d->refcount, 2);
    assert_int_equal(d->tot_pages, 4);
    assert_ptr_equal(pg[3].owner, d);
    assert_true(page_get(pg, d));
    assert_true(page_get(pg, NULL));
    assert_false(page_get(pg, e));
    assert_int_equal(pg->count & PGC_COUNT_MASK, 3);
    assert_true(page_drop_allocation(pg));
    assert_false(page_drop_allocation(pg));
    assert_int_equal(d->tot_pages, 4);
    page_put(pg);
    assert_int_equal(d->tot_pages, 4);
    page_put(pg);
    assert_int_equal(d->tot_pages, 3);
    assert_false(page_get(pg, NULL));

    /* A range with a hole in it: nothing is kept. */
    assert_false(page_get_range(pg, 4, d));
    assert_true(page_get_range(pg + 1, 3, d));
    for (int i = 1; i < 4; i++) {
        assert_int_equal(pg[i].count & PGC_COUNT_MASK, 2);
        page_put(&pg[i]);
        assert_true(page_drop_allocation(&pg[i]));
    }
}

static void contents(void **state)
{
    struct page_info *pg = domain_alloc_pages(d, 0, 0);
    unsigned char *p = page_to_virt(pg);

    for (unsigned int i = 0; i < PAGE_SIZE; i++)
        assert_int_equal(p[i], 0);
    memset(p, 0x77, PAGE_SIZE);
    page_drop_allocation(pg);
    for (unsigned int i = 0; i < PAGE_SIZE; i++)
        assert_int_equal(p[i], 0);
}

static void limits(void **state)
{
    struct page_info *pg[100];

    assert_null(domain_alloc_pages(d, 7, 0));
    assert_null(domain_alloc_pages(d, MAX_ORDER + 1, 0));
    for (int i = 0; i < 100; i++)
        assert_non_null(pg[i] = domain_alloc_pages(d, 0, 0));
    assert_null(domain_alloc_pages(d, 0, 0));
    page_drop_allocation(pg[0]);
    assert_non_null(pg[0] = domain_alloc_pages(d, 0, 0));
    for (int i = 0; i < 100; i++)
        page_drop_allocation(pg[i]);
    for (uint64_t nth = 1; nth < 3; nth++) {
        alloc_fail_arm(nth);
        pg[0] = domain_alloc_pages(d, 0, 0);
        alloc_fail_arm(0);
        assert_int_equal(pg[0] == NULL, nth == 1);
        assert_int_equal(d->tot_pages, nth == 1 ? 0 : 1);
        assert_int_equal(d->refcount, nth == 1 ? 1 : 2);
    }
    page_drop_allocation(pg[0]);
    d->dying = DOMDYING_DYING;
    assert_null(domain_alloc_pages(d, 0, 0));
}

static void claims(void **state)
{
    struct page_info *pg, *other;
    unsigned long all = heap_unclaimed_pages();

    d->max_pages = e->max_pages = 1ul << 30;
    assert_int_equal(domain_set_claim(d, all), 0);
    assert_int_equal(heap_unclaimed_pages(), 0);
    assert_null(domain_alloc_pages(e, 0, 0));
    pg = domain_alloc_pages(d, 3, 0);
    assert_non_null(pg);
    assert_int_equal(d->outstanding_claim, all - 8);
    assert_int_equal(domain_set_claim(d, 0), 0);
    other = domain_alloc_pages(e, 0, 0);
    assert_non_null(other);
    page_drop_allocation(other);
    for (int i = 0; i < 8; i++)
        page_drop_allocation(&pg[i]);
}

static void types(void **state)
{
    struct page_info *pg = domain_alloc_pages(d, 0, 0);

    assert_true(page_get_type(pg, d, PGT_WRITABLE));
    assert_true(page_get_type(pg, d, PGT_WRITABLE));
    assert_false(page_get_type(pg, d, 2ull << 60));
    assert_false(page_get_type(pg, e, PGT_WRITABLE));
    page_put_type(pg);
    assert_false(page_get_type(pg, d, 2ull << 60));
    page_put_type(pg);
    assert_true(page_get_type(pg, d, 2ull << 60));
    page_put_type(pg);
    assert_int_equal(pg->count & PGC_COUNT_MASK, 1);
    page_drop_allocation(pg);
}

/* A page the hypervisor made: charged, and its owner stays while others map it. */
static void shared(void **state)
{
    struct page_info *pg = domain_alloc_shared(d, CHARGE_GRANT_TABLE);

    assert_non_null(pg);
    assert_int_equal(d->charge.bytes[CHARGE_GRANT_TABLE], PAGE_SIZE);
    assert_int_equal(d->refcount, 2);
    assert_true(page_get(pg, d));
    page_put(pg);
    assert_int_equal(d->refcount, 2);
    assert_false(page_drop_allocation(pg));
    page_put(pg);
    assert_int_equal(d->refcount, 1);
    alloc_fail_arm(1);
    assert_null(domain_alloc_shared(d, CHARGE_GRANT_TABLE));
    alloc_fail_arm(0);
}

static void quarantine(void **state)
{
    struct page_info *pg = domain_alloc_pages(d, 0, 0);
    struct page_info *sh = domain_alloc_shared(d, CHARGE_SHARED_INFO);

    page_quarantine(pg);
    page_quarantine(pg);
    page_quarantine(sh);
    assert_int_equal(quarantined_pages, 2);
    page_drop_allocation(pg);
    page_put(sh);
    assert_true(pg->count & PGC_QUARANTINED);
    assert_false(pg->count & PGC_FREE);
    assert_false(sh->count & PGC_FREE);
    assert_false(page_get(pg, NULL));
}

/* Death: whatever is not referenced goes, in steps; the rest goes with its references. */
static void death(void **state)
{
    struct page_info *pg[60];
    int rc, steps = 0;

    for (int i = 0; i < 60; i++)
        assert_non_null(pg[i] = domain_alloc_pages(d, 0, 0));
    assert_true(page_get(pg[0], NULL));
    assert_true(page_get(pg[30], NULL));
    assert_true(page_get(pg[59], NULL));
    page_drop_allocation(pg[30]);
    d->dying = DOMDYING_DYING;
    preempt = true;
    do {
        rc = domain_free_all_pages(d);
        assert_true(++steps < 100);
    } while (rc);
    assert_int_equal(d->tot_pages, 3);
    assert_int_equal(d->refcount, 2);
    assert_int_equal(domain_free_all_pages(d), 0);
    page_put(pg[30]);
    page_put(pg[59]);
    assert_int_equal(d->refcount, 2);
    page_put(pg[0]);
}

/* Rows of frames go back at once, whichever way they lie on the list. */
static void death_in_rows(void **state)
{
    struct page_info *up, *pg[140], *hidden;
    unsigned int i;
    int rc;

    d->max_pages = 300;
    up = domain_alloc_pages(d, 7, 0);
    for (i = 0; i < 140; i++)   /* single ones come from high to low */
        assert_non_null(pg[i] = domain_alloc_pages(d, 0, 0));
    hidden = domain_alloc_pages(d, 3, MEMF_NO_REFCOUNT);
    assert_true(up && hidden);
    assert_int_equal(d->tot_pages, 128 + 140);
    assert_int_equal(d->shared_pages, 8);
    page_quarantine(&up[70]);
    assert_true(page_get(&up[20], d));
    assert_true(page_get(&hidden[3], d));
    for (i = 0; i < 4096; i++)
        ((char *)page_to_virt(&up[71]))[i] = 1;
    d->dying = DOMDYING_DYING;
    preempt = true;
    for (i = 0; (rc = domain_free_all_pages(d)) != 0; i++)
        assert_int_equal(rc, -ERESTART);
    assert_in_range(i, 2, 10);
    assert_int_equal(d->tot_pages, 1);
    assert_int_equal(d->shared_pages, 1);
    assert_int_equal(d->refcount, 2);
    assert_false(up[70].count & PGC_FREE);
    assert_true(up[71].count & PGC_FREE);
    assert_int_equal(*(char *)page_to_virt(&up[71]), 0);
    page_put(&up[20]);
    assert_int_equal(d->refcount, 2);
    page_put(&hidden[3]);
}

/* A frame knows what is before and behind it; taking it off twice is harmless. */
static void page_lists(void **state)
{
    struct page_list l = {0}, more = {0};
    struct page_info *pg[3], *at;
    unsigned int n = 0;

    assert_true(page_list_empty(&l));
    assert_null(page_list_pop(&l));
    for (int i = 0; i < 3; i++)
        assert_non_null(pg[i] = heap_alloc(0, 0));
    page_list_add(&l, pg[1]);
    page_list_add(&l, pg[0]);
    page_list_add_tail(&l, pg[2]);
    page_list_for_each(at, &l)
        assert_ptr_equal(at, pg[n++]);
    assert_int_equal(n, 3);
    page_list_del(&l, pg[1]);
    page_list_del(&l, pg[1]);
    assert_ptr_equal(page_list_next(pg[0]), pg[2]);
    page_list_del(&l, pg[2]);
    page_list_add_tail(&l, pg[1]);
    assert_ptr_equal(page_list_pop(&l), pg[0]);
    page_list_del(&l, pg[0]);
    assert_ptr_equal(page_list_pop(&l), pg[1]);
    assert_true(page_list_empty(&l));
    page_list_add_tail(&l, pg[2]);
    assert_ptr_equal(page_list_first(&l), pg[2]);
    page_list_add(&more, pg[1]);
    page_list_add(&more, pg[0]);
    page_list_splice_tail(&l, &more);
    assert_true(page_list_empty(&more));
    page_list_splice_tail(&more, &l);
    page_list_splice_tail(&more, &l);
    page_list_del(&more, pg[0]);
    assert_ptr_equal(page_list_pop(&more), pg[2]);
    assert_ptr_equal(page_list_pop(&more), pg[1]);
    assert_null(page_list_pop(&more));
    for (int i = 0; i < 3; i++)
        heap_free(pg[i], 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(references), T(contents), T(limits), T(claims), T(types), T(shared),
        T(quarantine), T(death), T(death_in_rows), T(page_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
