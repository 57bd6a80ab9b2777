/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One CPU makes domains with several running vCPUs and destroys them, while all others
 * do to them at random what a toolstack does: pause, pin, move between CPU pools, set
 * weights and caps, send events, ask. CPUs change pools as well. What would be wrong: a
 * panic, a call that does not come back, an errno that does not fit, anything left over.
 */
#include <public/event_channel.h>
#include "sched.h"

#define DOMAINS 3u
/* Unless LIVES and THINGS of each CPU take longer, which a busy host may make them. */
#define SECONDS 4ull
#define LIVES   8u
#define THINGS  11u

#define VCPUS       8u
#define MOST_ALLOCS (VCPUS * 4) /* fewer than they take */

/* What the others act on; a domain may go at any moment. */
static volatile struct {
    domid_t id; /* 0: none */
    evtchn_port_t port;
} target[DOMAINS];

static volatile bool stop;
static volatile uint32_t done[MAX_CPUS], wrong;

static uint32_t random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

static long fail_alloc(unsigned long nth)
{
    return HC2(HYPERVISOR_TEST_OP, TESTOP_FAIL_ALLOC, nth);
}

/* One of the results that `what` may have, or a failure noted. */
static void expect(const char *what, long rc, long a, long b, long c)
{
    if (!rc || rc == a || rc == b || rc == c)
        return;
    print("%s gave %ld\n", what, rc);
    wrong++;
}

static void nap(domid_t id)
{
    long rc = simple(XEN_DOMCTL_pausedomain, id);

    expect("pause", rc, -XEN_ESRCH, 0, 0);
    if (!rc)
        expect("unpause", simple(XEN_DOMCTL_unpausedomain, id), -XEN_ESRCH, 0, 0);
}

static void weigh(domid_t id, uint32_t *r)
{
    uint16_t weight = (uint16_t)random(r), cap = random(r) % 2 ? 0 : random(r) % 120;

    /* A domain of one vCPU can have no cap above 100. */
    expect("weight", weight_op(id, XEN_DOMCTL_SCHEDOP_putinfo, &weight, &cap),
           -XEN_ESRCH, -XEN_EINVAL, 0);
}

static void ask(domid_t id, uint32_t *r)
{
    struct xen_domctl op = {0};

    op.u.getvcpuinfo.vcpu = random(r) % 4;
    expect("vcpuinfo", domctl(&op, XEN_DOMCTL_getvcpuinfo, id), -XEN_ESRCH, -XEN_EINVAL,
           0);
    /* The next one where that is gone; ours is always there, but before it. */
    expect("domaininfo", domctl(&op, XEN_DOMCTL_getdomaininfo, id), -XEN_ESRCH, 0, 0);
}

static void send(evtchn_port_t port)
{
    struct evtchn_send s = {.port = port};

    if (port)
        expect("send", HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &s),
               -XEN_EINVAL, 0, 0);
}

static void one_thing(uint32_t *r)
{
    unsigned int n = random(r) % DOMAINS;
    struct xen_sysctl_cpupool_op out;
    domid_t id = target[n].id;
    uint64_t map = 1 + random(r) % ((1u << cpu_count()) - 1);
    uint32_t pool = random(r) % 2, cpu = 1 + random(r) % (cpu_count() - 1);

    switch (id ? random(r) % 10 : 8 + random(r) % 2) {
    case 0:
    case 1:
        nap(id);
        break;
    case 2:
        expect("pin", affinity_op(XEN_DOMCTL_setvcpuaffinity, id, random(r) % 3, &map),
               -XEN_ESRCH, -XEN_EINVAL, 0);
        break;
    case 3:
    case 4:
        expect("move", pool_op(&out, MOVE, pool, id, &map), -XEN_ESRCH, -XEN_ENOENT, 0);
        break;
    case 5:
        weigh(id, r);
        break;
    case 6:
        ask(id, r);
        break;
    case 7:
        send(target[n].port);
        break;
    case 8:
        expect("remove", pool_op(&out, RM, pool, cpu, &map), -XEN_EBUSY, -EADDRNOTAVAIL,
               0);
        break;
    default:
        expect("add", pool_op(&out, ADD, pool, ANY, &map), -XEN_ENODEV, 0, 0);
        break;
    }
}

static void worker(unsigned int n)
{
    uint32_t r = n * 7919;

    while (!stop) {
        one_thing(&r);
        done[n]++;
    }
}

/* A channel whose other end the domain has. */
static long connect(domid_t id, evtchn_port_t *port)
{
    struct evtchn_alloc_unbound half = {.dom = id, .remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain whole = {.remote_dom = id};
    long rc = HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &half);

    whole.remote_port = half.port;
    if (!rc)
        rc = HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, &whole);
    *port = whole.local_port;
    return rc;
}

