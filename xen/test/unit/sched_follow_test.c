/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vCPUs follow their domain's CPU pool. Broken: one that runs outside of it, or nowhere.
 */
#include "sched_pools.h"

/* Running, waiting, asleep and over their cap: all leave the CPU, which then idles. */
static void test_remove_cpu(void **state)
{
    struct domain *run, *asleep, *capped;

    boot(4);
    run = domain(6, 256, 0);
    asleep = domain(4, 256, 0);
    capped = domain(4, 256, 10);
    start(run);
    start(capped);
    run_for(MILLISECS(30));
    for (unsigned int cpu = 3; cpu > 0; cpu--) {
        s_time_t idle;

        assert_int_equal(rm_wait(0, cpu), 0);
        run_for(MICROSECS(100));
        expect_at_home();
        assert_ptr_equal(on_cpu[cpu], idle_vcpu[cpu]);
        idle = cpu_idle_time(cpu);
        run_for(MILLISECS(50));
        assert_int_equal(cpu_idle_time(cpu), idle + MILLISECS(50));
        expect_at_home();
    }
    for (unsigned int i = 0; i < 4; i++)
        assert_int_equal(asleep->vcpu[i]->processor, 0);
    start(asleep);
    run_for(MILLISECS(50));
    assert_true(used(asleep) > 0);
    /* They come back. */
    for (unsigned int cpu = 1; cpu < 4; cpu++)
        assert_int_equal(add(0, ANY), 0);
    run_for(MILLISECS(5));
    for (unsigned int cpu = 0; cpu < 4; cpu++)
        assert_ptr_not_equal(on_cpu[cpu], idle_vcpu[cpu]);
}

/* The call does not end while somebody still runs there, be it for a moment. */
static void test_removed_is_empty(void **state)
{
    struct domain *d;

    boot(2);
    d = domain(2, 256, 0);
    start(d);
    run_for(MILLISECS(1));
    assert_int_equal(rm(0, 1), -ERESTART);
    assert_ptr_not_equal(on_cpu[1], idle_vcpu[1]);
    assert_int_equal(rm(0, 1), -ERESTART);
    expect_free(0);
    softirqs(1);
    assert_int_equal(rm(0, 1), 0);
    expect_free(2);
    for (unsigned int i = 0; i < 2; i++)
        assert_int_equal(d->vcpu[i]->processor, 0);
}

static void test_affinity(void **state)
{
    cpumask_t only1 = {{2}}, both = {{6}}, only2 = {{4}};
    struct domain *d;
    struct vcpu *v, *w;

    boot(3);
    d = domain(2, 256, 0);
    v = d->vcpu[0];
    w = d->vcpu[1];
    start(d);
    assert_int_equal(vcpu_set_hard_affinity(v, &only1), 0);
    assert_int_equal(vcpu_set_hard_affinity(w, &both), 0);
    run_for(MILLISECS(1));
    assert_int_equal(v->processor, 1);
    assert_int_equal(rm_wait(0, 1), 0);
    run_for(MILLISECS(1));
    /* One had no other; the other one keeps what was asked for. */
    assert_true(cpumask_test(0, &v->sched.hard_affinity));
    assert_true(cpumask_equal(&w->sched.hard_affinity, &both));
    assert_int_equal(w->processor, 2);
    expect_at_home();
    assert_int_equal(vcpu_set_hard_affinity(v, &only1), -EINVAL);
    assert_int_equal(vcpu_set_hard_affinity(v, &both), 0);
    assert_int_equal(add(0, 1), 0);
    assert_int_equal(vcpu_set_hard_affinity(v, &only1), 0);
    run_for(MILLISECS(1));
    expect_at_home();
    /* Another pool: what was asked for means nothing there. */
    pool_of(CREDIT2, 4);
    assert_int_equal(move(d, 1), 0);
    assert_true(cpumask_test(2, &v->sched.hard_affinity));
    assert_int_equal(vcpu_set_hard_affinity(v, &only1), -EINVAL);
    assert_int_equal(vcpu_set_hard_affinity(v, &only2), 0);
    run_for(MILLISECS(1));
    expect_at_home();
}

static void test_move(void **state)
{
    struct domain *a, *b;
    uint32_t id;

    boot(4);
    a = domain(2, 512, 50);
    b = domain(4, 256, 0);
    start(a);
    start(b);
    run_for(MILLISECS(30));
    id = pool_of(CREDIT2, 0xc);
    assert_int_equal(move(a, id), 0);
    expect_info(id, id, 1, 0xc);
    expect_info(0, 0, 1, 3);
    assert_int_equal(a->sched.weight, 256);
    assert_int_equal(a->sched.cap, 0);
    for (unsigned int i = 0; i < 100; i++) {
        run_for(MILLISECS(1));
        expect_at_home();
        for (unsigned int cpu = 0; cpu < 4; cpu++)
            assert_ptr_equal(on_cpu[cpu]->domain, cpu < 2 ? b : a);
    }
    assert_int_equal(rm_wait(id, 3), 0);
    assert_int_equal(rm_wait(id, 2), -EBUSY);
    assert_int_equal(destroy(id), -EBUSY);
    run_for(MILLISECS(1));
    expect_at_home();
    assert_ptr_equal(on_cpu[3], idle_vcpu[3]);
    assert_int_equal(move(a, 0), 0);
    assert_int_equal(rm_wait(id, 2), 0);
    assert_int_equal(destroy(id), 0);
    run_for(MILLISECS(100));
    expect_at_home();
    expect_info(0, 0, 2, 3);
    sched_domain_destroy(a);
    expect_info(0, 0, 1, 3);
}

