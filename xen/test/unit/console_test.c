/* SPDX-License-Identifier: GPL-2.0-only */
/* The console ring as readers see it, and the rate limit. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/console.h>
#include <xen/console_sinks.h>
#include <xen/ratelimit.h>
#include <xen/time.h>

uint32_t cpu_khz = 1000;
static s_time_t now;

s_time_t get_s_time(void)
{
    return now;
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
        cmocka_unit_test(test_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
