/* SPDX-License-Identifier: GPL-2.0-only */
/* Page heap and charged allocator: nothing overlaps, nothing is lost, claims hold. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/page_list.h>
#include <xen/spinlock.h>
#include "fake_ram.h"

#define ALL (FAKE_LOW_PAGES + FAKE_HIGH_PAGES)

/* What another CPU does right after a lock was released, once. */
static void (*other_cpu)(void);

void __real_spin_unlock(spinlock_t *l);
void __wrap_spin_unlock(spinlock_t *l);

void __wrap_spin_unlock(spinlock_t *l)
{
    void (*what)(void) = other_cpu;

    __real_spin_unlock(l);
    other_cpu = NULL;
    if (what)
        what();
}

static int setup(void **state)
{
    fake_ram_init();
    alloc_fail_arm(0);
    return 0;
}

/*
 * Take everything in single pages and give it back: the heap is whole and merged again.
 */
static void check_whole(void)
{
    static struct page_info *got[ALL];
    unsigned long n = 0;

    assert_int_equal(heap_free_pages(), ALL);
    while (n < ALL && (got[n] = heap_alloc(0, 0)) != NULL)
        n++;
    assert_int_equal(n, ALL);
    assert_null(heap_alloc(0, 0));
    assert_int_equal(heap_free_pages(), 0);
    assert_int_equal(heap_free_between(0, 0), 0);
    while (n)
        heap_free(got[--n], 0);
    assert_int_equal(heap_free_pages(), ALL);
    assert_int_equal(heap_free_between(0, 32), FAKE_LOW_PAGES);
    assert_int_equal(heap_free_between(33, 1000), FAKE_HIGH_PAGES);
    assert_int_equal(heap_free_between(1000, 0), 0);
    got[0] = heap_alloc(11, 0);
    assert_non_null(got[0]);
    heap_free(got[0], 11);
}

static void test_random(void **state)
{
    struct {
        struct page_info *pg;
        unsigned int order;
    } held[64] = {{0}};

    srand(3);
    for (int round = 0; round < 20000; round++) {
        unsigned int i = (unsigned int)rand() % 64, order = (unsigned int)rand() % 7;
        unsigned char mark = (unsigned char)i;

        if (held[i].pg) {
            unsigned char *p = page_to_virt(held[i].pg);

            for (unsigned long j = 0; j < PAGE_SIZE << held[i].order; j += 512)
                assert_int_equal(p[j], mark);
            if (rand() % 2)
                heap_free_scrub(held[i].pg, 1ul << held[i].order);
            else
                heap_free(held[i].pg, held[i].order);
            held[i].pg = NULL;
            continue;
        }
        held[i].pg = heap_alloc(order, rand() % 2 ? MEMF_ZERO : 0);
        held[i].order = order;
        if (held[i].pg) {
            assert_int_equal(mfn_x(page_to_mfn(held[i].pg)) & ((1UL << order) - 1), 0);
            assert_int_equal(held[i].pg->count, 0);
            memset(page_to_virt(held[i].pg), mark, PAGE_SIZE << order);
        }
    }
    for (unsigned int i = 0; i < 64; i++)
        if (held[i].pg)
            heap_free(held[i].pg, held[i].order);
    check_whole();
}

static void test_zero_and_zones(void **state)
{
    struct page_info *pg[ALL];
    unsigned long low = 0, n = 0;

    while ((pg[n] = heap_alloc(0, MEMF_DMA32 | MEMF_ZERO)) != NULL) {
        const char *p = page_to_virt(pg[n]);

        assert_true(mfn_x(page_to_mfn(pg[n])) < FAKE_HIGH_MFN);
        assert_true(p[0] == 0 && !memcmp(p, p + 1, PAGE_SIZE - 1));
        n++;
    }
    assert_int_equal(n, FAKE_LOW_PAGES);
    assert_int_equal(heap_free_between(0, 32), 0);
    assert_int_equal(heap_free_between(33, 0), FAKE_HIGH_PAGES);
    while (n)
        heap_free_scrub(pg[--n], 1);
    /* Who does not need low memory gets high memory while there is some. */
    for (n = 0; n < FAKE_HIGH_PAGES; n++) {
        pg[n] = heap_alloc(0, 0);
        low += mfn_x(page_to_mfn(pg[n])) < FAKE_HIGH_MFN;
    }
    assert_int_equal(low, 0);
    while (n)
        heap_free(pg[--n], 0);
    check_whole();
}

