/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ticks to nanoseconds: exact enough, in the ABI's ranges, and steering that converges.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <xen/compiler.h>
#include <xen/time_scale.h>

static void test_rates(void **state)
{
    static const uint64_t hz[] = {
        3579545, 14318180, 100000000, 999999999, 1000000000, 1000000001,
        2596152000, 4294967296, 5100000000, 18000000000,
    };
    unsigned int i;

    (void)state;
    for (i = 0; i < ARRAY_SIZE(hz); i++) {
        struct time_scale s = time_scale_hz(hz[i]);
        uint64_t hour = time_scale_apply(s, hz[i] * 3600);
        int64_t off = (int64_t)(hour - 3600ULL * 1000000000);

        /* The highest bit of mul set: an error below 2^-31 of the time. */
        assert_true(s.mul >= 0x80000000);
        assert_in_range(llabs(off), 0, 3600ULL * 1000000000 / 0x80000000 + 2);
    }
}

/* Guests compute with 64-bit products: 10 s of ticks must not lose anything there. */
static void test_guest_arithmetic(void **state)
{
    struct time_scale s = time_scale_hz(2596152000);
    uint64_t ticks = 25961520000;

    (void)state;
    assert_true(s.shift <= 0);
    assert_int_equal(((ticks >> -s.shift) * (unsigned __int128)s.mul) >> 32,
                     time_scale_apply(s, ticks));
}

/* A clock whose TSC is off by ppm, looked at once a second, comes and stays near. */
static void steer_from(int64_t error_ns, int ppm)
{
    const uint64_t hz = 2000000000;
    struct time_scale s = time_scale_hz(hz);
    s_time_t real = 0, local = -error_ns;
    unsigned int i;

    for (i = 0; i < 20; i++) {
        uint64_t ticks = hz + hz / 1000000 * (uint64_t)(int64_t)ppm;
        s_time_t before = local;

        real += 1000000000;
        local += (s_time_t)time_scale_apply(s, ticks);
        assert_true(local > before);
        s = time_scale_steer(1000000000, ticks, real, local);
    }
    assert_in_range(llabs(real - local), 0, 5);
}

static void test_steering(void **state)
{
    (void)state;
    steer_from(0, 0);
    steer_from(0, 200);
    steer_from(0, -200);
    steer_from(300000000, 50);
    steer_from(-2000000000, 50); /* two seconds ahead: slowed, never stopped */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_guest_arithmetic),
        cmocka_unit_test(test_steering),
    };

    return cmocka_run_group_tests_name("time_scale", tests, NULL, NULL);
}
