/* SPDX-License-Identifier: GPL-2.0-only */
/* Event channels in the FIFO ABI, with real upcalls on two vCPUs' queues. */
#include <public/errno.h>
#include <public/event_channel.h>
#include <public/hvm/hvm_op.h>
#include <public/vcpu.h>
#include "../guest.h"

#define UPCALL_VECTOR 0x50
#define PORTS         40

static struct evtchn_fifo_control_block *control;
static event_word_t *words;
static unsigned int head[EVTCHN_FIFO_MAX_QUEUES];
static volatile unsigned int taken[1024];
static volatile unsigned int upcalls;

static long evtchn(unsigned int op, void *arg)
{
    return HC2(__HYPERVISOR_event_channel_op, op, arg);
}

/* Take one port from a queue as the ABI says: clear LINKED, then follow the link. */
static void consume(unsigned int q)
{
    unsigned int port = head[q] ? head[q] : __atomic_load_n(&control->head[q],
                                                            __ATOMIC_ACQUIRE);
    event_word_t old = __atomic_load_n(&words[port], __ATOMIC_ACQUIRE);

    while (!__atomic_compare_exchange_n(&words[port], &old,
                                        old & ~(EVTCHN_FIFO_LINK_MASK |
                                                1u << EVTCHN_FIFO_LINKED),
                                        false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        ;
    head[q] = old & EVTCHN_FIFO_LINK_MASK;
    if (!head[q])
        __atomic_fetch_and(&control->ready, ~(1u << q), __ATOMIC_SEQ_CST);
    old =
        __atomic_fetch_and(&words[port], ~(1u << EVTCHN_FIFO_PENDING), __ATOMIC_SEQ_CST);
    if ((old & (1u << EVTCHN_FIFO_PENDING)) && port < 1024)
        taken[port]++;
}

static void upcall(struct frame *f)
{
    uint32_t ready;

    (void)f;
    upcalls++;
    __atomic_store_n(&shared_info()->vcpu_info[0].evtchn_upcall_pending, 0,
                     __ATOMIC_SEQ_CST);
    while ((ready = __atomic_load_n(&control->ready, __ATOMIC_SEQ_CST)) != 0)
        consume(__builtin_ctz(ready));
    apic_eoi();
}

static bool wait_taken(unsigned int port, unsigned int want)
{
    return SOON(taken[port] >= want);
}

TEST(setup)
{
    struct xen_hvm_evtchn_upcall_vector v = {.vcpu = 0, .vector = UPCALL_VECTOR};
    struct evtchn_bind_ipi early = {.vcpu = 0};
    struct evtchn_init_control c = {.offset = 0, .vcpu = 0};
    struct evtchn_expand_array e;

    apic_enable();
    set_handler(UPCALL_VECTOR, upcall);
    CHECK_EQ(HC2(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, &v), 0);
    control = page_alloc();
    words = page_alloc();
    CHECK_EQ(evtchn(EVTCHNOP_bind_ipi, &early), 0);
    CHECK_EQ(evtchn(EVTCHNOP_send, &early.port), 0); /* pending when the ABI changes */

    e.array_gfn = (uintptr_t)words >> 12;
    CHECK_EQ(evtchn(EVTCHNOP_expand_array, &e), -XEN_EOPNOTSUPP);
    c.control_gfn = 0x7ffffff;
    CHECK_EQ(evtchn(EVTCHNOP_init_control, &c), -XEN_EINVAL);
    c.control_gfn = (uintptr_t)control >> 12;
    c.offset = 4;
    CHECK_EQ(evtchn(EVTCHNOP_init_control, &c), -XEN_EINVAL);
    c.offset = 4096 - 64;
    CHECK_EQ(evtchn(EVTCHNOP_init_control, &c), -XEN_EINVAL);
    c.offset = 0;
    c.vcpu = 1000;
    CHECK_EQ(evtchn(EVTCHNOP_init_control, &c), -XEN_ENOENT);
    c.vcpu = 0;
    CHECK_EQ(evtchn(EVTCHNOP_init_control, &c), 0);
    CHECK_EQ(c.link_bits, EVTCHN_FIFO_LINK_BITS);
    CHECK_EQ(evtchn(EVTCHNOP_init_control, &c), -XEN_EINVAL);
    irq_on();
    CHECK_EQ(evtchn(EVTCHNOP_expand_array, &e), 0);
    CHECK(wait_taken(early.port, 1));
    CHECK_EQ(evtchn(EVTCHNOP_close, &early.port), 0);
    irq_off();
}

TEST(many_events)
{
    static unsigned int port[PORTS];
    unsigned int had;

    for (unsigned int i = 0; i < PORTS; i++) {
        struct evtchn_bind_ipi b = {.vcpu = 0};
        struct evtchn_set_priority p = {.priority = i % 16};

        CHECK_EQ(evtchn(EVTCHNOP_bind_ipi, &b), 0);
        p.port = port[i] = b.port;
        taken[port[i]] = 0;
        CHECK_EQ(evtchn(EVTCHNOP_set_priority, &p), 0);
    }
    /* Interrupts off: all of them queue up behind one upcall. */
    had = upcalls;
    for (unsigned int i = 0; i < PORTS; i++)
        CHECK_EQ(evtchn(EVTCHNOP_send, &port[i]), 0);
    irq_on();
    for (unsigned int i = 0; i < PORTS; i++)
        CHECK(wait_taken(port[i], 1));
    CHECK_EQ(upcalls, had + 1);
    for (unsigned int n = 0; n < 20; n++)
        for (unsigned int i = 0; i < PORTS; i++) {
            CHECK_EQ(evtchn(EVTCHNOP_send, &port[i]), 0);
            CHECK(wait_taken(port[i], n + 2));
        }
    irq_off();
    for (unsigned int i = 0; i < PORTS; i++)
        CHECK_EQ(evtchn(EVTCHNOP_close, &port[i]), 0);
}

TEST(masked)
{
    struct evtchn_bind_ipi b = {.vcpu = 0};
    struct evtchn_set_priority p = {.priority = 16};

    CHECK_EQ(evtchn(EVTCHNOP_bind_ipi, &b), 0);
    p.port = b.port;
    CHECK_EQ(evtchn(EVTCHNOP_set_priority, &p), -XEN_EINVAL);
    taken[b.port] = 0;
    __atomic_fetch_or(&words[b.port], 1u << EVTCHN_FIFO_MASKED, __ATOMIC_SEQ_CST);
    irq_on();
    CHECK_EQ(evtchn(EVTCHNOP_send, &b.port), 0);
    delay_ns(2000000);
    CHECK_EQ(taken[b.port], 0);
    CHECK(words[b.port] & (1u << EVTCHN_FIFO_PENDING));
    CHECK_EQ(evtchn(EVTCHNOP_unmask, &b.port), 0);
    CHECK(wait_taken(b.port, 1));
    irq_off();
    CHECK_EQ(evtchn(EVTCHNOP_close, &b.port), 0);
}

/* The words belong to the guest as well: nonsense in them hurts nobody else. */
TEST(hostile_words)
{
    struct evtchn_bind_ipi b = {.vcpu = 0}, c = {.vcpu = 0};
    struct evtchn_reset reset = {.dom = DOMID_SELF};
    unsigned int slow = 0;

    CHECK_EQ(evtchn(EVTCHNOP_bind_ipi, &b), 0);
    CHECK_EQ(evtchn(EVTCHNOP_bind_ipi, &c), 0);
    for (unsigned int i = 0; i < 2000; i++) {
        uint64_t before = system_time();

        words[b.port] = i * 0x9e3779b9u;
        words[c.port] = i * 0x85ebca6bu;
        control->ready = i;
        control->head[7] = 0xffffffff - i;
        CHECK_EQ(evtchn(EVTCHNOP_send, i % 2 ? &b.port : &c.port), 0);
        slow += system_time() - before > 2500000;
    }
    /* Some may have met a busy host. */
    CHECK(slow < 1000);
    /* Everything closed, back to two levels, and from there to FIFO again. */
    CHECK_EQ(evtchn(EVTCHNOP_reset, &reset), 0);
    CHECK_EQ(evtchn(EVTCHNOP_send, &b.port), -XEN_EINVAL);
    memset(control, 0, 4096);
    memset(words, 0, 4096);
    memset(head, 0, sizeof(head));
    CHECK_EQ(evtchn(EVTCHNOP_bind_ipi, &b), 0);
    CHECK_EQ(b.port, 1);
}
