/* SPDX-License-Identifier: GPL-2.0-only */
/* Shares, caps, affinity, waking and sleeping, all CPUs in one pool. */
#include "sched_world.h"

static void expect_share(struct domain *d, s_time_t total, unsigned int percent)
{
    unsigned int got = (unsigned int)(used(d) * 100 / total);

    assert_in_range(got, percent > 3 ? percent - 3 : 0, percent + 3);
}

static void test_weights(void **state)
{
    struct domain *a, *b;

    boot(1);
    a = domain(1, 256, 0);
    b = domain(1, 768, 0);
    start(a);
    start(b);
    run_for(SECONDS(4));
    expect_share(a, SECONDS(4), 25);
    expect_share(b, SECONDS(4), 75);
}

/* What a vCPU used while nobody else wanted it is not held against it. */
static void test_newcomer(void **state)
{
    struct domain *hog, *late;

    boot(1);
    hog = domain(1, 256, 0);
    late = domain(1, 256, 0);
    start(hog);
    run_for(SECONDS(5));
    start(late);
    run_for(SECONDS(1));
    assert_in_range(used(late), MILLISECS(450), MILLISECS(550));
    /* Nor when it slept in between. */
    enter(0);
    vcpu_pause_nosync(late->vcpu[0]);
    leave(0);
    run_for(SECONDS(5));
    enter(0);
    vcpu_pause_nosync(hog->vcpu[0]);
    do_softirq();
    vcpu_unpause(late->vcpu[0]);
    vcpu_unpause(hog->vcpu[0]);
    leave(0);
    run_for(SECONDS(1));
    assert_in_range(used(late), MILLISECS(900), MILLISECS(1100));
}

static void test_cap(void **state)
{
    struct domain *a;

    boot(2);
    a = domain(1, 256, 20);
    start(a);
    run_for(SECONDS(2));
    expect_share(a, SECONDS(2), 20);
    /* Lifting the cap frees it. */
    set_cap(a, 0);
    run_for(SECONDS(2));
    expect_share(a, SECONDS(4), 60);
}

/* Its CPU is busy when it has budget again, and the other one idle: it goes there. */
static void capped_beside(bool lifted)
{
    cpumask_t only0 = {{1}};
    struct domain *capped, *hog;

    boot(2);
    capped = domain(1, 256, 50);
    hog = domain(1, 256, 0);
    start(capped);
    run_for(MILLISECS(12));
    assert_true(capped->vcpu[0]->sched.parked);
    assert_int_equal(capped->vcpu[0]->processor, 0);
    enter(0);
    assert_int_equal(vcpu_set_hard_affinity(hog->vcpu[0], &only0), 0);
    start(hog);
    leave(0);
    if (lifted) {
        run_for(MICROSECS(500));
        enter(0);
        set_cap(capped, 0);
        leave(0);
    } else {
        while (capped->vcpu[0]->sched.parked)
            run_for(MICROSECS(50));
    }
    run_for(MICROSECS(100));
    assert_ptr_equal(on_cpu[0], hog->vcpu[0]);
    assert_ptr_equal(on_cpu[1], capped->vcpu[0]);
}

static void test_cap_idle_cpu(void **state)
{
    capped_beside(false);
    forget(state);
    capped_beside(true);
}

/* Softirqs run when they can, not when they are due: a cap holds all the same. */
static void test_cap_refilled_late(void **state)
{
    struct domain *a;

    boot(1);
    a = domain(1, 256, 30);
    start(a);
    for (unsigned int i = 0; i < 1000; i++) {
        softirqs(0);
        clock_now += MICROSECS(4500);
    }
    assert_in_range(used(a) * 1000 / MICROSECS(4500000), 290, 310);
}

static void test_balance(void **state)
{
    struct domain *d[3];

    boot(2);
    for (unsigned int i = 0; i < 3; i++) {
        d[i] = domain(1, 256, 0);
        start(d[i]);
    }
    run_for(SECONDS(6));
    /* Two CPUs among three equals: all of it is used, and nobody starves. */
    assert_true(used(d[0]) + used(d[1]) + used(d[2]) > SECONDS(12) * 97 / 100);
    for (unsigned int i = 0; i < 3; i++)
        assert_in_range(used(d[i]), SECONDS(3), SECONDS(5));
}

