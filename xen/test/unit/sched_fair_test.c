/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shares over all CPUs: vCPUs that always want to run, more than there are CPUs. Broken:
 * one gets less than its weight is worth, because of the company it is in. The vCPUs of
 * a capped domain have its budget together: who of them is first, takes it.
 */
#include "sched_world.h"

#define RUN       SECONDS(5)
#define STEP      MICROSECS(100)
#define TOLERANCE 3 /* percent of what is due */

/* Two domains; what one vCPU of each is due, in thousandths of a CPU. */
struct load {
    unsigned int cpus;
    struct {
        unsigned int vcpus, weight, cap;
    } dom[2];
    unsigned int due[2];
};

static const struct load loads[] = {
    /* cpus  vcpus weight cap   vcpus weight cap */
    {2, {{3, 256, 0}, {0, 256, 0}}, {667, 0}},
    {3, {{4, 256, 0}, {0, 256, 0}}, {750, 0}},
    {4, {{5, 256, 0}, {0, 256, 0}}, {800, 0}},
    {4, {{7, 256, 0}, {0, 256, 0}}, {571, 0}},
    {4, {{9, 256, 0}, {0, 256, 0}}, {444, 0}},
    {8, {{9, 256, 0}, {0, 256, 0}}, {889, 0}},
    {8, {{15, 256, 0}, {0, 256, 0}}, {533, 0}},
    /* Weights. */
    {2, {{2, 256, 0}, {2, 512, 0}}, {333, 667}},
    {2, {{3, 256, 0}, {1, 512, 0}}, {400, 800}},
    {4, {{4, 256, 0}, {4, 512, 0}}, {333, 667}},
    {4, {{5, 256, 0}, {2, 512, 0}}, {444, 889}},
    {8, {{9, 256, 0}, {3, 512, 0}}, {556, 1000}},
    {4, {{5, 16, 0}, {2, 32, 0}}, {444, 889}},
    {4, {{5, 4096, 0}, {2, 8192, 0}}, {444, 889}},
    /* One is worth more than a CPU: it has a whole one, and the others what is left. */
    {2, {{3, 256, 0}, {1, 2048, 0}}, {333, 1000}},
    {4, {{7, 256, 0}, {1, 65535, 0}}, {429, 1000}},
    /* Caps: what a capped domain may not have is the others'. */
    {2, {{2, 256, 0}, {1, 256, 30}}, {850, 300}},
    {4, {{5, 256, 0}, {2, 256, 100}}, {600, 500}},
    {4, {{5, 256, 0}, {2, 512, 40}}, {720, 200}},
    {3, {{4, 256, 0}, {2, 256, 150}}, {500, 500}},
};

static unsigned int percent(s_time_t got, unsigned int due)
{
    return (unsigned int)((got * 1000 + RUN * due / 200) * 100 / (RUN * due));
}

static s_time_t got(const struct domain *d, struct vcpu *v)
{
    return d->sched.cap ? used(v->domain) / d->max_vcpus : vcpu_cpu_time(v);
}

static bool shares_of(const struct load *l)
{
    unsigned int n = l->dom[1].vcpus ? 2 : 1;
    bool good = true;

    boot(l->cpus);
    for (unsigned int i = 0; i < n; i++)
        domain(l->dom[i].vcpus, l->dom[i].weight, l->dom[i].cap);
    for (unsigned int i = 0; i < n; i++)
        start(domains[i]);
    run_in_steps(RUN, STEP);
    printf("%u CPUs:", l->cpus);
    for (unsigned int i = 0; i < n; i++) {
        unsigned int low = ~0U, high = 0;
        struct vcpu *v;

        for_each_vcpu(domains[i], v) {
            unsigned int p = percent(got(domains[i], v), l->due[i]);

            low = MIN(low, p);
            high = MAX(high, p);
        }
        printf(" %u of weight %u cap %u: %u..%u %%", l->dom[i].vcpus, l->dom[i].weight,
               l->dom[i].cap, low, high);
        good &= low >= 100 - TOLERANCE && high <= 100 + TOLERANCE;
    }
    printf("%s\n", good ? "" : " <==");
    return good;
}

static void test_shares(void **state)
{
    unsigned int bad = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(loads); i++) {
        bad += !shares_of(&loads[i]);
        forget(state);
    }
    assert_int_equal(bad, 0);
}

static void pin(struct domain *d, unsigned long cpus)
{
    cpumask_t m = {{cpus}};
    struct vcpu *v;

    enter(0);
    for_each_vcpu(d, v)
        assert_int_equal(vcpu_set_hard_affinity(v, &m), 0);
    leave(0);
}

/* Two domains, which want to run on those CPUs for so long. */
static void apart(struct domain *a, unsigned long on_a, struct domain *b,
                  unsigned long on_b, s_time_t ns)
{
    pin(a, on_a);
    pin(b, on_b);
    start(a);
    start(b);
    run_for(ns);
}