static void test_claims(void **state)
{
    static struct domain d;
    struct page_info *pg;

    memset(&d, 0, sizeof(d));
    d.max_pages = 4000;
    assert_int_equal(domain_set_claim(&d, 4001), -EINVAL);
    assert_int_equal(domain_set_claim(&d, ALL + 1), -ENOMEM);
    assert_int_equal(domain_set_claim(&d, ALL - 10), 0);
    assert_int_equal(domain_set_claim(&d, 5), -EINVAL);
    assert_int_equal(heap_unclaimed_pages(), 10);
    assert_null(heap_alloc(4, 0)); /* 16 pages: six are promised */
    pg = heap_alloc_for(&d, 4, 0);
    assert_non_null(pg);
    assert_int_equal(d.outstanding_claim, ALL - 10 - 16);
    assert_int_equal(heap_unclaimed_pages(), 10);
    heap_free(pg, 4);
    /* A dying domain can only lose its claim. */
    d.dying = DOMDYING_DYING;
    assert_int_equal(domain_set_claim(&d, 0), 0);
    assert_int_equal(heap_outstanding_claims(), 0);
    assert_int_equal(domain_set_claim(&d, 1), -EINVAL);
    assert_int_equal(heap_outstanding_claims(), 0);
    check_whole();
}

static void test_quarantine(void **state)
{
    struct page_info *pg = heap_alloc(3, 0);

    page_quarantine(pg + 5);
    page_quarantine(pg + 5);
    assert_int_equal(quarantined_pages, 1);
    heap_free_scrub(pg, 8);
    assert_int_equal(heap_free_pages(), ALL - 1);
    for (unsigned long n = 0; n < ALL - 1; n++)
        assert_ptr_not_equal(heap_alloc(0, 0), pg + 5);
    assert_null(heap_alloc(0, 0));
}

static void test_objects(void **state)
{
    static struct charge c;
    struct {
        unsigned char *p;
        size_t size;
    } held[200] = {{0}};

    memset(&c, 0, sizeof(c));
    srand(5);
    for (int round = 0; round < 30000; round++) {
        unsigned int i = (unsigned int)rand() % 200;
        size_t size = rand() % 8 ? (size_t)rand() % 2100 : (size_t)rand() % 40000;

        if (held[i].p) {
            for (size_t j = 0; j < held[i].size; j++)
                assert_int_equal(held[i].p[j], i & 0xff);
            charge_free(held[i].p);
            /* Who still looks there sees it, but for the link of a free list. */
            for (size_t j = sizeof(void *); j < held[i].size; j++)
                assert_int_equal(held[i].p[j], 0xa5);
            held[i].p = NULL;
            continue;
        }
        held[i].p = charge_alloc(&c, (enum charge_tag)(i % CHARGE_TAGS), size);
        held[i].size = size;
        if (!held[i].p)
            continue;
        assert_int_equal((uintptr_t)held[i].p & (size >= PAGE_SIZE ? PAGE_SIZE - 1 : 15),
                         0);
        for (size_t j = 0; j < size; j++)
            assert_int_equal(held[i].p[j], 0);
        memset(held[i].p, (int)i, size);
    }
    assert_true(charge_total(&c) > 0);
    for (unsigned int i = 0; i < 200; i++)
        charge_free(held[i].p);
    assert_int_equal(charge_total(&c), 0);
    for (unsigned int t = 0; t < CHARGE_TAGS; t++)
        assert_int_equal(c.objects[t], 0);
    check_whole();
}

static void test_pages_and_failures(void **state)
{
    static struct charge c;
    char *p;

    memset(&c, 0, sizeof(c));
    p = charge_alloc_pages(&c, CHARGE_P2M_TABLE, 2);
    assert_non_null(p);
    assert_true(p[0] == 0 && !memcmp(p, p + 1, 4 * PAGE_SIZE - 1));
    assert_int_equal(c.bytes[CHARGE_P2M_TABLE], 4 * PAGE_SIZE);
    /* The holder may use these while the page is its own. */
    virt_to_page(p)->link = (struct page_link){1, 2};
    virt_to_page(p)->type = 3;
    charge_free_pages(p, 2);
    assert_int_equal(charge_total(&c), 0);

    assert_null(charge_alloc_array(&c, CHARGE_MISC, 1UL << 33, 1UL << 33));
    alloc_fail_arm(2);
    p = charge_alloc(&c, CHARGE_MISC, 100);
    assert_non_null(p);
    assert_null(charge_alloc_pages(&c, CHARGE_MISC, 0));
    charge_free(p);
    assert_int_equal(alloc_fail_arm(0), 2);
    charge_free(NULL);
    check_whole();
}

