/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two domains: an event there and back, and a processor handed over by yield. With one
 * processor both share it, with two each has its own (and a yield finds nobody).
 */
#include <public/sched.h>
#include "child.h"

#define TRIES 1000000u /* turns until a partner counts as lost */

static struct together *shared;

/* Asleep until there was an upcall since `had`. It comes between STI and HLT's end. */
static void sleep_until_called(unsigned int had)
{
    for (;;) {
        irq_off();
        if (upcalls != had)
            break;
        __asm__ volatile("sti; hlt" ::: "memory");
    }
    irq_on();
}

static void yield(void)
{
    HC2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
}

static uint32_t look(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static void put(uint32_t *word, uint32_t v)
{
    __atomic_store_n(word, v, __ATOMIC_SEQ_CST);
}

void answer(struct together *t, evtchn_port_t port)
{
    unsigned int had = 0;

    if (upcalls_on())
        power_off();
    irq_on();
    put(&t->ready, 1);
    for (;;) {
        sleep_until_called(had);
        had = upcalls;
        while (look(&t->yielding)) {
            if (look(&t->turn))
                put(&t->turn, 0);
            yield();
        }
        send(port);
    }
}

static long ping_pong(unsigned long port)
{
    unsigned int had = upcalls;
    long rc = send((evtchn_port_t)port);

    if (!rc)
        sleep_until_called(had);
    return rc;
}

static long start_yielding(unsigned long port)
{
    put(&shared->turn, 0);
    put(&shared->yielding, 1);
    return send((evtchn_port_t)port);
}

static long there_and_back(unsigned long port)
{
    (void)port;
    put(&shared->turn, 1);
    for (unsigned int i = 0; i < TRIES; i++) {
        yield();
        if (!look(&shared->turn))
            return 0;
    }
    return -XEN_ETIMEDOUT;
}

static long stop_yielding(unsigned long port)
{
    unsigned int had = upcalls;

    (void)port;
    put(&shared->yielding, 0);
    sleep_until_called(had);
    return 0;
}

static long pair_up(unsigned int cpu, evtchn_port_t *port)
{
    long rc = upcalls_on();
    domid_t id = 0;

    if (!rc)
        rc = second_self(cpu, &id, port, &shared);
    for (unsigned int i = 0; i < 1000 && !rc && !look(&shared->ready); i++)
        delay_ns(1000000);
    if (!rc && !look(&shared->ready))
        rc = -XEN_ETIMEDOUT;
    /* The name of the row says where both are. */
    if (!rc && (runs_on(0) != 0 || runs_on(id) != cpu))
        rc = -XEN_EXDEV;
    return rc;
}

TEST(two_domains)
{
    struct xen_sysctl_physinfo host;
    const char *ping = "event_ping_pong_same_cpu", *hand = "yield_there_and_back";
    evtchn_port_t port = 0;
    bool apart;
    long rc;

    if (physinfo(&host))
        return;
    apart = host.nr_cpus > 1;
    if (apart)
        ping = "event_ping_pong_other_cpu";
    if (!wanted(ping) && !wanted(hand))
        return;
    rc = pin(0, 0);
    if (!rc)
        rc = pair_up(apart ? 1 : 0, &port);
    if (rc) {
        skip(ping, rc);
        if (!apart)
            skip(hand, rc);
        return;
    }
    irq_on();
    measure(&(struct row){.name = ping, .run = ping_pong, .arg = port, .repeat = 32});
    if (!apart)
        measure(&(struct row){.name = hand,
                              .prepare = start_yielding,
                              .run = there_and_back,
                              .finish = stop_yielding,
                              .arg = port,
                              .repeat = 32});
    irq_off();
}
