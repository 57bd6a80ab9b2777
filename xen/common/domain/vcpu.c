/* SPDX-License-Identifier: GPL-2.0-only */
/* vCPUs: creation, destruction, bringing up. */
#include "private.h"

static void timer_due(void *data)
{
    send_vcpu_virq(data, VIRQ_TIMER);
}

static void periodic_due(void *data)
{
    struct vcpu *v = data;
    s_time_t period = read_once(v->periodic_period);

    if (!period)
        return;
    send_vcpu_virq(v, VIRQ_TIMER);
    timer_set(&v->periodic_timer, NOW() + period);
}

/* A timer left over from a poll that an event ended must not end a later halt. */
static void poll_due(void *data)
{
    struct vcpu *v = data;

    if (read_once(v->sched.pause_flags) & VPF_POLLING)
        vcpu_unblock(v);
}

/* Nobody finds it yet: domain_set_max_vcpus() shows all or none. */
static struct vcpu *vcpu_create(struct domain *d, unsigned int id)
{
    struct vcpu *v = charge_alloc(&d->charge, CHARGE_VCPU, sizeof(*v));

    ASSERT(id < d->max_vcpus && !d->vcpu[id]);
    if (!v)
        return NULL;
    v->vcpu_id = id;
    v->domain = d;
    v->stack = stack_alloc(&d->charge, STACK_ORDER);
    if (!v->stack)
        goto fail_free;
    v->vcpu_info = id < XEN_LEGACY_MAX_VCPUS ? &d->shared_info->vcpu_info[id]
                                             : d->dummy_vcpu_info;
    if (sched_vcpu_init(v))
        goto fail_free;
    if (evtchn_vcpu_init(v))
        goto fail_sched;
    timer_init(&v->singleshot_timer, timer_due, v, v->processor);
    timer_init(&v->periodic_timer, periodic_due, v, v->processor);
    timer_init(&v->poll_timer, poll_due, v, v->processor);
    if (arch_vcpu_create(v))
        goto fail_evtchn;
    return v;

fail_evtchn:
    evtchn_vcpu_destroy(v);
fail_sched:
    sched_vcpu_destroy(v);
fail_free:
    stack_free(v->stack, STACK_ORDER);
    charge_free(v);
    return NULL;
}

static void vcpu_destroy(struct vcpu *v, struct stack_trash *stacks)
{
    timer_kill(&v->singleshot_timer);
    timer_kill(&v->periodic_timer);
    timer_kill(&v->poll_timer);
    arch_vcpu_destroy(v);
    evtchn_vcpu_destroy(v);
    sched_vcpu_destroy(v);
    stack_discard(stacks, v->stack, STACK_ORDER);
    charge_free(v);
}

void domain_destroy_vcpus(struct domain *d)
{
    struct stack_trash stacks;
    struct vcpu *v;

    stack_trash_init(&stacks);
    for_each_vcpu(d, v) {
        d->vcpu[v->vcpu_id] = NULL;
        vcpu_destroy(v, &stacks);
    }
    stack_trash_empty(&stacks);
}

static void destroy_unseen(struct list *made)
{
    struct stack_trash stacks;
    struct vcpu *v, *next;

    stack_trash_init(&stacks);
    list_for_each_safe(v, next, made, sched.queue) {
        list_del(&v->sched.queue);
        vcpu_destroy(v, &stacks);
    }
    stack_trash_empty(&stacks);
}

/*
 * While they are made events, timers and moves between CPU pools may look for the
 * domain's vCPUs, on other CPUs and without a reference that could keep one of them.
 */
int domain_set_max_vcpus(struct domain *d, unsigned int max)
{
    LIST(made); /* by sched.queue, which they do not need before they run */
    struct vcpu *v, *next;

    if (max != d->max_vcpus)
        return -EINVAL;
    if (d->max_vcpus_set)
        return -EEXIST;
    if (d->dying)
        return -ESRCH;
    for (unsigned int i = 0; i < max; i++) {
        v = vcpu_create(d, i);
        if (!v) {
            destroy_unseen(&made);
            return -ENOMEM;
        }
        list_add_tail(&made, &v->sched.queue);
    }
    list_for_each_safe(v, next, &made, sched.queue) {
        list_del(&v->sched.queue);
        write_once(d->vcpu[v->vcpu_id], v);
    }
    d->max_vcpus_set = true;
    evtchn_vcpus_made(d);
    return 0;
}

int vcpu_up(struct vcpu *v)
{
    uint32_t old;

    if (!v->is_initialised)
        return -EINVAL;
    old = __atomic_fetch_and(&v->sched.pause_flags, ~VPF_OFF, __ATOMIC_SEQ_CST);
    if (old & VPF_OFF)
        vcpu_wake(v);
    return 0;
}
