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

bool __wrap_spin_trylock(spinlock_t *l)
{
    return __real_spin_trylock(l);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_destroyed_while_leaving, forget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
