/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU pools by sysctl and domctl. What would be wrong: a vCPU of ours that stops for ever
 * when its CPU leaves the pool, a CPU that goes on working in no pool, an error that the
 * tools do not know, memory or a CPU that does not come back. Not for Debian's Xen: it
 * has no null scheduler, answers EAGAIN where the caller's own vCPU has to leave its CPU
 * first (its tools try again), and keeps some memory.
 */
#include "sched.h"

static struct xen_sysctl_cpupool_op last;
static uint64_t cpus; /* of the last INFO or FREE */

static long pool(uint32_t what, uint32_t id, uint32_t arg)
{
    cpus = 0;
    return pool_op(&last, what, id, arg, &cpus);
}

/* The same by a scheduler's id. */
static uint32_t create_pool(uint32_t sched)
{
    return pool(CREATE, ANY, sched) ? ANY : last.cpupool_id;
}

/* Counters, and when they were read. */
struct reading {
    struct moment when;
    uint64_t idle; /* ns, of a CPU */
    uint64_t ran;  /* ns, of a domain */
};

static struct reading read_times(uint32_t cpu, domid_t d)
{
    static struct xen_sysctl_cpuinfo info[MAX_CPUS];
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_getcpuinfo,
                            .interface_version = XEN_SYSCTL_INTERFACE_VERSION};
    struct reading r = {.when.before = system_time()};

    op.u.getcpuinfo.max_cpus = MAX_CPUS;
    set_xen_guest_handle(op.u.getcpuinfo.info, info);
    HC(__HYPERVISOR_sysctl, &op, 0, 0, 0, 0);
    r.idle = info[cpu].idletime;
    r.ran = spin_time(d);
    r.when.after = system_time();
    return r;
}

static long where(domid_t id, uint32_t vcpu)
{
    struct xen_domctl op = {0};
    long rc;

    op.u.getvcpuinfo.vcpu = vcpu;
    rc = domctl(&op, XEN_DOMCTL_getvcpuinfo, id);
    return rc ? rc : op.u.getvcpuinfo.cpu;
}

static uint32_t pool_of(domid_t id)
{
    struct xen_domctl op = {0};

    return domctl(&op, XEN_DOMCTL_getdomaininfo, id) ? ANY : op.u.getdomaininfo.cpupool;
}

/* vCPU 0 may use these CPUs; which of them it can use now comes back. */
static long pin(domid_t id, uint64_t to, uint64_t *effective)
{
    *effective = to;
    return affinity_op(XEN_DOMCTL_setvcpuaffinity, id, 0, effective);
}

static long create_in(uint32_t in, unsigned int vcpus, domid_t *id)
{
    struct xen_domctl op;
    long rc;

    config(&op, vcpus);
    op.u.createdomain.cpupool_id = in;
    rc = domctl(&op, XEN_DOMCTL_createdomain, 0);
    *id = op.domain;
    return rc ? rc : max_vcpus(*id, vcpus);
}

static uint64_t all_cpus(void)
{
    return (1ul << cpu_count()) - 1;
}

static volatile bool stop;

/* One pool with all CPUs, and no domain but us. */
void after_failure(void)
{
    stop = true;
    for (domid_t id = 1; id < 64; id++)
        simple(XEN_DOMCTL_destroydomain, id);
    for (uint32_t id = 1; id < 8; id++) {
        while (!pool(RM, id, ANY))
            ;
        pool(DESTROY, id, 0);
    }
    while (!pool(ADD, 0, ANY))
        ;
}