/* As many here as there: nobody has to move. */
static void test_balanced_stays(void **state)
{
    struct domain *d;
    unsigned int at[4];

    boot(2);
    d = domain(4, 256, 0);
    start(d);
    run_for(MILLISECS(100));
    for (unsigned int i = 0; i < 4; i++)
        at[i] = d->vcpu[i]->processor;
    assert_int_equal(at[0] + at[1] + at[2] + at[3], 2);
    for (unsigned int n = 0; n < 1000; n++) {
        run_for(MILLISECS(1));
        for (unsigned int i = 0; i < 4; i++)
            assert_int_equal(d->vcpu[i]->processor, at[i]);
    }
}

/* The numbers do not divide evenly: the odd ones go round all CPUs, for equal shares. */
static void odd_ones(unsigned int vcpus, unsigned int cpus)
{
    s_time_t fair = SECONDS(5) * cpus / vcpus;
    struct domain *d;

    boot(cpus);
    d = domain(vcpus, 256, 0);
    start(d);
    run_for(SECONDS(5));
    for (unsigned int i = 0; i < vcpus; i++)
        assert_in_range(vcpu_cpu_time(d->vcpu[i]) * 100 / fair, 75, 115);
}

static void test_odd_ones_go_round(void **state)
{
    for (unsigned int cpus = 2; cpus <= CPUS; cpus++) {
        for (unsigned int n = cpus + 1; n < 2 * cpus + 2; n++) {
            odd_ones(n, cpus);
            forget(state);
        }
    }
}

static void test_affinity(void **state)
{
    struct domain *a;
    cpumask_t only1 = {{0}};

    boot(3);
    a = domain(2, 256, 0);
    start(a);
    run_for(MILLISECS(50));
    cpumask_set(1, &only1);
    assert_int_equal(vcpu_set_hard_affinity(a->vcpu[0], &only1), 0);
    assert_int_equal(vcpu_set_hard_affinity(a->vcpu[1], &only1), 0);
    run_for(MILLISECS(1));
    for (unsigned int i = 0; i < 100; i++) {
        run_for(MILLISECS(1));
        assert_false(a->vcpu[0]->sched.running && a->vcpu[1]->sched.running);
        assert_true(on_cpu[0] == idle_vcpu[0] && on_cpu[2] == idle_vcpu[2]);
    }
    cpumask_zero(&only1);
    assert_int_equal(vcpu_set_hard_affinity(a->vcpu[0], &only1), -EINVAL);
    cpumask_set(7, &only1);
    assert_int_equal(vcpu_set_hard_affinity(a->vcpu[0], &only1), -EINVAL);
}

/* A sleeper that wakes is served soon, though another vCPU hogs the CPU. */
static void test_wake_latency(void **state)
{
    struct vcpu *v = one_among(1, 1);

    for (unsigned int i = 0; i < 50; i++) {
        until_runs(v);
        assert_true(block(v));
        run_for(MILLISECS(20));
        assert_false(v->sched.running);
        wake(v);
        assert_true(until_runs(v) < MILLISECS(1));
    }
}

static void test_block_with_event(void **state)
{
    struct domain *d;

    boot(1);
    d = domain(1, 256, 0);
    start(d);
    run_for(MICROSECS(100));
    assert_ptr_equal(on_cpu[0], d->vcpu[0]);
    enter(0);
    event_pending = true;
    vcpu_block();
    leave(0);
    assert_int_equal(d->vcpu[0]->sched.pause_flags, 0);
    run_for(MICROSECS(100));
    assert_ptr_equal(on_cpu[0], d->vcpu[0]);
}