/* The two policies at once: neither takes from the other. */
static void test_side_by_side(void **state)
{
    struct domain *a, *b, *n;
    s_time_t before[3];
    uint32_t id;

    boot(4);
    id = pool_of(NULL_, 0xe);
    a = domain(1, 256, 0);
    b = domain(1, 768, 0);
    n = domain_in(id, 3);
    start(a);
    start(b);
    start(n);
    run_for(MILLISECS(20));
    before[0] = used(a);
    before[1] = used(b);
    before[2] = used(n);
    run_for(SECONDS(4));
    assert_in_range(used(a) - before[0], MILLISECS(900), MILLISECS(1100));
    assert_in_range(used(b) - before[1], MILLISECS(2900), MILLISECS(3100));
    assert_in_range(used(n) - before[2], SECONDS(12) - MILLISECS(5), SECONDS(12));
    assert_int_equal(move(b, id), 0);
    run_for(MILLISECS(100));
    expect_at_home();
    assert_ptr_equal(on_cpu[0]->domain, a);
    /* One of four has to wait there until a CPU is free. */
    assert_int_equal(move(n, 0), 0);
    run_for(MILLISECS(5));
    assert_true(b->vcpu[0]->sched.running);
    expect_at_home();
}

/* Whoever comes to a CPU where another one was alone shares it, and no more. */
static void test_share_after_move(void **state)
{
    struct domain *hog, *guest;
    s_time_t before[2];
    uint32_t id;

    boot(2);
    id = pool_of(CREDIT2, 2);
    hog = domain(1, 256, 0);
    guest = domain_in(id, 1);
    start(hog);
    run_for(SECONDS(5));
    start(guest);
    run_for(SECONDS(2));
    assert_int_equal(move(guest, 0), 0);
    before[0] = used(hog);
    before[1] = used(guest);
    run_for(SECONDS(1));
    assert_in_range(used(hog) - before[0], MILLISECS(450), MILLISECS(550));
    assert_in_range(used(guest) - before[1], MILLISECS(450), MILLISECS(550));
}

static void random_step(uint32_t null)
{
    struct domain *d = domains[rand() % nr_domains];
    struct vcpu *v = d->vcpu[rand() % 2];
    uint32_t pool = (uint32_t)(rand() % 3), cpu = (uint32_t)(rand() % CPUS);
    cpumask_t m = {{(unsigned long)(rand() % 15 + 1)}};

    switch (rand() % 8) {
    case 0:
        rm_wait(pool, cpu);
        break;
    case 1:
    case 2:
        add(pool, ANY);
        break;
    case 3:
        move(d, pool);
        break;
    case 4:
        vcpu_set_hard_affinity(v, &m);
        break;
    case 5:
        params(d, CREDIT2, XEN_DOMCTL_SCHEDOP_getinfo, 0, 0);
        set_cap(d, d->sched.pool == null ? 0 : (unsigned int)(rand() % 3) * 40);
        break;
    case 6:
        vcpu_pause_nosync(v);
        run_for(MICROSECS(rand() % 300));
        vcpu_unpause(v);
        break;
    default:
        run_for(MICROSECS(rand() % 5000));
        break;
    }
}

static void test_random(void **state)
{
    struct domain *d;
    s_time_t before;
    uint32_t null;

    boot(4);
    srand(12);
    pool_of(CREDIT2, 2);
    null = pool_of(NULL_, 4);
    for (unsigned int i = 0; i < 6; i++)
        start(domain(2, 128U << i % 3, 0));
    for (unsigned int n = 0; n < 3000; n++) {
        random_step(null);
        run_for(MICROSECS(100));
        expect_at_home();
    }
    /* Nobody was forgotten on the way. */
    for (unsigned int i = 0; i < nr_domains; i++) {
        d = domains[i];
        assert_int_equal(move(d, 0), 0);
    }
    for (unsigned int i = 0; i < nr_domains; i++) {
        before = used(domains[i]);
        run_for(SECONDS(1));
        assert_true(used(domains[i]) > before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_remove_cpu, forget),
        cmocka_unit_test_teardown(test_removed_is_empty, forget),
        cmocka_unit_test_teardown(test_affinity, forget),
        cmocka_unit_test_teardown(test_move, forget),
        cmocka_unit_test_teardown(test_side_by_side, forget),
        cmocka_unit_test_teardown(test_share_after_move, forget),
        cmocka_unit_test_teardown(test_random, forget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
