/* SPDX-License-Identifier: GPL-2.0-only */
/* 128-bit division against the host compiler's. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdbool.h>
#include <cmocka.h>

typedef unsigned __int128 u128;
typedef __int128 s128;

u128 our_udivmodti4(u128 n, u128 d, u128 *rem);
s128 our_divti3(s128 n, s128 d);
s128 our_modti3(s128 n, s128 d);
int our_popcountdi2(uint64_t x);

static u128 random128(void)
{
    u128 v = 0;
    int keep = rand() % 129;

    for (int i = 0; i < 8; i++)
        v = v << 16 | ((unsigned int)rand() & 0xffff);
    return keep == 128 ? v : v & (((u128)1 << keep) - 1);
}

static void test_division(void **state)
{
    srand(11);
    for (int i = 0; i < 200000; i++) {
        u128 n = random128(), d = random128(), r;

        if (!d)
            continue;
        assert_true(our_udivmodti4(n, d, &r) == n / d);
        assert_true(r == n % d);
        if ((s128)d == -1)
            continue;
        assert_true(our_divti3((s128)n, (s128)d) == (s128)n / (s128)d);
        assert_true(our_modti3((s128)n, (s128)d) == (s128)n % (s128)d);
        assert_int_equal(our_popcountdi2((uint64_t)n), __builtin_popcountll((uint64_t)n));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_division)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
