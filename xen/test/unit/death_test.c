/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shutting a domain down and resuming it. Broken: a pause count that does not come back
 * to what it was, so that the domain never runs again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <xen/domain.h>
#include <xen/grant_table.h>
#include <xen/hypercall.h>
#include <xen/shutdown.h>
#include <asm/current.h>

#include "../../common/domain/private.h"

struct cpu_info fake_cpu_info;

static struct domain it;
static unsigned int announced, suspended;

/* The toolstack resumes the domain when its CPU is at this step. */
static enum { NOWHERE, BEFORE_PAUSE, AFTER_PAUSE } resume_at;

static void toolstack(int step)
{
    /* It would wait here for whoever has the lock. */
    if ((int)resume_at != step || spin_held(&it.lock))
        return;
    resume_at = NOWHERE;
    domain_resume(&it);
}

void domain_pause_nosync(struct domain *d)
{
    toolstack(BEFORE_PAUSE);
    d->pause_count++;
    toolstack(AFTER_PAUSE);
}

void domain_unpause(struct domain *d)
{
    assert_true(d->pause_count > 0);
    d->pause_count--;
}

void domain_pause(struct domain *d)
{
    d->pause_count++;
}

int evtchn_send(struct domain *d, evtchn_port_t port)
{
    suspended++;
    return 0;
}

void send_global_virq(uint32_t virq)
{
    announced++;
}

/* --- what destruction needs and these tests do not --------------------------------- */

#define NOT_CALLED(type, fn, ...) \
    type fn(__VA_ARGS__)          \
    {                             \
        fail_msg(#fn);            \
        abort();                  \
    }

NOT_CALLED(void, machine_power_off, void)
NOT_CALLED(void, machine_restart, unsigned int delay_ms, bool crash)
NOT_CALLED(int, evtchn_domain_close_all, struct domain *d)
NOT_CALLED(int, grant_table_release_mappings, struct domain *d)
NOT_CALLED(int, iommu_domain_relinquish, struct domain *d)
NOT_CALLED(int, arch_domain_relinquish, struct domain *d)
NOT_CALLED(int, domain_free_all_pages, struct domain *d)
NOT_CALLED(void, vcpu_unregister_info, struct vcpu *v)
NOT_CALLED(void, grant_table_release_frames, struct domain *d)
NOT_CALLED(void, domain_release_shared_info, struct domain *d)
NOT_CALLED(int, domain_set_claim, struct domain *d, unsigned long pages)
NOT_CALLED(void, domain_put, struct domain *d)
NOT_CALLED(bool, hypercall_preempt_check, void)

/* ----------------------------------------------------------------------------------- */

static int fresh(void **state)
{
    it = (struct domain){.domain_id = 1, .shutdown_code = ~0U};
    announced = suspended = 0;
    resume_at = NOWHERE;
    return 0;
}

static void expect(bool down, int32_t paused)
{
    assert_int_equal(it.is_shutting_down, down);
    assert_int_equal(it.is_shut_down, down);
    assert_int_equal(it.pause_count, paused);
}

static void test_once(void **state)
{
    assert_int_equal(domain_shutdown(&it, SHUTDOWN_reboot), 0);
    expect(true, 1);
    assert_int_equal(domain_shutdown(&it, SHUTDOWN_crash), 0);
    expect(true, 1);
    assert_int_equal(it.shutdown_code, SHUTDOWN_reboot);
    assert_int_equal(announced, 1);
    domain_resume(&it);
    expect(false, 0);
    assert_int_equal(it.shutdown_code, ~0U);
    domain_resume(&it);
    expect(false, 0);
    it.suspend_evtchn = 3;
    assert_int_equal(domain_shutdown(&it, SHUTDOWN_suspend), 0);
    assert_int_equal(suspended, 1);
    assert_int_equal(announced, 1);
}

/* Half of a shutdown is seen by nobody. */
static void test_resumed_meanwhile(void **state)
{
    resume_at = BEFORE_PAUSE;
    assert_int_equal(domain_shutdown(&it, SHUTDOWN_suspend), 0);
    domain_resume(&it);
    expect(false, 0);
    resume_at = AFTER_PAUSE;
    assert_int_equal(domain_shutdown(&it, SHUTDOWN_suspend), 0);
    domain_resume(&it);
    expect(false, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_once, fresh),
        cmocka_unit_test_setup(test_resumed_meanwhile, fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