TEST(ids)
{
    uint64_t before = free_pages();
    long used = bytes_in_use();

    CHECK_EQ(pool(INFO, 0, 0), 0);
    CHECK_EQ(cpus, all_cpus());
    CHECK_EQ(last.n_dom, 1);
    CHECK_EQ(last.sched_id, XEN_SCHEDULER_CREDIT2);
    CHECK_EQ(pool(INFO, 1, 0), -XEN_ENOENT);
    CHECK_EQ(pool(INFO, ANY, 0), -XEN_ENOENT);
    CHECK_EQ(pool(0, 0, 0), -XEN_ENOSYS);
    CHECK_EQ(pool(8, 0, 0), -XEN_ENOSYS);
    CHECK_EQ(pool(CREATE, 0, XEN_SCHEDULER_CREDIT2), -XEN_EEXIST);
    CHECK_EQ(pool(CREATE, ANY, 77), -XEN_ENOENT);
    CHECK_EQ(create_pool(XEN_SCHEDULER_CREDIT2), 1);
    CHECK_EQ(pool(CREATE, 7, XEN_SCHEDULER_CREDIT2), 0);
    CHECK_EQ(pool(CREATE, 7, XEN_SCHEDULER_CREDIT2), -XEN_EEXIST);
    CHECK_EQ(pool(INFO, 2, 0), 0);
    CHECK_EQ(last.cpupool_id, 7);
    CHECK_EQ(cpus, 0);
    CHECK_EQ(pool(DESTROY, 5, 0), -XEN_ENOENT);
    CHECK_EQ(pool(DESTROY, ANY, 0), -XEN_ENOENT);
    CHECK_EQ(pool(DESTROY, 0, 0), -XEN_EBUSY);
    CHECK_EQ(pool(DESTROY, 7, 0), 0);
    CHECK_EQ(pool(DESTROY, 1, 0), 0);
    CHECK(as_before(before, used));
}

TEST(cpu_errors)
{
    CHECK_EQ(create_pool(XEN_SCHEDULER_CREDIT2), 1);
    CHECK_EQ(pool(ADD, 1, 1), -XEN_ENODEV);
    CHECK_EQ(pool(ADD, 1, ANY), -XEN_ENODEV);
    CHECK_EQ(pool(ADD, 1, 60), -XEN_EINVAL);
    CHECK_EQ(pool(ADD, 99, 1), -XEN_ENOENT);
    CHECK_EQ(pool(RM, 1, 1), -EADDRNOTAVAIL);
    CHECK_EQ(pool(RM, 99, 1), -XEN_ENOENT);
    CHECK_EQ(pool(RM, 0, 60), -XEN_EINVAL);
    CHECK_EQ(pool(RM, 1, ANY), -XEN_EINVAL);
    CHECK_EQ(pool(RM, 0, 0), -XEN_EINVAL);
    CHECK_EQ(pool(RM, 0, 1), 0);
    CHECK_EQ(pool(RM, 0, 1), -EADDRNOTAVAIL);
    CHECK_EQ(pool(FREE, 0, 0), 0);
    CHECK_EQ(cpus, 2);
    CHECK_EQ(pool(INFO, 0, 0), 0);
    CHECK_EQ(cpus, all_cpus() & ~2ul);
    CHECK_EQ(pool(ADD, 99, 1), -XEN_ENOENT);
    CHECK_EQ(pool(ADD, 1, 1), 0);
    CHECK_EQ(pool(ADD, 0, 1), -XEN_ENODEV);
    CHECK_EQ(pool(DESTROY, 1, 0), -XEN_EBUSY);
    CHECK_EQ(pool(RM, 1, ANY), 0);
    CHECK_EQ(pool(DESTROY, 1, 0), 0);
    CHECK_EQ(pool(ADD, 0, ANY), 0);
    CHECK_EQ(pool(FREE, 0, 0), 0);
    CHECK_EQ(cpus, 0);
}

TEST(move_errors)
{
    domid_t id;

    CHECK_EQ(create_pool(XEN_SCHEDULER_CREDIT2), 1);
    CHECK_EQ(pool(MOVE, 1, 0), -XEN_EPERM);
    CHECK_EQ(pool(MOVE, 0, 0), -XEN_EPERM);
    CHECK_EQ(pool(MOVE, 1, DOMID_SELF), -XEN_ESRCH);
    CHECK_EQ(pool(MOVE, 99, 555), -XEN_ESRCH);
    CHECK_EQ(create_in(0, 1, &id), 0);
    CHECK_EQ(pool(MOVE, 1, id), -XEN_ENOENT);
    CHECK_EQ(pool(MOVE, 99, id), -XEN_ENOENT);
    CHECK_EQ(pool(MOVE, 0, id), 0);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
    CHECK_EQ(create_in(1, 1, &id), -XEN_ENODEV);
    CHECK_EQ(create_in(99, 1, &id), -XEN_ESRCH);
    CHECK_EQ(create_in(ANY, 1, &id), -XEN_ESRCH);
    CHECK_EQ(pool(DESTROY, 1, 0), 0);
}