/* Affinities kept the CPUs apart: that one had more meanwhile is soon forgotten. */
static void test_drifted_apart(void **state)
{
    struct domain *crowd, *lone;

    boot(2);
    crowd = domain(5, 256, 0);
    lone = domain(1, 256, 0);
    apart(crowd, 1, lone, 2, SECONDS(5));
    pin(crowd, 3);
    pin(lone, 3);
    assert_in_range(used_in(lone, SECONDS(1)), MILLISECS(200), MILLISECS(400));
    assert_in_range(used_in(lone, SECONDS(3)), MILLISECS(970), MILLISECS(1030));
}

/* Those furthest behind may not come: others that wait can. */
static void test_takes_from_any(void **state)
{
    struct domain *crowd, *free;
    struct vcpu *v;

    boot(3);
    crowd = domain(3, 256, 0);
    free = domain(3, 256, 0);
    apart(crowd, 1, free, 6, SECONDS(3));
    for_each_vcpu(free, v)
        assert_in_range(vcpu_cpu_time(v), MILLISECS(1950), MILLISECS(2050));
}

/* A light one was alone, so that its time ran fast; in company it has its share. */
static void test_light_one_moves(void **state)
{
    struct domain *hogs, *light;

    boot(2);
    hogs = domain(2, 256, 0);
    light = domain(1, 16, 0);
    apart(hogs, 1, light, 2, SECONDS(5));
    pin(light, 1);
    assert_in_range(used_in(light, SECONDS(2)), MILLISECS(50), MILLISECS(70));
}

/* A CPU has idled while the others' time went on: whoever comes there shares at once. */
static void test_after_idling(void **state)
{
    struct domain *sleeper, *other;

    boot(2);
    sleeper = domain(1, 256, 0);
    other = domain(1, 256, 0);
    pin(sleeper, 2);
    pin(other, 1);
    start(other);
    run_for(SECONDS(5));
    start(sleeper);
    run_for(MILLISECS(1));
    pin(other, 2);
    assert_in_range(used_in(other, SECONDS(1)), MILLISECS(480), MILLISECS(520));
}

#define MIX_DOMAINS 6
#define MIX_VCPUS   3

static s_time_t last_ran[MIX_DOMAINS][MIX_VCPUS];

/* The longest that one has wanted to run and did not. */
static s_time_t longest_wait(void)
{
    s_time_t longest = 0;

    for (unsigned int i = 0; i < MIX_DOMAINS; i++) {
        struct vcpu *v;

        for_each_vcpu(domains[i], v) {
            s_time_t *last = &last_ran[i][v->vcpu_id];

            if (v->sched.running || !vcpu_runnable(v) || v->sched.parked)
                *last = clock_now;
            longest = MAX(longest, clock_now - *last);
        }
    }
    return longest;
}

static void shake(struct vcpu *v)
{
    cpumask_t m = {{(unsigned long)(rand() % 15 + 1)}};

    enter(0);
    switch (rand() % 12) {
    case 0:
        assert_int_equal(vcpu_set_hard_affinity(v, &m), 0);
        break;
    case 1: case 2: case 3:
        cpumask_setall(&m);
        assert_int_equal(vcpu_set_hard_affinity(v, &m), 0);
        break;
    case 4: case 5:
        v->sched.pause_flags = VPF_BLOCKED;
        vcpu_sleep_nosync(v);
        break;
    default:
        vcpu_unblock(v);
        break;
    }
    leave(0);
}

/* Whatever the others do, nobody is forgotten for long. */
static void test_nobody_starves(void **state)
{
    boot(4);
    srand(31);
    for (unsigned int i = 0; i < MIX_DOMAINS; i++)
        start(domain(MIX_VCPUS, 128U << i % 3, i == 5 ? 150 : 0));
    for (unsigned int i = 0; i < 20000; i++) {
        shake(domains[rand() % MIX_DOMAINS]->vcpu[rand() % MIX_VCPUS]);
        run_in_steps(MICROSECS(rand() % 4000), MICROSECS(200));
        assert_true(longest_wait() < MILLISECS(400));
    }
}

/* A CPU that takes a waiting vCPU from another one looks whether it has budget. */
static void test_no_start_without_budget(void **state)
{
    struct domain *capped;

    boot(4);
    domain(3, 256, 0);
    capped = domain(4, 256, 120);
    start(domains[0]);
    start(capped);
    for (unsigned int i = 0; i < 40000; i++) {
        for (unsigned int cpu = 0; cpu < 4; cpu++) {
            softirqs(cpu);
            if (on_cpu[cpu]->domain == capped && on_cpu[cpu]->sched.start == clock_now)
                assert_true(capped->sched.cap_budget > 0);
        }
        clock_now += MICROSECS(50);
    }
}

/* Its vCPUs have the same part of a capped domain's budget, whoever is there. */
static void test_even_capped(void **state)
{
    struct domain *capped;
    struct vcpu *v;

    boot(4);
    start(domain(3, 256, 0));
    capped = domain(4, 256, 120);
    start(capped);
    run_in_steps(SECONDS(5), STEP);
    for_each_vcpu(capped, v)
        assert_in_range(vcpu_cpu_time(v) * 400 / used(capped), 90, 110);
}

