/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What another CPU does between two steps of this one: hooks on a queue's lock stand for
 * it. Broken: a vCPU used after it was freed, one that waits though a CPU is free.
 */
#include "sched_world.h"

void __real_spin_unlock(spinlock_t *l);
bool __real_spin_trylock(spinlock_t *l);
void __wrap_spin_unlock(spinlock_t *l);
bool __wrap_spin_trylock(spinlock_t *l);
void __real_spin_lock(spinlock_t *l);
void __wrap_spin_lock(spinlock_t *l);

/* Its vCPU 0 leaves a CPU; the last reference goes as soon as that can be seen. */
static struct domain *doomed;

void __wrap_spin_unlock(spinlock_t *l)
{
    struct domain *d = doomed;
    bool off = d && !d->vcpu[0]->sched.running &&
               l == &rq_of(d->vcpu[0]->processor)->lock;

    __real_spin_unlock(l);
    if (off) {
        doomed = NULL;
        domain_put(d);
    }
}

/* So many tries meet a lock that somebody else holds just then. */
static unsigned int refusals;

bool __wrap_spin_trylock(spinlock_t *l)
{
    /* A CPU that looks for work is known to have none. */
    if (cpupool0.policy != &sched_fair)
        assert_ptr_equal(this_cpu(run_queue).curr, this_cpu(run_queue).idle);
    return refusals && refusals-- ? false : __real_spin_trylock(l);
}

/*
 * Another CPU, with the queue locked, has found no budget for it and is about to write so
 * down: it does before anybody else has the lock.
 */
static struct vcpu *parking;

static void park(void)
{
    if (parking)
        parking->sched.parked = true;
    parking = NULL;
}

/* Another CPU holds the queue for a while and reads for how long the vCPU has run. */
static struct vcpu *asked;
static s_time_t told;

static void ask(void)
{
    struct vcpu *v = asked;

    asked = NULL;
    clock_now += MILLISECS(7);
    told = vcpu_cpu_time(v);
}

void __wrap_spin_lock(spinlock_t *l)
{
    if (parking && l == &rq_of(parking->processor)->lock)
        park();
    if (asked && l == &rq_of(asked->processor)->lock)
        ask();
    __real_spin_lock(l);
}

/* What somebody was told when the CPU was about to switch is not taken back. */
static void test_time_told_meanwhile(void **state)
{
    struct domain *d;
    struct vcpu *v;

    boot(1);
    d = domain(1, 256, 0);
    v = d->vcpu[0];
    start(d);
    run_for(MILLISECS(5));
    assert_true(v->sched.running);
    enter(0);
    domain_pause_nosync(d);
    leave(0);
    asked = v;
    softirqs(0);
    assert_null(asked);
    assert_false(v->sched.running);
    assert_true(told >= MILLISECS(11));
    assert_true(vcpu_cpu_time(v) >= told);
}

/* No refill comes for it once the cap is gone. */
static void test_cap_lifted_while_parking(void **state)
{
    struct domain *d;
    struct vcpu *v;

    boot(2);
    d = domain(1, 256, 20);
    v = d->vcpu[0];
    start(d);
    run_for(MILLISECS(10));
    assert_true(v->sched.parked);
    v->sched.parked = false;
    parking = v;
    enter(1);
    set_cap(d, 0);
    leave(1);
    park();
    run_for(MILLISECS(100));
    assert_true(v->sched.running);
}

/* It has to leave the CPU, as its affinity changed, and is destroyed at that moment. */
static void test_destroyed_while_leaving(void **state)
{
    cpumask_t only1 = {{2}}, only2 = {{4}};
    struct domain *d;

    boot(3);
    d = domain(1, 256, 0);
    assert_int_equal(vcpu_set_hard_affinity(d->vcpu[0], &only1), 0);
    start(d);
    run_for(MILLISECS(1));
    assert_ptr_equal(on_cpu[1], d->vcpu[0]);
    enter(0);
    assert_int_equal(vcpu_set_hard_affinity(d->vcpu[0], &only2), 0);
    domain_pause_nosync(d);
    leave(0);
    doomed = d;
    softirqs(1);
    assert_null(doomed);
    assert_ptr_equal(on_cpu[1], idle_vcpu[1]);
}

/* A domain of one vCPU that may use these CPUs and wants to run. */
static struct domain *on(unsigned long cpus)
{
    cpumask_t m = {{cpus}};
    struct domain *d = domain(1, 256, 0);