TEST(move_domain)
{
    uint64_t before = free_pages(), map;
    uint16_t weight = 512, cap = 50;
    domid_t a, b;

    CHECK_EQ(create_pool(XEN_SCHEDULER_CREDIT2), 1);
    CHECK_EQ(create_in(0, 2, &a), 0);
    CHECK_EQ(pool(RM, 0, 1), 0);
    CHECK_EQ(pool(ADD, 1, 1), 0);
    CHECK_EQ(pin(a, 2, &map), -XEN_EINVAL);
    CHECK_EQ(pin(a, 3, &map), 0);
    CHECK_EQ(map, 1);
    CHECK_EQ(weight_op(a, XEN_DOMCTL_SCHEDOP_putinfo, &weight, &cap), 0);
    CHECK_EQ(pool(MOVE, 1, a), 0);
    CHECK_EQ(where(a, 0), 1);
    CHECK_EQ(where(a, 1), 1);
    CHECK_EQ(pool_of(a), 1);
    CHECK_EQ(weight_op(a, XEN_DOMCTL_SCHEDOP_getinfo, &weight, &cap), 0);
    CHECK_EQ(weight, 256);
    CHECK_EQ(cap, 0);
    CHECK_EQ(pin(a, 1, &map), -XEN_EINVAL);
    CHECK_EQ(pin(a, 3, &map), 0);
    CHECK_EQ(map, 2);
    CHECK_EQ(create_in(1, 2, &b), 0);
    CHECK_EQ(where(b, 0), 1);
    CHECK_EQ(pool_of(b), 1);
    CHECK_EQ(pool(INFO, 1, 0), 0);
    CHECK_EQ(last.n_dom, 2);
    CHECK_EQ(pool(RM, 1, 1), -XEN_EBUSY);
    CHECK_EQ(pool(DESTROY, 1, 0), -XEN_EBUSY);
    CHECK_EQ(pool(MOVE, 0, a), 0);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, a), 0);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, b), 0);
    /* b is dead: it holds nothing back. */
    CHECK_EQ(pool(RM, 1, 1), 0);
    CHECK_EQ(pool(DESTROY, 1, 0), 0);
    CHECK_EQ(pool(ADD, 0, 1), 0);
    CHECK(free_again(before));
    CHECK_EQ(pool(INFO, 0, 0), 0);
    CHECK_EQ(last.n_dom, 1);
}

/* An affinity of which no CPU is left is dropped; one that has another CPU stays. */
TEST(affinity_of_removed_cpu)
{
    uint64_t map;
    domid_t id;

    CHECK_EQ(create_in(0, 1, &id), 0);
    CHECK_EQ(pin(id, 2, &map), 0);
    CHECK_EQ(pool(RM, 0, 1), 0);
    CHECK_EQ(affinity_op(XEN_DOMCTL_getvcpuaffinity, id, 0, &map), 0);
    CHECK_EQ(map & all_cpus(), all_cpus());
    CHECK(where(id, 0) != 1);
    CHECK_EQ(pool(ADD, 0, 1), 0);
    CHECK_EQ(pin(id, 3, &map), 0);
    CHECK_EQ(pool(RM, 0, 1), 0);
    CHECK_EQ(affinity_op(XEN_DOMCTL_getvcpuaffinity, id, 0, &map), 0);
    CHECK_EQ(map & all_cpus(), 3);
    CHECK_EQ(pool(ADD, 0, 1), 0);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
}

static volatile uint64_t turns[MAX_CPUS];

static void count_turns(unsigned int n)
{
    while (!stop)
        turns[n]++;
}