/* What outlives its domain is not charged to it, and is still memory in use. */
static void test_disowned(void **state)
{
    static const size_t sizes[] = {24, 2000, PAGE_SIZE, 3 * PAGE_SIZE};
    static struct charge c;
    char *p[ARRAY_SIZE(sizes)];
    uint64_t before = alloc_bytes_in_use(), held;

    memset(&c, 0, sizeof(c));
    for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
        p[i] = charge_alloc(&c, CHARGE_IOMMU, sizes[i]);
        assert_non_null(p[i]);
        p[i][sizes[i] - 1] = 7;
    }
    held = alloc_bytes_in_use();
    for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++)
        charge_disown(p[i]);
    assert_int_equal(charge_total(&c), 0);
    assert_int_equal(alloc_bytes_in_use(), held);
    for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
        assert_int_equal(p[i][sizes[i] - 1], 7);
        charge_free(p[i]);
    }
    assert_int_equal(alloc_bytes_in_use(), before);
    check_whole();
}

/* --- two CPUs ---------------------------------------------------------------------- */

static struct page_info *taken, *neighbour;
static uint64_t next_aux;

/*
 * Frees the neighbour of the page that the first CPU has just taken. The first CPU notes
 * whom the page is charged to between two looks of this one at the page; for the second
 * look that is the same as if it were there already.
 */
static void free_neighbour(void)
{
    taken->aux = next_aux;
    heap_free(neighbour, 0);
}

/* Takes all pages one by one, none of them pg, and gives them back. */
static void check_not_free(const struct page_info *pg)
{
    struct page_list got = {0};
    struct page_info *one;
    unsigned long n = 0;

    while ((one = heap_alloc(0, 0)) != NULL) {
        assert_ptr_not_equal(one, pg);
        page_list_add(&got, one);
        n++;
    }
    assert_int_equal(n, ALL - 1);
    while ((one = page_list_pop(&got)) != NULL)
        heap_free(one, 0);
}

/* A page that is taken is nobody's buddy, whatever its charge looks like. */
static void test_taken_is_not_merged(void **state)
{
    static struct charge c;

    memset(&c, 0, sizeof(c));
    for (unsigned int tag = 0; tag < CHARGE_TAGS; tag++) {
        void *p = charge_alloc_pages(&c, (enum charge_tag)tag, 0);

        next_aux = virt_to_page(p)->aux;
        charge_free_pages(p, 0);
        taken = heap_alloc(1, 0);
        neighbour = taken + 1;
        heap_free(taken, 0);
        other_cpu = free_neighbour;
        assert_ptr_equal(heap_alloc(0, 0), taken);
        assert_null(other_cpu);
        check_not_free(taken);
        heap_free(taken, 0);
    }
    check_whole();
}

static bool was_free[ALL];

static struct page_info *nth_page(unsigned long i)
{
    return mfn_to_page(_mfn(i < FAKE_LOW_PAGES ? FAKE_LOW_MFN + i
                                               : FAKE_HIGH_MFN + i - FAKE_LOW_PAGES));
}

static void note_free(void)
{
    for (unsigned long i = 0; i < ALL; i++)
        was_free[i] = nth_page(i)->count & PGC_FREE;
}

/* What was taken is no free block from the moment on that others can look. */
static void test_taken_under_lock(void **state)
{
    for (unsigned int order = 0; order <= 10; order++) {
        struct page_info *pg;

        other_cpu = note_free;
        pg = heap_alloc(order, 0);
        assert_non_null(pg);
        assert_null(other_cpu);
        for (unsigned long i = 0; i < ALL; i++)
            assert_false(nth_page(i) == pg && was_free[i]);
        heap_free(pg, order);
    }
    check_whole();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),         cmocka_unit_test(test_zero_and_zones),
        cmocka_unit_test(test_claims),         cmocka_unit_test(test_objects),
        cmocka_unit_test(test_pages_and_failures),
        cmocka_unit_test(test_disowned),
        cmocka_unit_test(test_taken_is_not_merged),
        cmocka_unit_test(test_taken_under_lock), cmocka_unit_test(test_quarantine),
    };

    /* RAM is added once: the heap has no way to forget. */
    setup(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