static bool begin(unsigned int n, unsigned int vcpus)
{
    evtchn_port_t port = 0;
    domid_t id;
    long rc = spin_create(0, vcpus, &id);

    if (!rc)
        rc = connect(id, &port);
    if (!rc)
        rc = simple(XEN_DOMCTL_unpausedomain, id);
    if (rc)
        print("a domain of %u vCPUs: %ld\n", vcpus, rc);
    target[n].port = port;
    target[n].id = id;
    return !rc;
}

static bool end(unsigned int n)
{
    struct evtchn_close close = {.port = target[n].port};
    domid_t id = target[n].id;
    long rc = id ? simple(XEN_DOMCTL_destroydomain, id) : 0;

    if (rc)
        print("destroy: %ld\n", rc);
    target[n].id = 0;
    target[n].port = 0;
    if (close.port)
        HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_close, &close);
    return !rc;
}

/* All CPUs back in pool 0, and no other pool. */
static bool one_pool(void)
{
    struct xen_sysctl_cpupool_op out;
    uint64_t cpus = 0;

    while (!pool_op(&out, RM, 1, ANY, &cpus))
        ;
    while (!pool_op(&out, ADD, 0, ANY, &cpus))
        ;
    return !pool_op(&out, DESTROY, 1, 0, &cpus) && !pool_op(&out, INFO, 0, 0, &cpus) &&
           cpus == (1ul << cpu_count()) - 1 && out.n_dom == 1;
}

static bool wait_for_workers(void)
{
    for (unsigned int n = 1; n < cpu_count(); n++)
        if (!cpu_ends(n))
            return false;
    return true;
}

static bool all_worked(void)
{
    for (unsigned int n = 1; n < cpu_count(); n++)
        if (done[n] < THINGS)
            return false;
    return true;
}

TEST(storm)
{
    struct xen_sysctl_cpupool_op out;
    uint64_t pages, cpus, until;
    uint16_t weight = 4096, cap = 0;
    uint32_t r = 1, lives = 0;
    long used;

    /* We compete with up to a dozen vCPUs that never sleep. */
    CHECK_EQ(weight_op(0, XEN_DOMCTL_SCHEDOP_putinfo, &weight, &cap), 0);
    /* What the first time takes for ever is taken now. */
    CHECK(begin(0, 1) && end(0));
    at_rest(&pages, &used);
    CHECK_EQ(pool_op(&out, CREATE, 1, XEN_SCHEDULER_CREDIT2, &cpus), 0);
    for (unsigned int n = 1; n < cpu_count(); n++)
        CHECK(cpu_start(n, worker));
    until = system_time() + SECONDS * 1000000000;
    while ((system_time() < until || lives < LIVES ||
            (!all_worked() && system_time() < until + PATIENCE)) &&
           !wrong) {
        unsigned int n = random(&r) % DOMAINS;

        CHECK(end(n));
        CHECK(begin(n, 1 + random(&r) % 4));
        lives++;
        if (random(&r) % 2)
            sleep_ns(random(&r) % 20000000);
    }
    stop = true;
    CHECK(wait_for_workers());
    for (unsigned int n = 0; n < DOMAINS; n++)
        CHECK(end(n));
    CHECK_EQ(wrong, 0);
    for (unsigned int n = 1; n < cpu_count(); n++) {
        print("CPU %u did %u things\n", n, done[n]);
        CHECK(done[n] >= THINGS);
    }
    print("%u domains\n", lives);
    CHECK(one_pool());
    CHECK(as_before(pages, used));
}

static void bother(unsigned int n)
{
    struct xen_sysctl_cpupool_op out;
    uint64_t cpus;

    while (!stop) {
        for (unsigned int i = 0; i < 16; i++)
            send(target[0].port);
        expect("move", pool_op(&out, MOVE, 0, target[0].id, &cpus), -XEN_ESRCH, 0, 0);
        done[n]++;
    }
}

/*
 * The vCPUs cannot be made for want of memory, at each point where that can be, while
 * another CPU looks for them: by events, and by pausing the domain.
 */
TEST(vcpus_half_made)
{
    uint64_t until, pages;
    unsigned int nth = 0, refused = 0;
    long used, rc = 0;
    evtchn_port_t port;
    domid_t id;

    NEEDS_INJECTION();
    pages = free_pages();
    used = bytes_in_use();
    CHECK_EQ(create(VCPUS, &id), 0);
    CHECK_EQ(connect(id, &port), 0);
    target[0].port = port;
    target[0].id = id;
    stop = false;
    CHECK(cpu_start(1, bother));
    until = system_time() + SECONDS * 1000000000 / 2;
    while ((system_time() < until || !refused) && (!rc || rc == -XEN_ENOMEM)) {
        fail_alloc(1 + nth % MOST_ALLOCS);
        rc = max_vcpus(id, VCPUS);
        fail_alloc(0);
        refused += rc == -XEN_ENOMEM;
        nth += 7;
    }
    stop = true;
    CHECK(wait_for_workers());
    CHECK(end(0));
    print("refused %u times\n", refused);
    CHECK_EQ(rc, -XEN_ENOMEM);
    CHECK_EQ(wrong, 0);
    CHECK(as_before(pages, used));
}