static bool all_turn(void)
{
    for (unsigned int n = 1; n < cpu_count(); n++) {
        uint64_t was = turns[n];

        if (!SOON(turns[n] != was)) {
            print("vCPU %u stands still\n", n);
            return false;
        }
    }
    return true;
}

/* For 20 ms or more: does the CPU idle all the time, or work for most of it? */
static void watch(unsigned int cpu, bool *idles, bool *works)
{
    struct reading a = read_times(cpu, 0), b;
    uint64_t idle, least;

    delay_ns(20000000);
    b = read_times(cpu, 0);
    idle = b.idle - a.idle;
    least = span_least(a.when, b.when);
    *idles = idle >= least;
    *works = idle < least / 2;
}

/* It works, soon: a busy host may not let it start at once. */
static bool gets_busy(unsigned int cpu)
{
    uint64_t until = system_time() + PATIENCE;
    bool idles, works = false;

    while (!works && system_time() < until)
        watch(cpu, &idles, &works);
    return works;
}

/* It belongs to no pool; who ran there has left it. */
static bool stands_still(unsigned int cpu)
{
    bool idles, works;

    watch(cpu, &idles, &works);
    return idles;
}

/* Our own vCPUs keep all CPUs busy; then the CPUs go, one by one, and come back. */
TEST(cpus_come_and_go)
{
    unsigned int n = cpu_count();

    stop = false;
    for (unsigned int i = 1; i < n; i++)
        CHECK(cpu_start(i, count_turns));
    CHECK(all_turn());
    for (unsigned int round = 0; round < 5; round++) {
        for (unsigned int cpu = n - 1; cpu; cpu--) {
            CHECK_EQ(pool(RM, 0, cpu), 0);
            CHECK(all_turn());
            for (unsigned int i = 0; i < n; i++)
                CHECK(where(0, i) < (long)cpu);
            CHECK(stands_still(cpu));
        }
        for (unsigned int cpu = 1; cpu < n; cpu++)
            CHECK_EQ(pool(ADD, 0, cpu), 0);
        CHECK(all_turn());
    }
    for (unsigned int cpu = 1; cpu < n; cpu++)
        CHECK(gets_busy(cpu));
    stop = true;
    for (unsigned int i = 1; i < n; i++)
        CHECK(cpu_ends(i));
}

static unsigned int count(uint64_t mask)
{
    unsigned int n = 0;

    for (; mask; mask &= mask - 1)
        n++;
    return n;
}

#define NAP  5000000ul
#define NAPS 20u

/* While we sleep, d's vCPUs are on these CPUs only. */
static bool nap_and_look(domid_t d, unsigned int vcpus, uint64_t allowed)
{
    for (unsigned int i = 0; i < NAPS; i++) {
        sleep_ns(NAP);
        for (unsigned int v = 0; v < vcpus; v++) {
            long cpu = where(d, v);

            if (cpu < 0 || !(allowed >> cpu & 1)) {
                print("d%u v%u is on CPU %ld, not in %lx\n", d, v, cpu, allowed);
                return false;
            }
        }
    }
    return true;
}

/*
 * Over and over, d's vCPUs run on no other CPUs than these, and so not more than these
 * can. Soon there is a time when they use them and CPU 0 idles if it is not among them:
 * not at once, if the host does not let the processors run on which that should be.
 */
static bool keeps_to(domid_t d, unsigned int vcpus, uint64_t allowed)
{
    uint64_t until = system_time() + PATIENCE, ran, idle;
    unsigned int n = count(allowed) < vcpus ? count(allowed) : vcpus;
    struct reading a, b;

    do {
        a = read_times(0, d);
        if (!nap_and_look(d, vcpus, allowed))
            return false;
        b = read_times(0, d);
        ran = b.ran - a.ran;
        idle = b.idle - a.idle;
        if (ran > span_most(a.when, b.when) * n)
            break;
        if (ran >= span_least(a.when, b.when) * n / 2 &&
            ((allowed & 1) || idle >= NAPS * NAP / 4))
            return true;
    } while (system_time() < until);
    print("d%u ran %lu ns on %lx, CPU 0 idled %lu of %lu to %lu\n", d, ran, allowed, idle,
          span_least(a.when, b.when), span_most(a.when, b.when));
    return false;
}

