/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The wall clock in shared_info. Broken, it is written into a page that its domain, which
 * dies meanwhile, has lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <xen/domain.h>
#include <xen/shared_info.h>
#include <asm/cpu.h>
#include <asm/current.h>

#include "../../arch/x86/time/private.h"

static struct domain d;
static struct shared_info page, freed;
static bool dies_meanwhile;
struct cpu_info fake_cpu_info;
bool tsc_reliable;

struct cpu_clock *cpu_clock(void)
{
    static struct cpu_clock c;

    return &c;
}

/* While this runs, another CPU frees the page, if it can have the lock for that. */
void wallclock_get(uint64_t *secs, uint32_t *nsecs)
{
    *secs = 0x500000000;
    *nsecs = 77;
    if (dies_meanwhile && !spin_held(&d.lock)) {
        d.shared_info = NULL;
        memset(&page, 0xab, sizeof(page));
    }
}

static int start(void **state)
{
    memset(&d, 0, sizeof(d));
    memset(&page, 0, sizeof(page));
    memset(&freed, 0xab, sizeof(freed));
    d.shared_info = &page;
    dies_meanwhile = false;
    return 0;
}

static void test_wallclock(void **state)
{
    d.time_offset_seconds = -3600;
    update_domain_wallclock(&d);
    assert_int_equal(page.wc_sec_hi, 4);
    assert_int_equal(page.wc_sec, (uint32_t)-3600);
    assert_int_equal(page.wc_nsec, 77);
    assert_int_equal(page.wc_version, 2);
    update_domain_wallclock(&d);
    assert_int_equal(page.wc_version, 4);
    assert_false(spin_held(&d.lock));
}

/* A 32-bit kernel looks behind fewer ports, and for the high half at the end. */
static void test_narrow(void **state)
{
    const uint32_t *wc = (const uint32_t *)((const char *)&page + 2304);

    domain_set_shared_layout(&d, true);
    assert_int_equal(wc[0], 2);
    assert_int_equal(wc[1], 0);
    assert_int_equal(wc[2], 77);
    assert_int_equal(wc[9], 5);
    assert_int_equal(page.wc_version, 0);
    domain_set_shared_layout(&d, true);
    assert_int_equal(wc[0], 2);
    domain_set_shared_layout(&d, false);
    assert_int_equal(page.wc_nsec, 77);
}

static void test_dying(void **state)
{
    dies_meanwhile = true;
    update_domain_wallclock(&d);
    if (!d.shared_info)
        assert_memory_equal(&page, &freed, sizeof(page));
    assert_false(spin_held(&d.lock));
    d.shared_info = NULL;
    update_domain_wallclock(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_wallclock, start),
        cmocka_unit_test_setup(test_narrow, start),
        cmocka_unit_test_setup(test_dying, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
