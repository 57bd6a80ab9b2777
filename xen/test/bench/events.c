/* SPDX-License-Identifier: GPL-2.0-only */
/* Being called by the hypervisor: event channels and the timer. */
#include <public/hvm/hvm_op.h>
#include <public/vcpu.h>
#include "bench.h"

#define VECTOR   0x50
#define TURNS 20000000u /* turns of a loop that waits for an interrupt */
#define SERIES   64u       /* ports, the smallest number */
#define STEPS    5u        /* doublings, and one */

volatile unsigned int upcalls;

/* Takes all that is pending: only the words that the selector names are looked at. */
static void on_upcall(struct frame *f)
{
    struct shared_info *s = shared_info();
    unsigned long words;

    (void)f;
    __atomic_store_n(&s->vcpu_info[0].evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
    words = __atomic_exchange_n(&s->vcpu_info[0].evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
    for (; words; words &= words - 1)
        __atomic_exchange_n(&s->evtchn_pending[__builtin_ctzl(words)], 0,
                            __ATOMIC_SEQ_CST);
    upcalls++;
    apic_eoi();
}

static long called_since(unsigned int had)
{
    for (unsigned int i = 0; i < TURNS; i++) {
        if (upcalls != had)
            return 0;
    }
    return -XEN_ETIMEDOUT;
}

long event(unsigned int op, void *arg)
{
    return HC2(__HYPERVISOR_event_channel_op, op, arg);
}

long send(evtchn_port_t port)
{
    struct evtchn_send s = {.port = port};

    return event(EVTCHNOP_send, &s);
}

long upcalls_on(void)
{
    struct xen_hvm_evtchn_upcall_vector v = {.vcpu = 0, .vector = VECTOR};
    long rc;

    apic_enable();
    set_handler(VECTOR, on_upcall);
    rc = HC2(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, &v);
    for (unsigned int i = 0; i < 64; i++)
        __atomic_store_n(&shared_info()->evtchn_mask[i], 0, __ATOMIC_SEQ_CST);
    return rc;
}

/* Both ends of a channel from us to us. */
static long channel_to_self(evtchn_port_t *near)
{
    struct evtchn_alloc_unbound half = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain whole = {.remote_dom = DOMID_SELF};
    long rc = event(EVTCHNOP_alloc_unbound, &half);

    if (rc)
        return rc;
    whole.remote_port = *near = half.port;
    return event(EVTCHNOP_bind_interdomain, &whole);
}

static long send_and_wait(unsigned long port)
{
    unsigned int had = upcalls;
    long rc = send((evtchn_port_t)port);

    return rc ? rc : called_since(had);
}

/* A deadline that has passed: what is left is the way there and back. */
static long timer_and_wait(unsigned long arg)
{
    struct vcpu_set_singleshot_timer t = {
        .timeout_abs_ns = shared_info()->vcpu_info[0].time.system_time};
    unsigned int had = upcalls;
    long rc = HC(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, arg, &t, 0, 0);

    return rc ? rc : called_since(had);
}

TEST(interrupts)
{
    struct evtchn_bind_virq timer = {.virq = VIRQ_TIMER, .vcpu = 0};
    evtchn_port_t port = 0;
    long rc = upcalls_on();

    if (!rc)
        rc = channel_to_self(&port);
    if (rc) {
        skip("event_to_self", rc);
        skip("timer", rc);
        return;
    }
    irq_on();
    measure(&(struct row){
        .name = "event_to_self", .run = send_and_wait, .arg = port, .repeat = 64});
    rc = event(EVTCHNOP_bind_virq, &timer);
    if (rc)
        skip("timer", rc);
    else
        measure(&(struct row){.name = "timer", .run = timer_and_wait, .repeat = 64});
    irq_off();
}

/* The same event while ever more ports are open; the newest of them is used. */
TEST(ports)
{
    unsigned int open = 0;
    evtchn_port_t port = 0;
    long rc = 0;

    if (!in_control())
        return;
    irq_on();
    for (unsigned int step = 0; step < STEPS; step++) {
        unsigned int want = SERIES << step;

        /* A channel to oneself has two. */
        for (; open < want && !rc; open += 2)
            rc = channel_to_self(&port);
        if (rc)
            skip(named("growth_ports", want), rc);
        else
            measure(&(struct row){.name = named("growth_ports", want),
                                  .run = send_and_wait,
                                  .arg = port,
                                  .repeat = 64});
    }
    irq_off();
}