/* A domain that runs and runs stays inside its pool, also when that changes under it. */
TEST(running_domain)
{
    uint64_t before, last_cpu = 1ul << (cpu_count() - 1), map;
    long used;
    domid_t d;

    /* What our own tables take for the view of a domain stays: it is taken now. */
    CHECK_EQ(spin_create(0, 1, &d), 0);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, d), 0);
    at_rest(&before, &used);
    CHECK_EQ(create_pool(XEN_SCHEDULER_CREDIT2), 1);
    CHECK_EQ(pool(RM, 0, cpu_count() - 1), 0);
    CHECK_EQ(pool(ADD, 1, cpu_count() - 1), 0);
    CHECK_EQ(spin_create(1, 3, &d), 0);
    CHECK_EQ(simple(XEN_DOMCTL_unpausedomain, d), 0);
    CHECK(keeps_to(d, 3, last_cpu));
    CHECK_EQ(pool(MOVE, 0, d), 0);
    CHECK(keeps_to(d, 3, all_cpus() & ~last_cpu));
    CHECK_EQ(pool(MOVE, 1, d), 0);
    CHECK_EQ(pin(d, last_cpu, &map), 0);
    CHECK(keeps_to(d, 3, last_cpu));
    CHECK_EQ(pool(RM, 1, cpu_count() - 1), -XEN_EBUSY);
    CHECK_EQ(pool(DESTROY, 1, 0), -XEN_EBUSY);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, d), 0);
    CHECK_EQ(pool(RM, 1, cpu_count() - 1), 0);
    CHECK_EQ(pool(DESTROY, 1, 0), 0);
    CHECK_EQ(pool(ADD, 0, cpu_count() - 1), 0);
    CHECK(as_before(before, used));
}

/* The CPU goes that one of its vCPUs, which runs, was pinned to. */
TEST(running_pinned)
{
    uint64_t last_cpu = 1ul << (cpu_count() - 1), map;
    domid_t d;

    CHECK_EQ(spin_create(0, 2, &d), 0);
    CHECK_EQ(pin(d, last_cpu, &map), 0);
    CHECK_EQ(simple(XEN_DOMCTL_unpausedomain, d), 0);
    sleep_ns(10000000);
    CHECK_EQ(where(d, 0), cpu_count() - 1);
    CHECK_EQ(pool(RM, 0, cpu_count() - 1), 0);
    CHECK(keeps_to(d, 2, all_cpus() & ~last_cpu));
    CHECK_EQ(pool(ADD, 0, cpu_count() - 1), 0);
    CHECK(keeps_to(d, 2, all_cpus()));
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, d), 0);
}

TEST(null_beside_credit2)
{
    uint16_t weight = 0, cap = 0xffff;
    uint32_t id = create_pool(XEN_SCHEDULER_NULL);
    domid_t d;

    CHECK(id != ANY);
    CHECK_EQ(pool(RM, 0, 1), 0);
    CHECK_EQ(pool(ADD, id, 1), 0);
    CHECK_EQ(pool(INFO, id, 0), 0);
    CHECK_EQ(last.sched_id, XEN_SCHEDULER_NULL);
    CHECK_EQ(create_in(id, 1, &d), 0);
    CHECK_EQ(weight_op(d, XEN_DOMCTL_SCHEDOP_putinfo, &weight, &cap), -XEN_EINVAL);
    CHECK_EQ(pool(MOVE, 0, d), 0);
    CHECK_EQ(weight_op(d, XEN_DOMCTL_SCHEDOP_putinfo, &weight, &cap), 0);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, d), 0);
    CHECK_EQ(pool(RM, id, 1), 0);
    CHECK_EQ(pool(DESTROY, id, 0), 0);
    CHECK_EQ(pool(ADD, 0, 1), 0);
}
