/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU pools by their control interface. Broken: a pool that can be destroyed under
 * somebody, a number of domains that does not come back to what it was, an error that the
 * tools do not expect (compared with Debian's Xen by test kernel "pools").
 */
#include "sched_pools.h"

/* --- ids and errors ---------------------------------------------------------------- */

static void test_ids(void **state)
{
    boot(4);
    expect_info(0, 0, 0, 0xf);
    assert_int_equal(op_on(XEN_SYSCTL_CPUPOOL_OP_INFO, 1, 0, 0, 0), -ENOENT);
    assert_int_equal(op_on(XEN_SYSCTL_CPUPOOL_OP_INFO, ANY, 0, 0, 0), -ENOENT);
    assert_int_equal(op_on(0, 0, 0, 0, 0), -ENOSYS);
    assert_int_equal(op_on(8, 0, 0, 0, 0), -ENOSYS);
    assert_int_equal(create(0, CREDIT2), -EEXIST);
    assert_int_equal(create(ANY, 77), -ENOENT);
    assert_int_equal(create(ANY, CREDIT2), 0);
    assert_int_equal(last.cpupool_id, 1);
    assert_int_equal(create(1, CREDIT2), -EEXIST);
    assert_int_equal(create(7, NULL_), 0);
    assert_int_equal(create(5, CREDIT2), 0);
    expect_info(2, 5, 0, 0);
    assert_int_equal(last.sched_id, CREDIT2);
    expect_info(6, 7, 0, 0);
    assert_int_equal(last.sched_id, NULL_);
    assert_int_equal(destroy(5), 0);
    expect_info(2, 7, 0, 0);
    assert_int_equal(destroy(5), -ENOENT);
    assert_int_equal(destroy(0), -EBUSY);
    assert_int_equal(destroy(ANY), -ENOENT);
    assert_int_equal(create(ANY, CREDIT2), 0);
    assert_int_equal(last.cpupool_id, 8);
    /* The highest id: the next one is the first gap. */
    assert_int_equal(create(ANY - 1, CREDIT2), 0);
    assert_int_equal(create(ANY, CREDIT2), 0);
    assert_int_equal(last.cpupool_id, 2);
}

static void test_as_many_as_cpus(void **state)
{
    unsigned int n = 1;
    long rc;

    boot(1);
    while ((rc = create(ANY, CREDIT2)) == 0)
        n++;
    assert_int_equal(rc, -ENOSPC);
    assert_int_equal(n, CPUPOOL_MAX);
    assert_int_equal(world_freed, 1);
    world_no_memory = true;
    assert_int_equal(create(ANY, CREDIT2), -ENOMEM);
    world_no_memory = false;
    for (uint32_t id = 1; id < n; id++)
        assert_int_equal(destroy(id), 0);
    assert_int_equal(world_freed, n);
    expect_info(0, 0, 0, 1);
}

static void test_cpu_errors(void **state)
{
    boot(3);
    assert_int_equal(create(ANY, CREDIT2), 0);
    assert_int_equal(add(1, 1), -ENODEV);
    assert_int_equal(add(1, ANY), -ENODEV);
    assert_int_equal(add(1, 5), -EINVAL);
    assert_int_equal(add(1, 4000), -EINVAL);
    assert_int_equal(add(9, 5), -ENOENT);
    assert_int_equal(rm(1, 1), -EADDRNOTAVAIL);
    assert_int_equal(rm(9, 1), -ENOENT);
    assert_int_equal(rm(0, 5), -EINVAL);
    assert_int_equal(rm(1, ANY), -EINVAL);
    assert_int_equal(rm(0, 0), -EINVAL);
    expect_free(0);
    assert_int_equal(rm(0, 1), 0);
    assert_int_equal(rm(0, 1), -EADDRNOTAVAIL);
    expect_free(2);
    expect_info(0, 0, 0, 5);
    assert_int_equal(rm(0, ANY), 0);
    expect_free(6);
    assert_int_equal(rm(0, ANY), -EINVAL);
    assert_int_equal(add(1, 2), 0);
    assert_int_equal(add(0, 2), -ENODEV);
    assert_int_equal(destroy(1), -EBUSY);
    assert_int_equal(add(1, ANY), 0);
    expect_info(1, 1, 0, 6);
    /* Empty it, and all is as it was. */
    assert_int_equal(rm(1, 1), 0);
    assert_int_equal(rm(1, 2), 0);
    assert_int_equal(destroy(1), 0);
    assert_int_equal(add(0, ANY), 0);
    assert_int_equal(add(0, ANY), 0);
    assert_int_equal(add(0, ANY), -ENODEV);
    expect_info(0, 0, 0, 7);
}

static void test_domain_errors(void **state)
{
    struct domain *d, later = {0};
    uint32_t id;

    boot(2);
    d = domain(2, 256, 0);
    expect_info(0, 0, 1, 3);
    assert_int_equal(create(ANY, CREDIT2), 0);
    assert_int_equal(sched_domain_init(&later, 1), -ENODEV);
    assert_int_equal(sched_domain_init(&later, 9), -ESRCH);
    assert_int_equal(sched_domain_init(&later, ANY), -ESRCH);
    /* It never joined: it does not leave either. */
    sched_domain_destroy(&later);
    expect_info(0, 0, 1, 3);
    assert_int_equal(move(d, 1), -ENOENT);
    assert_int_equal(move(d, 9), -ENOENT);
    assert_int_equal(move(d, 0), 0);
    assert_int_equal(op_on(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 0, 0, 55, 0), -ESRCH);
    assert_int_equal(op_on(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 0, 0, 0x10000, 0), -ESRCH);
    start(d);
    run_for(MILLISECS(1));
    assert_ptr_equal(on_cpu[0]->domain, d);
    assert_int_equal(op_on(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, 0, 0, 0, 0), -EPERM);
    id = pool_of(CREDIT2, 2);
    assert_int_equal(sched_domain_init(&later, id + 1), -ESRCH);
    assert_int_equal(sched_domain_init(&later, id), 0);
    expect_info(id, id, 1, 2);
    assert_int_equal(rm(id, 1), -ERESTART); /* not in the table yet */
    sched_domain_destroy(&later);
    expect_info(id, id, 0, 2);
}

/* A pool counts a domain that does not come, nor go: its last CPU stays. */
static void test_missing_domain(void **state)
{
    struct domain missing = {.dying = 0};
    struct domain *d;
    uint32_t id;

    boot(3);
    id = pool_of(CREDIT2, 2);
    assert_int_equal(sched_domain_init(&missing, id), 0);
    assert_int_equal(rm(id, 1), -ERESTART);
    clock_now += SECONDS(4);
    assert_int_equal(rm(id, 1), -ERESTART);
    clock_now += SECONDS(1);
    assert_int_equal(rm(id, 1), -EBUSY);
    expect_info(id, id, 1, 2);
    /* Each time anew, also where a domain was found between. */
    assert_int_equal(rm(id, 1), -ERESTART);
    d = domain_in(id, 1);
    assert_int_equal(rm(id, 1), -EBUSY);
    d->dying = DOMDYING_DEAD;
    clock_now += SECONDS(9);
    assert_int_equal(rm(id, 1), -ERESTART);
    clock_now += SECONDS(1);
    sched_domain_destroy(&missing);
    assert_int_equal(rm(id, 1), 0);
    assert_int_equal(destroy(id), 0);
}

/* --- parameters -------------------------------------------------------------------- */

static long limit(uint32_t pool, uint32_t sched, uint32_t cmd, uint32_t us, uint32_t *out)
{
    struct xen_sysctl_scheduler_op op = {
        .cpupool_id = pool,
        .sched_id = sched,
        .cmd = cmd,
        .u.sched_credit2.ratelimit_us = us,
    };
    long rc = sched_sysctl(&op);

    *out = op.u.sched_credit2.ratelimit_us;
    return rc;
}

static void test_parameters(void **state)
{
    const uint32_t get = XEN_SYSCTL_SCHEDOP_getinfo, put = XEN_SYSCTL_SCHEDOP_putinfo;
    struct domain *d;
    uint32_t us, two, null;

    boot(4);
    two = pool_of(CREDIT2, 2);
    null = pool_of(NULL_, 4);
    assert_int_equal(limit(two, CREDIT2, put, 2000, &us), 0);
    assert_int_equal(limit(two, CREDIT2, get, 0, &us), 0);
    assert_int_equal(us, 2000);
    assert_int_equal(limit(0, CREDIT2, get, 0, &us), 0);
    assert_int_equal(us, SCHED_RATELIMIT_US);
    assert_int_equal(limit(two, CREDIT2, put, 50, &us), -EINVAL);
    assert_int_equal(limit(two, CREDIT2, 7, 0, &us), -EINVAL);
    assert_int_equal(limit(two, NULL_, get, 0, &us), -EINVAL);
    assert_int_equal(limit(null, CREDIT2, get, 0, &us), -EINVAL);
    assert_int_equal(limit(null, NULL_, get, 0, &us), -EOPNOTSUPP);
    assert_int_equal(limit(99, CREDIT2, get, 0, &us), -ESRCH);

    d = domain(2, 256, 0);
    assert_int_equal(params(d, CREDIT2, put, 512, 201), -EINVAL);
    assert_int_equal(d->sched.weight, 256);
    assert_int_equal(params(d, CREDIT2, put, 512, 50), 0);
    assert_int_equal(params(d, NULL_, get, 0, 0), -EINVAL);
    assert_int_equal(params(d, CREDIT2, 7, 0, 0), -EINVAL);
    assert_int_equal(move(d, null), 0);
    assert_int_equal(params(d, CREDIT2, put, 512, 50), -EINVAL);
    assert_int_equal(params(d, NULL_, get, 0, 0), -EOPNOTSUPP);
    assert_int_equal(d->sched.cap, 0);
    assert_int_equal(d->pause_count, 0);
    /* A cap of the past does not hold anybody. */
    start(d);
    run_for(MILLISECS(100));
    assert_in_range(used(d), MILLISECS(99), MILLISECS(100));
}

/* --- interrupted, dying ------------------------------------------------------------ */

static void test_preempted(void **state)
{
    struct domain *d[4];
    cpumask_t only1 = {{2}};

    boot(3);
    assert_int_equal(create(ANY, CREDIT2), 0);
    for (unsigned int i = 0; i < 4; i++) {
        d[i] = domain(2, 256, 0);
        start(d[i]);
        assert_int_equal(vcpu_set_hard_affinity(d[i]->vcpu[1], &only1), 0);
    }
    run_for(MILLISECS(10));
    world_preempt = 2;
    assert_int_equal(rm(0, 1), -ERESTART);
    /* Half-way: out of the pool, and nobody else's yet. */
    assert_false(cpumask_equal(&d[1]->vcpu[1]->sched.hard_affinity, &only1));
    assert_true(cpumask_equal(&d[2]->vcpu[1]->sched.hard_affinity, &only1));
    expect_free(0);
    expect_info(0, 0, 4, 5);
    assert_int_equal(add(1, 1), -ENODEV);
    assert_int_equal(rm(0, 2), -EADDRNOTAVAIL);
    assert_int_equal(vcpu_set_hard_affinity(d[0]->vcpu[0], &only1), -EINVAL);
    run_for(MILLISECS(1));
    assert_ptr_equal(on_cpu[1], idle_vcpu[1]);
    world_preempt = 1;
    assert_int_equal(rm(0, ANY), -ERESTART);
    assert_int_equal(rm(0, 1), 0);
    expect_free(2);
    run_for(MILLISECS(1));
    expect_at_home();
    assert_int_equal(add(1, 1), 0);
    assert_int_equal(move(d[0], 1), 0);
    world_preempt = 1;
    assert_int_equal(rm(1, 1), -EBUSY);
    world_preempt = 0;
}

/* Half-way too it is known whose a CPU was. */
static void test_destroy_meanwhile(void **state)
{
    struct domain *d;
    uint32_t id;

    boot(3);
    id = pool_of(CREDIT2, 6);
    d = domain_in(id, 2);
    world_preempt = 1;
    assert_int_equal(rm(id, 1), -ERESTART);
    assert_int_equal(move(d, 0), 0);
    assert_int_equal(rm(id, 2), -EADDRNOTAVAIL);
    assert_int_equal(destroy(id), -EBUSY);
    assert_int_equal(rm(id, 1), 0);
    d = domain_in(id, 1);
    world_preempt = 1;
    domains[1]->dying = DOMDYING_DEAD;
    assert_int_equal(rm(id, 2), -ERESTART);
    assert_int_equal(d->sched.pool, 0);
    assert_int_equal(rm(id, 2), 0);
    assert_int_equal(destroy(id), 0);
}

/* The last CPU is on its way out, and who ran there has not gone yet. */
static void test_destroy_while_emptied(void **state)
{
    struct domain *d;
    uint32_t id;

    boot(3);
    id = pool_of(CREDIT2, 2);
    d = domain_in(id, 1);
    start(d);
    run_for(MILLISECS(1));
    d->dying = DOMDYING_DYING; /* and not stopped yet */
    assert_int_equal(rm(id, 1), -ERESTART);
    assert_int_equal(destroy(id), -EBUSY);
    run_for(MICROSECS(100));
    assert_int_equal(rm(id, 1), 0);
    assert_int_equal(destroy(id), 0);
    /* Nothing is left that would be in the way. */
    assert_int_equal(rm_wait(0, 2), 0);
    expect_free(6);
}

static void test_dying(void **state)
{
    struct domain *a, *b;
    uint32_t id;

    boot(2);
    id = pool_of(CREDIT2, 2);
    a = domain_in(id, 2);
    b = domain_in(id, 2);
    start(a);
    start(b);
    run_for(MILLISECS(1));
    a->dying = DOMDYING_DYING; /* and not stopped yet */
    assert_int_equal(rm(id, 1), -EBUSY);
    b->dying = DOMDYING_DEAD;
    domain_pause_nosync(b);
    assert_int_equal(rm_wait(id, 1), 0);
    expect_info(0, 0, 2, 1);
    assert_int_equal(destroy(id), 0);
    run_for(MILLISECS(1));
    expect_at_home();
    assert_ptr_equal(on_cpu[1], idle_vcpu[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_ids, forget),
        cmocka_unit_test_teardown(test_as_many_as_cpus, forget),
        cmocka_unit_test_teardown(test_cpu_errors, forget),
        cmocka_unit_test_teardown(test_domain_errors, forget),
        cmocka_unit_test_teardown(test_missing_domain, forget),
        cmocka_unit_test_teardown(test_parameters, forget),
        cmocka_unit_test_teardown(test_preempted, forget),
        cmocka_unit_test_teardown(test_destroy_meanwhile, forget),
        cmocka_unit_test_teardown(test_destroy_while_emptied, forget),
        cmocka_unit_test_teardown(test_dying, forget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