/* Pause counts nest, and a paused domain uses nothing. */
static void test_pause(void **state)
{
    struct domain *d;
    s_time_t before;

    boot(2);
    d = domain(2, 256, 0);
    start(d);
    run_for(MILLISECS(10));
    domain_pause_nosync(d);
    domain_pause_nosync(d);
    run_for(MILLISECS(1));
    before = used(d);
    run_for(MILLISECS(10));
    assert_int_equal(used(d), before);
    domain_unpause(d);
    run_for(MILLISECS(10));
    assert_int_equal(used(d), before);
    domain_unpause(d);
    run_for(MILLISECS(10));
    assert_true(used(d) > before);
}

static void test_yield(void **state)
{
    struct domain *a, *b;

    boot(1);
    a = domain(1, 256, 0);
    b = domain(1, 256, 0);
    start(a);
    start(b);
    run_for(MICROSECS(100));
    for (unsigned int i = 0; i < 10; i++) {
        struct vcpu *was = on_cpu[0];

        enter(0);
        vcpu_yield();
        do_softirq();
        leave(0);
        assert_ptr_not_equal(on_cpu[0], was);
    }
}

static void test_null(void **state)
{
    struct domain *a;

    boot(3);
    cpupool0.policy = &sched_null;
    a = domain(3, 256, 0);
    start(a);
    run_for(MILLISECS(20));
    for (unsigned int i = 0; i < 3; i++)
        assert_true(a->vcpu[i]->sched.running);
    run_for(MILLISECS(20));
    assert_true(used(a) > MILLISECS(3 * 39));
}

/* Wakes, blocks, pauses, affinity changes at random: each vCPU is in one place only. */
static void test_random(void **state)
{
    struct domain *d[4];

    boot(3);
    srand(11);
    for (unsigned int i = 0; i < 4; i++) {
        d[i] = domain(2, 128U << i, i == 3 ? 50 : 0);
        start(d[i]);
    }
    for (unsigned int n = 0; n < 20000; n++) {
        struct vcpu *v = d[rand() % 4]->vcpu[rand() % 2];
        unsigned int cpu = (unsigned int)rand() % 3;
        cpumask_t m = {{(unsigned long)(rand() % 7 + 1)}};

        enter(cpu);
        switch (rand() % 5) {
        case 0:
            if (current == v)
                vcpu_block();
            break;
        case 1:
            vcpu_unblock(v);
            break;
        case 2:
            vcpu_pause_nosync(v);
            vcpu_unpause(v);
            break;
        case 3:
            assert_int_equal(vcpu_set_hard_affinity(v, &m), 0);
            break;
        default:
            break;
        }
        do_softirq();
        leave(cpu);
        clock_now += rand() % MICROSECS(300);
        for (unsigned int i = 0; i < 8; i++) {
            struct vcpu *x = d[i / 2]->vcpu[i % 2];
            unsigned int at = 0;

            for (cpu = 0; cpu < 3; cpu++)
                at += on_cpu[cpu] == x;
            assert_int_equal(at, x->sched.running);
            assert_false(x->sched.running && x->sched.queued);
            if (vcpu_runnable(x))
                assert_true(x->sched.running || x->sched.queued || x->sched.parked);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_weights, forget),
        cmocka_unit_test_teardown(test_newcomer, forget),
        cmocka_unit_test_teardown(test_cap, forget),
        cmocka_unit_test_teardown(test_cap_idle_cpu, forget),
        cmocka_unit_test_teardown(test_cap_refilled_late, forget),
        cmocka_unit_test_teardown(test_balance, forget),
        cmocka_unit_test_teardown(test_balanced_stays, forget),
        cmocka_unit_test_teardown(test_odd_ones_go_round, forget),
        cmocka_unit_test_teardown(test_affinity, forget),
        cmocka_unit_test_teardown(test_wake_latency, forget),
        cmocka_unit_test_teardown(test_block_with_event, forget),
        cmocka_unit_test_teardown(test_pause, forget),
        cmocka_unit_test_teardown(test_yield, forget),
        cmocka_unit_test_teardown(test_null, forget),
        cmocka_unit_test_teardown(test_random, forget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