    enter(0);
    assert_int_equal(vcpu_set_hard_affinity(d->vcpu[0], &m), 0);
    start(d);
    leave(0);
    run_for(MICROSECS(100));
    return d;
}

static void pause_on(struct domain *d, unsigned int cpu)
{
    enter(cpu);
    domain_pause_nosync(d);
    leave(cpu);
}

static void boot_null(void)
{
    boot(3);
    cpupool0.policy = &sched_null;
    refusals = 0;
}

/* Two wait on the longest queue, for its CPU only; one on a shorter queue could come. */
static void test_null_looks_at_all(void **state)
{
    struct domain *busy, *waits;

    boot_null();
    on(4);
    on(4);
    on(4);
    busy = on(2);
    on(1);
    waits = on(3);
    assert_true(waits->vcpu[0]->sched.queued);
    pause_on(busy, 0);
    run_for(MICROSECS(100));
    assert_ptr_equal(on_cpu[1], waits->vcpu[0]);
}

static void test_null_looks_again(void **state)
{
    struct domain *busy, *waits;

    boot_null();
    on(1);
    busy = on(2);
    waits = on(3);
    assert_true(waits->vcpu[0]->sched.queued);
    refusals = 3;
    pause_on(busy, 0);
    run_for(MICROSECS(100));
    assert_int_equal(refusals, 0);
    assert_ptr_equal(on_cpu[1], waits->vcpu[0]);
}

/* All wake on one CPU, which takes one: each of the others is for another idle CPU. */
static void test_null_all_called(void **state)
{
    struct domain *d;
    struct vcpu *v;

    boot_null();
    d = domain(3, 256, 0);
    for_each_vcpu(d, v)
        v->processor = 0;
    enter(0);
    start(d);
    leave(0);
    run_for(MICROSECS(100));
    for_each_vcpu(d, v)
        assert_true(v->sched.running);
}

static void test_null_wider_affinity(void **state)
{
    cpumask_t all = {{7}};
    struct domain *waits;

    boot_null();
    on(1);
    waits = on(1);
    assert_true(waits->vcpu[0]->sched.queued);
    enter(0);
    assert_int_equal(vcpu_set_hard_affinity(waits->vcpu[0], &all), 0);
    leave(0);
    run_for(MICROSECS(100));
    assert_true(waits->vcpu[0]->sched.running);
}

/* While a vCPU is on its way from queue to queue, a CPU looks at both and goes idle. */
static struct domain *leaves_cpu2;

static void advance(struct run_queue *rq)
{
    unsigned int cpu = smp_processor_id();
    struct domain *d = leaves_cpu2;

    if (!d)
        return;
    leaves_cpu2 = NULL;
    leave(cpu);
    pause_on(d, 2);
    softirqs(2);
    assert_ptr_equal(on_cpu[2], idle_vcpu[2]);
    enter(cpu);
}

static void test_null_moved_meanwhile(void **state)
{
    struct sched_policy policy = sched_null;
    struct domain *d, *other;

    boot_null();
    policy.advance = advance;
    cpupool0.policy = &policy;
    on(1);
    on(2);
    other = on(4);
    d = on(6);
    assert_int_equal(d->vcpu[0]->processor, 1);
    pause_on(d, 0);
    d->vcpu[0]->processor = 0; /* where it was before its affinity changed */
    enter(0);
    leaves_cpu2 = other;
    domain_unpause(d);
    leave(0);
    assert_null(leaves_cpu2);
    assert_ptr_equal(on_cpu[2], idle_vcpu[2]);
    assert_int_equal(d->vcpu[0]->processor, 1);
    run_for(MICROSECS(100));
    assert_ptr_equal(on_cpu[2], d->vcpu[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_null_looks_at_all, forget),
        cmocka_unit_test_teardown(test_null_looks_again, forget),
        cmocka_unit_test_teardown(test_null_all_called, forget),
        cmocka_unit_test_teardown(test_null_wider_affinity, forget),
        cmocka_unit_test_teardown(test_null_moved_meanwhile, forget),
        cmocka_unit_test_teardown(test_destroyed_while_leaving, forget),
        cmocka_unit_test_teardown(test_cap_lifted_while_parking, forget),
        cmocka_unit_test_teardown(test_time_told_meanwhile, forget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
