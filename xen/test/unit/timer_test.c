/* SPDX-License-Identifier: GPL-2.0-only */
/* Timers, softirqs and tasklets against a clock that the test turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <xen/lib.h>
#include <xen/percpu.h>
#include <xen/smp.h>
#include <xen/softirq.h>
#include <xen/timer.h>

struct cpu_info fake_cpu_info;
cpumask_t cpu_online_map;

static s_time_t clock_now;
static s_time_t programmed[NR_CPUS];
static unsigned int kicks[NR_CPUS];

void panic(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    abort();
}

void bug_fail(const char *file, int line, const char *what)
{
    panic("%s:%d %s\n", file, line, what);
}

void printk(const char *fmt, ...)
{
    (void)fmt;
}

s_time_t get_s_time(void)
{
    return clock_now;
}

bool arch_timer_program(s_time_t when)
{
    programmed[smp_processor_id()] = when;
    return when > clock_now;
}

void smp_kick(unsigned int cpu)
{
    kicks[cpu]++;
}

static int fresh(void **state)
{
    unsigned int cpu;

    (void)state;
    cpumask_zero(&cpu_online_map);
    clock_now = 1000;
    for (cpu = 0; cpu < 3; cpu++) {
        fake_cpu_info.cpu = cpu;
        cpumask_set(cpu, &cpu_online_map);
        softirq_cpu_init(cpu);
        tasklet_cpu_init(cpu);
        timer_cpu_init(cpu);
        programmed[cpu] = STIME_MAX;
        kicks[cpu] = 0;
    }
    fake_cpu_info.cpu = 0;
    timer_subsys_init();
    tasklet_subsys_init();
    return 0;
}

static void turn_clock(unsigned int cpu, s_time_t to)
{
    clock_now = to;
    fake_cpu_info.cpu = cpu;
    softirq_raise(SOFTIRQ_TIMER);
    do_softirq();
    fake_cpu_info.cpu = 0;
}

static unsigned int fired;
static s_time_t last_deadline;

static void count(void *data)
{
    const struct timer *t = data;

    fired++;
    assert_true(t->expires <= clock_now);
    assert_true(t->expires >= last_deadline);
    last_deadline = t->expires;
}

#define MANY 500

/* Arm, re-arm and stop at random; what is left must fire once each, in order. */
static void test_order(void **state)
{
    static struct timer t[MANY];
    unsigned int i, expected = 0;

    (void)state;
    srand(7);
    fired = 0;
    last_deadline = 0;
    for (i = 0; i < MANY; i++)
        timer_init(&t[i], count, &t[i], 0);
    for (i = 0; i < 20 * MANY; i++) {
        struct timer *x = &t[rand() % MANY];

        if (rand() % 4)
            timer_set(x, 2000 + rand() % 100000);
        else
            timer_stop(x);
    }
    for (i = 0; i < MANY; i++)
        expected += timer_active(&t[i]);
    assert_in_range(expected, MANY / 2, MANY);
    for (i = 0; i <= 1000; i++)
        turn_clock(0, 2000 + i * 100);
    assert_int_equal(fired, expected);
    for (i = 0; i < MANY; i++)
        assert_false(timer_active(&t[i]));
    assert_true(programmed[0] == STIME_MAX);
}

static void test_programming(void **state)
{
    struct timer a, b;

    (void)state;
    fired = 0;
    last_deadline = 0;
    timer_init(&a, count, &a, 0);
    timer_init(&b, count, &b, 0);
    timer_set(&a, MILLISECS(9));
    assert_int_equal(programmed[0], MILLISECS(9));
    timer_set(&b, MILLISECS(5));
    assert_int_equal(programmed[0], MILLISECS(5));
    timer_set(&a, MILLISECS(5) - TIMER_SLOP); /* near enough: left alone */
    assert_int_equal(programmed[0], MILLISECS(5));
    timer_set(&a, MILLISECS(5) - TIMER_SLOP - 1);
    assert_int_equal(programmed[0], MILLISECS(5) - TIMER_SLOP - 1);
    timer_set(&a, 10); /* past: fires at the next softirq */
    assert_true(softirq_pending());
    do_softirq();
    assert_int_equal(fired, 1);
    assert_int_equal(programmed[0], MILLISECS(5));
    timer_stop(&b);
}

