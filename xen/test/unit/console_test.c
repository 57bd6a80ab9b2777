/* SPDX-License-Identifier: GPL-2.0-only */
/* The console ring as readers see it, and the rate limit. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/alloc.h>
#include <xen/console.h>
#include <xen/console_sinks.h>
#include <xen/ratelimit.h>
#include <xen/time.h>
#include <xen/types.h>

uint32_t cpu_khz = 1000;
static s_time_t now;

s_time_t get_s_time(void)
{
    return now;
}

static unsigned int largest_order = 18; /* that can be had */
static void *rings[2];  /* never given back */

void *charge_alloc_pages(struct charge *c, enum charge_tag tag, unsigned int order)
{
    (void)c;
    (void)tag;
    if (order > largest_order)
        return NULL;
    return *(rings[0] ? &rings[1] : &rings[0]) = calloc(PAGE_SIZE, 1UL << order);
}

void printk(const char *fmt, ...)
{
    (void)fmt;
}

static void fill(uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        console_ring_write(&"0123456789"[i % 10], 1);
}

static void check_digits(uint32_t from, uint32_t to)
{
    uint32_t index = 0, size = console_ring_size();
    char *buf = malloc(size);

    assert_int_equal(console_ring_read(buf, size, &index, false, false), to - from);
    for (uint32_t i = from; i < to; i++)
        assert_int_equal(buf[i - from], '0' + (char)(i % 10));
    free(buf);
}

/* Broken, `xl dmesg` shows the boot messages in the wrong order or not at all. */
static void test_resize(void **state)
{
    uint32_t first = console_ring_size();

    (void)state;
    fill(0, first + 1234);
    console_ring_resize(0);
    console_ring_resize(first - 1);
    assert_int_equal(console_ring_size(), first);
    largest_order = 3;
    console_ring_resize(first * 4);
    assert_int_equal(console_ring_size(), first);
    check_digits(1234, first + 1234);
    /* Rounded up; what was there stays, and more has room. */
    largest_order = 18;
    console_ring_resize(first + 1);
    assert_int_equal(console_ring_size(), 2 * first);
    check_digits(1234, first + 1234);
    fill(first + 1234, 2 * first + 1234);
    check_digits(1234, 2 * first + 1234);
    fill(2 * first + 1234, 3 * first);
    check_digits(first, 3 * first);
    /* The largest that can be had. */
    largest_order = 7;
    console_ring_resize(64 * (uint64_t)first);
    assert_int_equal(console_ring_size(), PAGE_SIZE << 7);
    check_digits(first, 3 * first);
}

static void test_ring(void **state)
{
    uint32_t size = console_ring_size(), index = 0;
    char *buf = malloc(size + 16);

    console_ring_write("hello ", 6);
    console_ring_write("world", 5);
    assert_int_equal(console_ring_read(buf, size, &index, false, false), 11);
    assert_memory_equal(buf, "hello world", 11);
    assert_int_equal(index, 11);
    /* Nothing new; then only what is new. */
    assert_int_equal(console_ring_read(buf, size, &index, false, true), 0);
    console_ring_write("!", 1);
    assert_int_equal(console_ring_read(buf, size, &index, false, true), 1);
    assert_int_equal(buf[0], '!');
    /* In pieces. */
    index = 0;
    assert_int_equal(console_ring_read(buf, 5, &index, false, true), 5);
    assert_int_equal(console_ring_read(buf, size, &index, false, true), 7);
    assert_memory_equal(buf, " world!", 7);
    /* A position that does not exist starts at the oldest byte. */
    index = 1000;
    assert_int_equal(console_ring_read(buf, size, &index, false, true), 12);
    /* Cleared: gone for those who do not ask for a position. */
    assert_int_equal(console_ring_read(buf, size, &index, true, false), 12);
    assert_int_equal(console_ring_read(buf, size, &index, false, false), 0);

    for (uint32_t i = 0; i < size + 100; i++)
        console_ring_write(&"0123456789"[i % 10], 1);
    assert_int_equal(console_ring_read(buf, size + 16, &index, false, false), size);
    assert_int_equal(buf[0], '0' + 100 % 10);
    assert_int_equal(buf[size - 1], '0' + (int)((size + 99) % 10));
    free(buf);
}

static void test_limit(void **state)
{
    struct ratelimit r = RATELIMIT(3, MILLISECS(100));
    unsigned int lost = 0, passed = 0;

    for (int i = 0; i < 10; i++)
        passed += ratelimit_pass(&r, &lost);
    assert_int_equal(passed, 3);
    now += MILLISECS(99);
    assert_false(ratelimit_pass(&r, &lost));
    now += MILLISECS(1);
    assert_true(ratelimit_pass(&r, &lost));
    assert_int_equal(lost, 8);
    assert_false(ratelimit_pass(&r, &lost));
    /* A long pause earns one burst, not more. */
    now += SECONDS(100);
    for (int i = 0; i < 10; i++)
        passed += ratelimit_pass(&r, &lost);
    assert_int_equal(passed, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
