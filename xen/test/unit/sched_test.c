/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler on simulated CPUs: the clock is ours, a "switch" only changes who is
 * current. Broken shares show as wrong ratios, a lost wake-up as a vCPU that does not
 * run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <xen/ctl.h>
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/percpu.h>
#include <xen/smp.h>

#include "../../common/sched/private.h"

#define CPUS 3

struct cpu_info fake_cpu_info;
cpumask_t cpu_online_map;

static s_time_t clock_now;
static struct vcpu *on_cpu[CPUS];
static struct domain *domains[8];
static unsigned int nr_domains;
static bool event_pending;

/* All of a test's objects; the next test starts over. */
static void *object(size_t size)
{
    static void *all[256];
    static unsigned int n;

    if (size == 0) {
        while (n)
            free(all[--n]);
        return NULL;
    }
    assert_true(n < ARRAY_SIZE(all));
    all[n] = calloc(1, size);
    return all[n++];
}

static int forget(void **state)
{
    object(0);
    return 0;
}

/* --- what the scheduler stands on -------------------------------------------------- */

void bug_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d %s\n", file, line, what);
    abort();
}

void panic(const char *fmt, ...)
{
    fprintf(stderr, "%s\n", fmt);
    abort();
}

void printk(const char *fmt, ...)
{
}

s_time_t get_s_time(void)
{
    return clock_now;
}

bool arch_timer_program(s_time_t when)
{
    return when > clock_now;
}

void smp_kick(unsigned int cpu)
{
}

void stack_ctx_init(struct stack_ctx *ctx, void *base, void (*fn)(void *), void *arg)
{
}

void stack_switch(struct stack_ctx *from, struct stack_ctx *to)
{
}

void arch_vcpu_switch_in(struct vcpu *v)
{
}

void arch_vcpu_switch_out(struct vcpu *v)
{
}

void arch_vcpu_main(void *v)
{
    abort();
}

bool vcpu_event_pending(struct vcpu *v)
{
    return event_pending;
}

bool cpupool_exists(unsigned int pool)
{
    return pool == 0;
}

void sched_keys_init(void)
{
}

void *charge_alloc(struct charge *c, enum charge_tag tag, size_t size)
{
    return object(size);
}

struct domain *domain_next(struct domain *prev, domid_t from)
{
    unsigned int i = 0;

    while (prev && domains[i] != prev)
        i++;
    if (prev)
        i++;
    return i < nr_domains ? domains[i] : NULL;
}

/* --- simulation -------------------------------------------------------------------- */

static void enter(unsigned int cpu)
{
    fake_cpu_info.cpu = cpu;
    current = on_cpu[cpu];
}

static void leave(unsigned int cpu)
{
    on_cpu[cpu] = current;
}

static void softirqs(unsigned int cpu)
{
    enter(cpu);
    softirq_raise(SOFTIRQ_TIMER);
    do_softirq();
    leave(cpu);
}

/* Run all CPUs for ns of time in steps of 50 us. */
static void run_for(s_time_t ns)
{
    s_time_t end = clock_now + ns;

    while (clock_now < end) {
        for (unsigned int cpu = 0; cpu < CPUS; cpu++)
            if (cpu_online(cpu))
                softirqs(cpu);
        clock_now += MICROSECS(50);
    }
}

static void boot(unsigned int cpus)
{
    cpumask_zero(&cpu_online_map);
    clock_now = MILLISECS(1);
    nr_domains = 0;
    event_pending = false;
    policy = &sched_fair;
    for (unsigned int cpu = 0; cpu < cpus; cpu++) {
        fake_cpu_info.cpu = cpu;
        cpumask_set(cpu, &cpu_online_map);
        softirq_cpu_init(cpu);
        tasklet_cpu_init(cpu);
        timer_cpu_init(cpu);
    }
    fake_cpu_info.cpu = 0;
    timer_subsys_init();
    tasklet_subsys_init();
    for (unsigned int cpu = 0; cpu < cpus; cpu++) {
        fake_cpu_info.cpu = cpu;
        if (cpu == 0)
            sched_init();
        else
            sched_init_cpu(cpu);
        on_cpu[cpu] = idle_vcpu[cpu];
    }
    enter(0);
}

static struct domain *domain(unsigned int vcpus, unsigned int weight, unsigned int cap)
{
    struct domain *d = object(sizeof(*d));

    assert_int_equal(sched_domain_init(d, 0), 0);
    d->domain_id = (domid_t)nr_domains;
    domains[nr_domains++] = d;
    d->vcpu = object(vcpus * sizeof(*d->vcpu));
    d->max_vcpus = vcpus;
    d->sched.weight = (uint16_t)weight;
    d->sched.cap = (uint16_t)cap;
    d->evtchn.poll_mask = object(sizeof(unsigned long));
    for (unsigned int i = 0; i < vcpus; i++) {
        d->vcpu[i] = object(sizeof(struct vcpu));
        d->vcpu[i]->vcpu_id = i;
        d->vcpu[i]->domain = d;
        assert_int_equal(sched_vcpu_init(d->vcpu[i]), 0);
    }
    if (cap)
        policy->adjusted(d);
    return d;
}

static void start(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu(d, v) {
        v->sched.pause_flags = 0;
        vcpu_wake(v);
    }
}

static s_time_t used(struct domain *d)
{
    struct vcpu *v;
    s_time_t sum = 0;

    for_each_vcpu(d, v)
        sum += vcpu_cpu_time(v);
    return sum;
}

/* --- tests ------------------------------------------------------------------------- */

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

static void test_cap(void **state)
{
    struct domain *a;

    boot(2);
    a = domain(1, 256, 20);
    start(a);
    run_for(SECONDS(2));
    expect_share(a, SECONDS(2), 20);
    /* Lifting the cap frees it. */
    a->sched.cap = 0;
    policy->adjusted(a);
    run_for(SECONDS(2));
    expect_share(a, SECONDS(4), 60);
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
    struct domain *hog, *d;
    struct vcpu *v;

    boot(1);
    hog = domain(1, 256, 0);
    d = domain(1, 256, 0);
    v = d->vcpu[0];
    start(hog);
    start(d);
    for (unsigned int i = 0; i < 50; i++) {
        s_time_t woken;

        while (!v->sched.running)
            run_for(MICROSECS(50));
        enter(0);
        vcpu_block();
        leave(0);
        run_for(MILLISECS(20));
        assert_false(v->sched.running);
        woken = clock_now;
        enter(0);
        vcpu_unblock(v);
        leave(0);
        while (!v->sched.running)
            run_for(MICROSECS(50));
        assert_true(clock_now - woken < MILLISECS(1));
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
    policy = &sched_null;
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
        unsigned int cpu = (unsigned int)rand() % CPUS;
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

            for (cpu = 0; cpu < CPUS; cpu++)
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
        cmocka_unit_test_teardown(test_cap, forget),
        cmocka_unit_test_teardown(test_balance, forget),
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