static void test_remote(void **state)
{
    struct timer t;

    (void)state;
    fired = 0;
    last_deadline = 0;
    timer_init(&t, count, &t, 2);
    timer_set(&t, MILLISECS(3));
    assert_int_equal(kicks[2], 1);
    turn_clock(2, 1000);
    assert_int_equal(programmed[2], MILLISECS(3));
    timer_migrate(&t, 1);
    assert_int_equal(kicks[1], 1);
    assert_true(timer_active(&t));
    turn_clock(2, MILLISECS(3));
    assert_int_equal(fired, 0);
    turn_clock(1, MILLISECS(3));
    assert_int_equal(fired, 1);
    timer_migrate(&t, 0);
    assert_false(timer_active(&t));
}

static void test_kill(void **state)
{
    struct timer t, never = {0};

    (void)state;
    fired = 0;
    timer_init(&t, count, &t, 0);
    timer_set(&t, 2000);
    clock_now = 2000;
    softirq_raise(SOFTIRQ_TIMER);
    timer_kill(&t);
    do_softirq();
    assert_int_equal(fired, 0);
    timer_set(&t, 5000);
    assert_false(timer_active(&t));
    timer_kill(&never);
}

static unsigned int ran[4];
static struct tasklet self_queuer;

static void tasklet_fn(void *data)
{
    ran[(uintptr_t)data]++;
}

static void tasklet_again(void *data)
{
    (void)data;
    if (++ran[3] < 5)
        tasklet_schedule(&self_queuer);
}

static void tasklet_free_self(void *data)
{
    free(data);
}

static void test_tasklets(void **state)
{
    struct tasklet a, b, *heap = malloc(sizeof(*heap));

    (void)state;
    memset(ran, 0, sizeof(ran));
    tasklet_init(&a, tasklet_fn, (void *)1);
    tasklet_init(&b, tasklet_fn, (void *)2);
    tasklet_init(&self_queuer, tasklet_again, NULL);
    tasklet_init(heap, tasklet_free_self, heap);
    tasklet_schedule(&a);
    tasklet_schedule(&a);
    tasklet_schedule(&b);
    tasklet_schedule(heap);
    tasklet_schedule(&self_queuer);
    tasklet_kill(&b);
    do_softirq();
    assert_int_equal(ran[1], 1);
    assert_int_equal(ran[2], 0);
    assert_int_equal(ran[3], 5);
    assert_false(softirq_pending());
}

static unsigned int seq, when_sched, when_iommu;

static void sched_handler(void)
{
    when_sched = ++seq;
}

static void iommu_handler(void)
{
    when_iommu = ++seq;
}

static void test_softirq_order(void **state)
{
    (void)state;
    softirq_register(SOFTIRQ_SCHEDULE, sched_handler);
    softirq_register(SOFTIRQ_IOMMU, iommu_handler);
    softirq_raise(SOFTIRQ_SCHEDULE);
    softirq_raise(SOFTIRQ_IOMMU);
    process_pending_softirqs();
    assert_int_equal(when_iommu, 1);
    assert_int_equal(when_sched, 0);
    assert_true(softirq_pending());
    softirq_raise(SOFTIRQ_IOMMU);
    do_softirq();
    assert_int_equal(when_iommu, 2);
    assert_int_equal(when_sched, 3);
    softirq_raise_cpu(1, SOFTIRQ_IOMMU);
    softirq_raise_cpu(1, SOFTIRQ_IOMMU);
    assert_int_equal(kicks[1], 1);
}

/* --- softirqs that find no end ------------------------------------------------------ */

static unsigned int flooded, scheduled;

static void raise_each(enum softirq nr)
{
    if (++flooded > 1000)
        fail_msg("found no end");
    softirq_raise(nr);
}

static void raise_self(void)
{
    raise_each(SOFTIRQ_TIME_SYNC);
}

static void raise_iommu(void)
{
    raise_each(SOFTIRQ_IOMMU);
}

static void schedule_once(void)
{
    scheduled++;
}

static void schedule_again(void)
{
    scheduled++;
    raise_each(SOFTIRQ_SCHEDULE);
}