/* It has just waited behind another one for a moment: it does not wait for a slice. */
static void test_wake_behind_newcomer(void **state)
{
    struct vcpu *v = one_among(1, 2);

    for (unsigned int i = 0; i < 50; i++) {
        struct vcpu *hog;

        until_runs(v);
        assert_true(block(v));
        run_for(MILLISECS(20));
        hog = on_cpu[0];
        while (on_cpu[0] == hog)
            run_for(MICROSECS(50));
        wake(v);
        run_for(MICROSECS(SCHED_RATELIMIT_US) + MICROSECS(100));
        assert_ptr_equal(on_cpu[0], v);
    }
}

/* Of 400 times that v has slept that long and wakes, how often it waits too long. */
static unsigned int late_wakes(struct vcpu *v, s_time_t sleeps, s_time_t runs)
{
    unsigned int late = 0;

    for (unsigned int i = 0; i < 400; i++) {
        bool slept;

        until_runs(v);
        run_for(runs);
        slept = block(v);
        run_for(sleeps);
        wake(v);
        late += until_runs(v) > MICROSECS(SCHED_RATELIMIT_US + 200) && slept;
    }
    return late;
}

/*
 * One that sleeps most of the time is served as soon as the rate limit lets it, wherever
 * it has slept and whoever is far ahead there: by less than 0.6 of its share each.
 */
static void test_wake_among_hogs(void **state)
{
    static const struct {
        unsigned int cpus, hogs, sleeps_us, runs_us;
    } all[] = {
        {2, 3, 3000, 200},  {2, 5, 3000, 200},   {3, 4, 19000, 500}, {3, 4, 3000, 200},
        {3, 7, 3000, 500},  {3, 7, 19000, 1500}, {4, 6, 3000, 200},  {4, 6, 19000, 1500},
        {4, 7, 19000, 500}, {4, 8, 7300, 500},   {4, 9, 7300, 200},  {8, 11, 19000, 1500},
        {8, 13, 3000, 500}, {8, 13, 19000, 500}, {3, 3, 3000, 1500}, {8, 8, 3000, 1500},
    };
    unsigned int late, bad = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
        late = late_wakes(one_among(all[i].cpus, all[i].hogs),
                          MICROSECS(all[i].sleeps_us), MICROSECS(all[i].runs_us));
        printf("%u CPUs, %u hogs, asleep %u us: %u of 400 late\n", all[i].cpus,
               all[i].hogs, all[i].sleeps_us, late);
        bad += late;
        forget(state);
    }
    assert_int_equal(bad, 0);
}

#define DAY SECONDS(24 * 3600)

/* Virtual time lasts as long as time, for the lightest weight, too. */
static void test_years(void **state)
{
    struct domain *old, *young;

    boot(1);
    old = domain(1, 1, 0);
    start(old);
    for (unsigned int i = 0; i < 200 * 365; i++) {
        enter(0);
        vcpu_yield();
        leave(0);
        run_in_steps(DAY, DAY);
    }
    young = domain(1, 1, 0);
    start(young);
    assert_in_range(used_in(young, SECONDS(1)), MILLISECS(490), MILLISECS(510));
    assert_true(used(old) > 199 * 365 * DAY);
}

/* Short runs count, though one of them is nothing when divided by the weight. */
static void test_short_runs(void **state)
{
    struct vcpu *v;

    boot(1);
    v = domain(1, 65535, 0)->vcpu[0];
    start(v->domain);
    softirqs(0);
    for (unsigned int i = 0; i < 10000; i++) {
        clock_now += MICROSECS(30);
        enter(0);
        vcpu_yield();
        leave(0);
        softirqs(0);
    }
    assert_int_equal(used(v->domain), MILLISECS(300));
    assert_int_equal(v->sched.vtime, MILLISECS(300) / 65535);
}

/* A domain's weight may change while its vCPUs wait, if it changes its own. */
static void test_load_follows_weights(void **state)
{
    struct domain *d;

    boot(1);
    d = domain(4, 256, 0);
    start(d);
    run_for(MILLISECS(20));
    assert_int_equal(rq_of(0)->load, 3 * 256);
    d->sched.weight = 512;
    run_for(MILLISECS(100));
    assert_int_equal(rq_of(0)->load, 3 * 512);
    d->sched.weight = 16;
    run_for(MILLISECS(100));
    assert_int_equal(rq_of(0)->load, 3 * 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_shares, forget),
        cmocka_unit_test_teardown(test_drifted_apart, forget),
        cmocka_unit_test_teardown(test_takes_from_any, forget),
        cmocka_unit_test_teardown(test_light_one_moves, forget),
        cmocka_unit_test_teardown(test_after_idling, forget),
        cmocka_unit_test_teardown(test_nobody_starves, forget),
        cmocka_unit_test_teardown(test_no_start_without_budget, forget),
        cmocka_unit_test_teardown(test_even_capped, forget),
        cmocka_unit_test_teardown(test_wake_behind_newcomer, forget),
        cmocka_unit_test_teardown(test_wake_among_hogs, forget),
        cmocka_unit_test_teardown(test_years, forget),
        cmocka_unit_test_teardown(test_short_runs, forget),
        cmocka_unit_test_teardown(test_load_follows_weights, forget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
