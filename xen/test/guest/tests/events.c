/* SPDX-License-Identifier: GPL-2.0-only */
/* Event channels in the 2-level ABI: binding, sending, masks, upcalls, refusals. */
#include <public/errno.h>
#include <public/event_channel.h>
#include <public/hvm/hvm_op.h>
#include <public/hvm/params.h>
#include <public/sched.h>
#include <public/vcpu.h>
#include "../guest.h"

#define UPCALL_VECTOR 0x50

static volatile unsigned int upcalls;

static long evtchn(unsigned int op, void *arg)
{
    return HC2(__HYPERVISOR_event_channel_op, op, arg);
}

static struct vcpu_info *vcpu0(void)
{
    return &shared_info()->vcpu_info[0];
}

static bool take_pending(unsigned int port)
{
    volatile unsigned long *word = &shared_info()->evtchn_pending[port / 64];
    unsigned long bit = 1ul << (port % 64);

    return __atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST) & bit;
}

static void set_mask(unsigned int port, bool masked)
{
    volatile unsigned long *word = &shared_info()->evtchn_mask[port / 64];
    unsigned long bit = 1ul << (port % 64);

    if (masked)
        __atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST);
    else
        __atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST);
}

static void upcall(struct frame *f)
{
    (void)f;
    upcalls++;
    __atomic_store_n(&vcpu0()->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
    __atomic_exchange_n(&vcpu0()->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
    apic_eoi();
}

static long upcall_by_vector(void)
{
    struct xen_hvm_evtchn_upcall_vector v = {.vcpu = 0, .vector = UPCALL_VECTOR};

    apic_enable();
    set_handler(UPCALL_VECTOR, upcall);
    return HC2(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, &v);
}

static bool wait_upcalls(unsigned int want)
{
    return SOON(upcalls >= want);
}

/* A channel from this domain to itself. */
static long loop_channel(unsigned int *a, unsigned int *b)
{
    struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF};
    long rc = evtchn(EVTCHNOP_alloc_unbound, &alloc);

    if (rc)
        return rc;
    bind.remote_port = alloc.port;
    rc = evtchn(EVTCHNOP_bind_interdomain, &bind);
    *a = alloc.port;
    *b = bind.local_port;
    return rc;
}

static long close_port(unsigned int port)
{
    struct evtchn_close c = {.port = port};

    return evtchn(EVTCHNOP_close, &c);
}

static long send(unsigned int port)
{
    struct evtchn_send s = {.port = port};

    return evtchn(EVTCHNOP_send, &s);
}

TEST(loop)
{
    unsigned int a, b;

    CHECK_EQ(loop_channel(&a, &b), 0);
    CHECK(a > 0 && b > 0 && a != b);
    set_mask(a, true);
    set_mask(b, true);
    take_pending(b); /* binding marks it once */
    CHECK_EQ(send(a), 0);
    CHECK(take_pending(b));
    CHECK(!take_pending(a));
    CHECK_EQ(send(b), 0);
    CHECK(take_pending(a));
    CHECK_EQ(close_port(a), 0);
    CHECK_EQ(close_port(b), 0);
    CHECK_EQ(send(a), -XEN_EINVAL);
}

TEST(upcall_vector)
{
    unsigned int a, b, had;
    struct evtchn_unmask un;

    CHECK_EQ(upcall_by_vector(), 0);
    CHECK_EQ(loop_channel(&a, &b), 0);
    set_mask(a, true);
    take_pending(b);
    set_mask(b, false);
    irq_on();
    had = upcalls;
    CHECK_EQ(send(a), 0);
    CHECK(wait_upcalls(had + 1));
    CHECK(take_pending(b));
    /* Masked: pending without an upcall, until it is unmasked. */
    set_mask(b, true);
    had = upcalls;
    CHECK_EQ(send(a), 0);
    delay_ns(5000000);
    CHECK_EQ(upcalls, had);
    un.port = b;
    CHECK_EQ(evtchn(EVTCHNOP_unmask, &un), 0);
    CHECK(wait_upcalls(had + 1));
    irq_off();
    CHECK_EQ(close_port(a), 0);
    CHECK_EQ(close_port(b), 0);
}

TEST(virq_timer)
{
    struct evtchn_bind_virq virq = {.virq = VIRQ_TIMER, .vcpu = 0};
    struct vcpu_set_singleshot_timer t = {0};
    uint64_t start;

    CHECK_EQ(upcall_by_vector(), 0);
    CHECK_EQ(evtchn(EVTCHNOP_bind_virq, &virq), 0);
    CHECK_EQ(evtchn(EVTCHNOP_bind_virq, &virq), -XEN_EEXIST);
    set_mask(virq.port, false);
    irq_on();
    upcalls = 0;
    start = system_time();
    t.timeout_abs_ns = start + 10000000;
    CHECK_EQ(HC(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0, &t, 0, 0), 0);
    CHECK(wait_upcalls(1));
    CHECK(take_pending(virq.port));
    CHECK(system_time() - start >= 10000000);
    irq_off();
    CHECK_EQ(close_port(virq.port), 0);
}

TEST(poll)
{
    unsigned int a, b;
    evtchn_port_t ports[1];
    struct sched_poll poll = {.nr_ports = 1};
    uint64_t start;

    CHECK_EQ(loop_channel(&a, &b), 0);
    set_mask(a, true);
    set_mask(b, true);
    take_pending(b);
    ports[0] = b;
    set_xen_guest_handle(poll.ports, ports);
    CHECK_EQ(send(a), 0);
    CHECK_EQ(HC2(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll), 0); /* pending: at once */
    CHECK(take_pending(b));
    start = system_time();
    poll.timeout = start + 20000000;
    CHECK_EQ(HC2(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll), 0);
    CHECK(system_time() - start >= 20000000);
    poll.nr_ports = 1000;
    CHECK_EQ(HC2(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll), -XEN_EINVAL);
    CHECK_EQ(close_port(a), 0);
    CHECK_EQ(close_port(b), 0);
}

TEST(refusals)
{
    struct evtchn_bind_virq virq = {.virq = 1000, .vcpu = 0};
    struct evtchn_bind_ipi ipi = {.vcpu = 1000};
    struct evtchn_alloc_unbound alloc = {.dom = 0x7000, .remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF, .remote_port = 5000};
    struct evtchn_status st = {.dom = DOMID_SELF, .port = 100000};

    CHECK_EQ(evtchn(EVTCHNOP_bind_virq, &virq), -XEN_EINVAL);
    virq.virq = VIRQ_TIMER;
    virq.vcpu = 1000;
    CHECK_EQ(evtchn(EVTCHNOP_bind_virq, &virq), -XEN_ENOENT);
    CHECK_EQ(evtchn(EVTCHNOP_bind_ipi, &ipi), -XEN_ENOENT);
    CHECK_EQ(evtchn(EVTCHNOP_alloc_unbound, &alloc), -XEN_ESRCH);
    CHECK_EQ(evtchn(EVTCHNOP_bind_interdomain, &bind), -XEN_EINVAL);
    CHECK_EQ(evtchn(EVTCHNOP_status, &st), -XEN_EINVAL);
    CHECK_EQ(close_port(0), -XEN_EINVAL);
    CHECK_EQ(close_port(900000), -XEN_EINVAL);
    CHECK_EQ(evtchn(999, &st), -XEN_ENOSYS);
    CHECK_EQ(HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, 0x8000000000),
             -XEN_EFAULT);
}

TEST(many_ports)
{
    static unsigned int ports[600];
    unsigned int n = 0;

    for (; n < 600; n++) {
        struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};

        CHECK_EQ(evtchn(EVTCHNOP_alloc_unbound, &alloc), 0);
        ports[n] = alloc.port;
        for (unsigned int i = 0; i < n; i++)
            CHECK(ports[i] != ports[n]);
    }
    while (n)
        CHECK_EQ(close_port(ports[--n]), 0);
}