static void expect_no_end(void (*sync)(void), void (*iommu)(void), void (*sched)(void))
{
    softirq_register(SOFTIRQ_TIME_SYNC, sync);
    softirq_register(SOFTIRQ_IOMMU, iommu);
    softirq_register(SOFTIRQ_SCHEDULE, sched);
    flooded = scheduled = 0;
    softirq_raise(SOFTIRQ_TIME_SYNC);
    softirq_raise(SOFTIRQ_SCHEDULE);
    assert_false(do_softirq());
    assert_true(flooded > 1);
    assert_true(scheduled > 0);
    assert_true(softirq_pending());
    softirq_cpu_init(0);
}

/* Whoever raises itself, or two that raise each other, leave the scheduler its turn. */
static void test_no_end(void **state)
{
    (void)state;
    expect_no_end(raise_self, schedule_once, schedule_once);
    expect_no_end(raise_iommu, raise_self, schedule_once);
    expect_no_end(schedule_once, schedule_once, schedule_again);
    /* Without the scheduler it comes back as well; what was left is pending. */
    expect_no_end(raise_self, schedule_once, schedule_once);
    softirq_raise(SOFTIRQ_TIME_SYNC);
    softirq_raise(SOFTIRQ_SCHEDULE);
    scheduled = 0;
    process_pending_softirqs();
    assert_int_equal(scheduled, 0);
    assert_true(softirq_pending());
}

/* Nothing is pending for a moment, in which a guest can run; then all of it is. */
static void test_put_off(void **state)
{
    struct timer t;

    (void)state;
    expect_no_end(raise_self, schedule_once, schedule_once);
    softirq_raise(SOFTIRQ_TIME_SYNC);
    assert_false(do_softirq());
    softirq_put_off();
    assert_false(softirq_pending());
    assert_int_equal(programmed[0], clock_now + SOFTIRQ_PAUSE);
    flooded = 0;
    turn_clock(0, clock_now + SOFTIRQ_PAUSE);
    assert_true(flooded > 1);
    /* The interrupt of a timer before is as good; not one that has been. */
    timer_init(&t, count, &t, 0);
    timer_set(&t, clock_now + MICROSECS(60));
    softirq_put_off();
    assert_int_equal(programmed[0], clock_now + MICROSECS(60));
    clock_now += MICROSECS(70);
    softirq_raise(SOFTIRQ_TIMER);
    softirq_put_off();
    assert_false(softirq_pending());
    assert_int_equal(programmed[0], clock_now + SOFTIRQ_PAUSE);
    timer_stop(&t);
    /* Raised from elsewhere while it is hidden: that CPU is told. */
    kicks[0] = 0;
    fake_cpu_info.cpu = 1;
    softirq_raise_cpu(0, SOFTIRQ_TIME_SYNC);
    assert_int_equal(kicks[0], 1);
    fake_cpu_info.cpu = 0;
    assert_true(softirq_pending());
}

static void to_the_past(void *data)
{
    struct timer *t = data;

    if (++flooded > 100000)
        fail_msg("found no end");
    timer_set(t, t->expires);
}

/* A timer that is due again at once leaves the scheduler its turn, and others theirs. */
static void test_timer_no_end(void **state)
{
    struct timer t, other;

    (void)state;
    timer_init(&t, to_the_past, &t, 0);
    timer_init(&other, count, &other, 0);
    timer_set(&t, clock_now);
    softirq_register(SOFTIRQ_SCHEDULE, schedule_once);
    softirq_raise(SOFTIRQ_SCHEDULE);
    flooded = scheduled = 0;
    assert_false(do_softirq());
    assert_true(scheduled > 0);
    assert_true(flooded > 1);
    softirq_put_off();
    assert_false(softirq_pending());
    assert_int_equal(programmed[0], clock_now + SOFTIRQ_PAUSE);
    timer_kill(&t);
    fired = 0;
    last_deadline = 0;
    timer_set(&other, clock_now);
    assert_true(do_softirq());
    assert_int_equal(fired, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_order, fresh),
        cmocka_unit_test_setup(test_programming, fresh),
        cmocka_unit_test_setup(test_remote, fresh),
        cmocka_unit_test_setup(test_kill, fresh),
        cmocka_unit_test_setup(test_tasklets, fresh),
        cmocka_unit_test_setup(test_softirq_order, fresh),
        cmocka_unit_test_setup(test_no_end, fresh),
        cmocka_unit_test_setup(test_put_off, fresh),
        cmocka_unit_test_setup(test_timer_no_end, fresh),
    };

    return cmocka_run_group_tests_name("timer", tests, NULL, NULL);
}
