/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making all vCPUs of a domain. Broken, events or moves between CPU pools find one that
 * is freed again because there is no memory for the next.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <xen/alloc.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/event.h>
#include <xen/sched.h>
#include <asm/current.h>
#include <asm/stack.h>
#include "../../common/domain/private.h"
#include "fake_charge.h"

#define VCPUS 4

struct cpu_info fake_cpu_info;
static struct domain d;
static struct vcpu *table[VCPUS];
static struct shared_info shared;
static unsigned int refused; /* by arch_vcpu_create(), counted from 1; 0: none */
static unsigned int told;    /* evtchn_vcpus_made() */

/* What any other CPU sees of the domain at this moment. */
static unsigned int in_sight(void)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < VCPUS; i++)
        n += table[i] != NULL;
    return n;
}

/* --- what a vCPU is made of --- */

void *stack_alloc(struct charge *c, unsigned int order)
{
    return charge_alloc(c, CHARGE_VCPU, PAGE_SIZE << order);
}

void stack_free(void *stack, unsigned int order)
{
    (void)order;
    charge_free(stack);
}

void stack_discard(struct stack_trash *t, void *stack, unsigned int order)
{
    (void)t;
    stack_free(stack, order);
}

void stack_trash_empty(struct stack_trash *t)
{
    assert_true(list_empty(&t->stacks));
}

int sched_vcpu_init(struct vcpu *v)
{
    assert_int_equal(in_sight(), 0);
    return v->vcpu_id >= VCPUS;
}

void sched_vcpu_destroy(struct vcpu *v)
{
    assert_ptr_equal(v->domain, &d);
    assert_null(table[v->vcpu_id]);
}

int evtchn_vcpu_init(struct vcpu *v)
{
    return v->vcpu_id >= VCPUS;
}

void evtchn_vcpu_destroy(struct vcpu *v)
{
    assert_null(table[v->vcpu_id]);
}

void evtchn_vcpus_made(struct domain *who)
{
    assert_ptr_equal(who, &d);
    assert_int_equal(in_sight(), VCPUS);
    told++;
}

int arch_vcpu_create(struct vcpu *v)
{
    assert_int_equal(in_sight(), 0);
    return refused && v->vcpu_id + 1 == refused ? -ENOMEM : 0;
}

void arch_vcpu_destroy(struct vcpu *v)
{
    assert_null(table[v->vcpu_id]);
}

void timer_init(struct timer *t, void (*fn)(void *), void *data, unsigned int cpu)
{
    *t = (struct timer){ .fn = fn, .data = data, .cpu = cpu };
}

void timer_kill(struct timer *t)
{
    assert_non_null(t->fn);
}

/* --- what a vCPU that runs would do --- */

#define NOT_HERE(type, name, ...)                                                        \
    type name(__VA_ARGS__)                                                               \
    {                                                                                    \
        fail_msg(#name " of a vCPU that never ran");                                     \
        __builtin_trap();                                                                \
    }
NOT_HERE(void, timer_set, struct timer *, s_time_t)
NOT_HERE(void, send_vcpu_virq, struct vcpu *, uint32_t)
NOT_HERE(void, vcpu_unblock, struct vcpu *)
NOT_HERE(void, vcpu_wake, struct vcpu *)
NOT_HERE(s_time_t, get_s_time, void)

/* --- tests --- */

static int start(void **state)
{
    memset(&d, 0, sizeof(d));
    memset(table, 0, sizeof(table));
    d.vcpu = table;
    d.max_vcpus = VCPUS;
    d.shared_info = &shared;
    refused = told = 0;
    return 0;
}

static void test_all(void **state)
{
    assert_int_equal(domain_set_max_vcpus(&d, VCPUS + 1), -EINVAL);
    assert_int_equal(domain_set_max_vcpus(&d, VCPUS), 0);
    assert_int_equal(in_sight(), VCPUS);
    assert_int_equal(told, 1);
    for (unsigned int i = 0; i < VCPUS; i++)
        assert_int_equal(table[i]->vcpu_id, i);
    assert_int_equal(domain_set_max_vcpus(&d, VCPUS), -EEXIST);
    domain_destroy_vcpus(&d);
    assert_int_equal(in_sight(), 0);
    assert_int_equal(allocated, 0);
}

/* Each of them is refused once, by an allocation or by its architecture's part. */
static void test_none(void **state)
{
    for (unsigned int n = 1; n <= 2 * VCPUS; n++) {
        fail_at = n;
        assert_int_equal(domain_set_max_vcpus(&d, VCPUS), -ENOMEM);
        assert_int_equal(in_sight(), 0);
        assert_int_equal(allocated, 0);
    }
    for (refused = 1; refused <= VCPUS; refused++) {
        assert_int_equal(domain_set_max_vcpus(&d, VCPUS), -ENOMEM);
        assert_int_equal(in_sight(), 0);
        assert_int_equal(allocated, 0);
    }
    assert_int_equal(told, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_all, start),
        cmocka_unit_test_setup(test_none, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
