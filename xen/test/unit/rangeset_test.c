/* SPDX-License-Identifier: GPL-2.0-only */
/* Range sets against a plain bitmap, and each allocation failing in turn. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/errno.h>
#include <xen/rangeset.h>

#define SPAN 64UL

static int live, fail_next;

void *charge_alloc(struct charge *c, enum charge_tag tag, size_t size)
{
    if (fail_next)
        return NULL;
    live++;
    return calloc(1, size);
}

void charge_free(void *p)
{
    live -= p != NULL;
    free(p);
}

void read_lock(rwlock_t *l) { }
void read_unlock(rwlock_t *l) { }
void write_lock(rwlock_t *l) { }
void write_unlock(rwlock_t *l) { }

struct seen {
    uint64_t bits;
    unsigned long last;
    unsigned int ranges;
};

static int note(unsigned long s, unsigned long e, void *arg)
{
    struct seen *seen = arg;

    /* Ascending, and never two that touch. */
    assert_true(!seen->ranges || s > seen->last + 1);
    for (unsigned long i = s; i <= e; i++)
        seen->bits |= 1ULL << i;
    seen->last = e;
    seen->ranges++;
    return 0;
}

static uint64_t contents(struct rangeset *r)
{
    struct seen seen = {0};

    assert_int_equal(rangeset_for_each(r, 0, SPAN - 1, note, &seen), 0);
    return seen.bits;
}

static uint64_t mask(unsigned long s, unsigned long e)
{
    return (~0ULL >> (63 - (e - s))) << s;
}

static void test_random(void **state)
{
    struct rangeset r;
    uint64_t model = 0;

    rangeset_init(&r, NULL, "test");
    srand(7);
    for (int i = 0; i < 20000; i++) {
        unsigned long a = (unsigned long)rand() % SPAN, b = (unsigned long)rand() % SPAN;
        unsigned long s = a < b ? a : b, e = a < b ? b : a;
        uint64_t m = mask(s, e);

        if (rand() % 2) {
            assert_int_equal(rangeset_add(&r, s, e), 0);
            model |= m;
        } else {
            assert_int_equal(rangeset_remove(&r, s, e), 0);
            model &= ~m;
        }
        assert_true(contents(&r) == model);
        assert_int_equal(rangeset_contains(&r, s, e), (model & m) == m);
        assert_int_equal(rangeset_overlaps(&r, s, e), (model & m) != 0);
        assert_int_equal(rangeset_empty(&r), model == 0);
    }
    rangeset_destroy(&r);
    assert_int_equal(live, 0);
}

static void test_edges(void **state)
{
    struct rangeset r;

    rangeset_init(&r, NULL, "test");
    assert_int_equal(rangeset_add(&r, 5, 4), -EINVAL);
    assert_int_equal(rangeset_remove(&r, 5, 4), -EINVAL);
    assert_false(rangeset_contains(&r, 5, 4));
    assert_int_equal(rangeset_add(&r, 0, ULONG_MAX), 0);
    assert_true(rangeset_contains(&r, 0, ULONG_MAX));
    assert_int_equal(rangeset_remove(&r, 10, 10), 0);
    assert_false(rangeset_contains(&r, 9, 11));
    assert_true(rangeset_contains(&r, 11, ULONG_MAX));
    assert_int_equal(rangeset_add(&r, ULONG_MAX, ULONG_MAX), 0);
    assert_int_equal(live, 2);
    rangeset_destroy(&r);
    assert_int_equal(live, 0);
}

static void test_no_memory(void **state)
{
    struct rangeset r;

    rangeset_init(&r, NULL, "test");
    assert_int_equal(rangeset_add(&r, 10, 20), 0);
    fail_next = 1;
    assert_int_equal(rangeset_add(&r, 30, 40), -ENOMEM);
    assert_int_equal(rangeset_remove(&r, 12, 13), -ENOMEM);
    assert_true(contents(&r) == mask(10, 20));
    /* What needs no memory works without. */
    assert_int_equal(rangeset_remove(&r, 15, 20), 0);
    assert_true(contents(&r) == mask(10, 14));
    fail_next = 0;
    rangeset_destroy(&r);
    assert_int_equal(live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
