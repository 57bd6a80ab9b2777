/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory for stacks. Broken: two stacks side by side without an unmapped page, a flush
 * for each of many, memory or an address that is used again while a TLB may have it, a
 * page that does not come back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <xen/errno.h>
#include <xen/string.h>
#include <asm/page.h>
#include <asm/stack.h>

#include "fake_ram.h"

#define PAGES 4096u

static paddr_t mapped[PAGES];     /* from STACKS_VIRT_START on; 0: not */
static paddr_t in_tlbs[PAGES];    /* a page stays here until the flush */
static unsigned int flushes;
static bool no_table;
static struct charge charge;

static unsigned int nr_of(unsigned long va)
{
    unsigned long n = (va - STACKS_VIRT_START) >> PAGE_SHIFT;

    assert_true(n < PAGES);
    return (unsigned int)n;
}

int map_pages_to_xen(unsigned long va, paddr_t pa, size_t len, uint64_t flags)
{
    if (no_table)
        return -ENOMEM;
    assert_int_equal(flags, PTE_W | PTE_NX);
    for (size_t at = 0; at < len; at += PAGE_SIZE) {
        unsigned int n = nr_of(va + at);

        assert_int_equal(mapped[n], 0);
        assert_int_equal(in_tlbs[n], 0);
        mapped[n] = in_tlbs[n] = pa + at;
    }
    return 0;
}

paddr_t unmap_pages_lazily(unsigned long va, size_t len, struct page_list *tables)
{
    paddr_t pa = mapped[nr_of(va)];

    for (size_t at = 0; at < len; at += PAGE_SIZE) {
        assert_int_equal(mapped[nr_of(va + at)], pa + at);
        mapped[nr_of(va + at)] = 0;
    }
    return pa;
}

void unmap_pages_finish(struct page_list *tables)
{
    flushes++;
    for (unsigned int n = 0; n < PAGES; n++)
        in_tlbs[n] = mapped[n];
}

static int start(void **state)
{
    fake_ram_init();
    return 0;
}

static void *make(unsigned int order)
{
    unsigned long *stack = stack_alloc(&charge, order);
    unsigned int n;

    assert_non_null(stack);
    n = nr_of((unsigned long)stack);
    for (unsigned int i = 0; i < 1U << order; i++)
        assert_int_not_equal(mapped[n + i], 0);
    /* An overflow and an underflow fault. */
    assert_int_equal(mapped[n - 1], 0);
    assert_int_equal(mapped[n + (1U << order)], 0);
    return stack;
}

static void test_guards(void **state)
{
    void *s[64];

    for (unsigned int i = 0; i < 64; i++)
        s[i] = make(i % (STACK_ORDER + 1));
    for (unsigned int i = 0; i < 64; i++) {
        unsigned int n = nr_of((unsigned long)s[i]);

        assert_int_equal(mapped[n - 1], 0);
        assert_int_equal(mapped[n + (1U << i % (STACK_ORDER + 1))], 0);
    }
    for (unsigned int i = 0; i < 64; i++)
        stack_free(s[i], i % (STACK_ORDER + 1));
    assert_int_equal(charge_total(&charge), 0);
}

/* Until the one flush neither memory nor address is anybody else's, and it is charged. */
static void test_one_flush(void **state)
{
    unsigned long free = heap_free_pages();
    unsigned int before = flushes;
    struct stack_trash t;
    void *s[32], *other;

    for (unsigned int i = 0; i < 32; i++)
        s[i] = make(STACK_ORDER);
    stack_trash_init(&t);
    for (unsigned int i = 0; i < 32; i++)
        stack_discard(&t, s[i], STACK_ORDER);
    stack_discard(&t, NULL, STACK_ORDER);
    assert_int_equal(flushes - before, 0);
    assert_int_equal(charge.bytes[CHARGE_STACK], 32 * STACK_SIZE);
    other = make(STACK_ORDER);
    for (unsigned int i = 0; i < 32; i++)
        assert_ptr_not_equal(other, s[i]);
    stack_trash_empty(&t);
    assert_int_equal(flushes - before, 1);
    assert_int_equal(charge.bytes[CHARGE_STACK], STACK_SIZE);
    stack_free(other, STACK_ORDER);
    assert_int_equal(flushes - before, 2);
    assert_int_equal(charge_total(&charge), 0);
    assert_int_equal(heap_free_pages(), free);
    /* Nothing to free, nothing to flush; addresses come back. */
    stack_trash_empty(&t);
    stack_free(NULL, STACK_ORDER);
    assert_int_equal(flushes - before, 2);
    assert_ptr_equal(make(STACK_ORDER), s[0]);
    stack_free(s[0], STACK_ORDER);
}

static void test_no_memory(void **state)
{
    unsigned long free = heap_free_pages();
    void *s = make(STACK_ORDER);

    stack_free(s, STACK_ORDER);
    no_table = true;
    assert_null(stack_alloc(&charge, STACK_ORDER));
    no_table = false;
    assert_int_equal(heap_free_pages(), free);
    assert_int_equal(charge_total(&charge), 0);
    alloc_fail_arm(1);
    assert_null(stack_alloc(&charge, STACK_ORDER));
    alloc_fail_arm(0);
    /* No address was lost either. */
    assert_ptr_equal(make(STACK_ORDER), s);
    stack_free(s, STACK_ORDER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guards),
        cmocka_unit_test(test_one_flush),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
