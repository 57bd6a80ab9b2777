/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processor time as weights and caps say, on 2 CPUs, and what of them is refused. What
 * would be wrong: a domain that gets another share than it should, one that starves, a
 * parameter out of range that is taken, or one that is changed by a refused call.
 */
#include "sched.h"

#define WINDOW 1000000000ull /* ns, at least */
#define LIMIT  (20 * WINDOW)
#define NAP    10000000ull

static domid_t made[3];

void after_failure(void)
{
    for (domid_t id = 1; id < 64; id++)
        simple(XEN_DOMCTL_destroydomain, id);
}

/* n domains with one running vCPU each, on those CPUs. */
static bool start(unsigned int n, uint64_t cpus)
{
    for (unsigned int i = 0; i < n; i++) {
        uint64_t map = cpus;

        if (spin_create(0, 1, &made[i]) ||
            affinity_op(XEN_DOMCTL_setvcpuaffinity, made[i], 0, &map) ||
            simple(XEN_DOMCTL_unpausedomain, made[i]))
            return false;
    }
    return true;
}

static void end(unsigned int n)
{
    for (unsigned int i = 0; i < n; i++)
        simple(XEN_DOMCTL_destroydomain, made[i]);
}

static long put(unsigned int n, uint16_t weight, uint16_t cap)
{
    return weight_op(made[n], XEN_DOMCTL_SCHEDOP_putinfo, &weight, &cap);
}

/*
 * What n domains run in some time. When the host takes a CPU away, whoever is on it runs
 * on by the clock, for so long that the shares of a second are spoiled; the scheduler
 * makes up for it later. So a window is not over before it is many times as long as the
 * longest run (without a break, by looks in between) in it.
 */
struct window {
    struct moment from, to;
    uint64_t ran[3], run; /* ns: altogether, and the longest run */
    bool backwards;       /* a domain had run for less than before */
};

static struct moment look(unsigned int n, uint64_t ran[])
{
    struct moment m = {.before = system_time()};

    for (unsigned int i = 0; i < n; i++)
        ran[i] = spin_time(made[i]);
    m.after = system_time();
    return m;
}

/* Of n that compete; one alone does nothing but run. */
static struct window watch(unsigned int n)
{
    uint64_t first[3], last[3], now[3], run[3] = {0}, until = system_time() + LIMIT;
    struct window w = {.run = 0};
    struct moment then;

    w.from = w.to = look(n, first);
    memcpy(last, first, sizeof(last));
    while (span_least(w.from, w.to) < WINDOW ||
           (span_least(w.from, w.to) < 30 * w.run && w.to.after < until)) {
        sleep_ns(NAP);
        then = w.to;
        w.to = look(n, now);
        for (unsigned int i = 0; i < n; i++) {
            uint64_t ran = now[i] - last[i];

            w.backwards |= now[i] < last[i];
            run[i] = ran < span_least(then, w.to) ? ran : run[i] + ran;
            if (n > 1 && run[i] > w.run)
                w.run = run[i];
            last[i] = now[i];
        }
    }
    for (unsigned int i = 0; i < n; i++) {
        w.ran[i] = now[i] - first[i];
        print("domain %u: %lu %%\n", i, w.ran[i] * 100 / span_least(w.from, w.to));
    }
    print("in %lu ms, the longest run %lu ms%s\n", span_most(w.from, w.to) / 1000000,
          w.run / 1000000, w.backwards ? ", and time ran backwards" : "");
    return w;
}

/* Did the domain have so many percent of a CPU, or more; or less? */
static bool had(const struct window *w, unsigned int i, unsigned int want)
{
    return w->ran[i] * 100 + w->run * 100 >=
           span_least(w->from, w->to) * (want - (want / 5 + 2));
}

static bool had_no_more(const struct window *w, unsigned int i, unsigned int want)
{
    return !w->backwards &&
           w->ran[i] * 100 <=
               span_most(w->from, w->to) * (want + (want / 5 + 2)) + w->run * 100;
}

static bool near(const struct window *w, unsigned int i, unsigned int want)
{
    return had(w, i, want) && had_no_more(w, i, want);
}

TEST(weights)
{
    struct window w;

    CHECK(start(2, 2));
    CHECK_EQ(put(0, 256, 0), 0);
    CHECK_EQ(put(1, 768, 0), 0);
    w = watch(2);
    CHECK(near(&w, 0, 25));
    CHECK(near(&w, 1, 75));
    CHECK_EQ(put(0, 768, 0), 0);
    w = watch(2);
    CHECK(near(&w, 0, 50));
    CHECK(near(&w, 1, 50));
    end(2);
}

/*
 * Under a cap of 30 %: no window with more than that, soon one with so much. What a
 * domain cannot use of its cap when the host has the CPU, or is late with a period's end,
 * is lost to it.
 */
static bool capped(struct window *w)
{
    uint64_t until = system_time() + PATIENCE;

    do {
        *w = watch(2);
        if (!had_no_more(w, 0, 30))
            return false;
    } while (!had(w, 0, 30) && system_time() < until);
    return had(w, 0, 30);
}

/* A cap holds though the CPU is idle otherwise, and what is left is somebody else's. */
TEST(caps)
{
    struct window w;

    CHECK(start(2, 2));
    CHECK_EQ(put(0, 256, 30), 0);
    CHECK_EQ(put(1, 256, 0), 0);
    CHECK(capped(&w));
    CHECK(near(&w, 1, 70));
    CHECK_EQ(simple(XEN_DOMCTL_pausedomain, made[1]), 0);
    CHECK(capped(&w));
    CHECK_EQ(w.ran[1], 0);
    CHECK_EQ(put(0, 0, 0), 0);
    w = watch(1);
    CHECK(near(&w, 0, 100));
    end(2);
}

/* Three equals on two CPUs: where the numbers cannot be equal the odd one goes round. */
TEST(odd_number)
{
    struct window w;

    CHECK(start(3, 3));
    w = watch(3);
    for (unsigned int i = 0; i < 3; i++)
        CHECK(near(&w, i, 67));
    end(3);
}

static long raw(uint32_t sched, uint32_t cmd)
{
    struct xen_domctl op = {0};

    op.u.scheduler_op.sched_id = sched;
    op.u.scheduler_op.cmd = cmd;
    return domctl(&op, XEN_DOMCTL_scheduler_op, made[0]);
}

TEST(refused)
{
    uint16_t weight = 0, cap = 0;

    CHECK_EQ(create(2, &made[0]), 0);
    CHECK_EQ(put(0, 300, 150), 0);
    CHECK_EQ(put(0, 400, 201), -XEN_EINVAL);
    CHECK_EQ(put(0, 400, 0xfffe), -XEN_EINVAL);
    CHECK_EQ(raw(XEN_SCHEDULER_CREDIT, XEN_DOMCTL_SCHEDOP_getinfo), -XEN_EINVAL);
    CHECK_EQ(raw(XEN_SCHEDULER_CREDIT2, 99), -XEN_EINVAL);
    CHECK_EQ(weight_op(made[0], XEN_DOMCTL_SCHEDOP_getinfo, &weight, &cap), 0);
    CHECK_EQ(weight, 300);
    CHECK_EQ(cap, 150);
    /* 0 and 0xffff: leave it as it is. */
    CHECK_EQ(put(0, 0, 200), 0);
    CHECK_EQ(put(0, 65535, 0xffff), 0);
    CHECK_EQ(weight_op(made[0], XEN_DOMCTL_SCHEDOP_getinfo, &weight, &cap), 0);
    CHECK_EQ(weight, 65535);
    CHECK_EQ(cap, 200);
    end(1);
    CHECK_EQ(put(0, 1, 0), -XEN_ESRCH);
}

static long ratelimit(uint32_t pool, uint32_t cmd, uint32_t *us)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_scheduler_op,
                            .interface_version = XEN_SYSCTL_INTERFACE_VERSION};
    long rc;

    op.u.scheduler_op.cpupool_id = pool;
    op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    op.u.scheduler_op.cmd = cmd;
    op.u.scheduler_op.u.sched_credit2.ratelimit_us = *us;
    rc = HC(__HYPERVISOR_sysctl, &op, 0, 0, 0, 0);
    *us = op.u.scheduler_op.u.sched_credit2.ratelimit_us;
    return rc;
}

TEST(rate_limit)
{
    uint32_t us = 0, bad[] = {1, XEN_SYSCTL_SCHED_RATELIMIT_MIN - 1,
                              XEN_SYSCTL_SCHED_RATELIMIT_MAX + 1, ~0u};

    CHECK_EQ(ratelimit(0, XEN_SYSCTL_SCHEDOP_getinfo, &us), 0);
    CHECK_EQ(us, 1000);
    for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_EQ(ratelimit(0, XEN_SYSCTL_SCHEDOP_putinfo, &bad[i]), -XEN_EINVAL);
    CHECK_EQ(ratelimit(77, XEN_SYSCTL_SCHEDOP_getinfo, &us), -XEN_ESRCH);
    CHECK_EQ(ratelimit(0, 99, &us), -XEN_EINVAL);
    us = XEN_SYSCTL_SCHED_RATELIMIT_MAX;
    CHECK_EQ(ratelimit(0, XEN_SYSCTL_SCHEDOP_putinfo, &us), 0);
    us = 0;
    CHECK_EQ(ratelimit(0, XEN_SYSCTL_SCHEDOP_getinfo, &us), 0);
    CHECK_EQ(us, XEN_SYSCTL_SCHED_RATELIMIT_MAX);
    us = 1000;
    CHECK_EQ(ratelimit(0, XEN_SYSCTL_SCHEDOP_putinfo, &us), 0);
}

/* Registers by domctl, before the vCPU has any and after. */
TEST(vcpu_context)
{
    static struct vcpu_guest_context c;
    struct xen_domctl op = {0};
    domid_t id;

    set_xen_guest_handle(op.u.vcpucontext.ctxt, &c);
    CHECK_EQ(create(1, &id), 0);
    CHECK_EQ(domctl(&op, XEN_DOMCTL_getvcpucontext, id), -XEN_ESRCH);
    CHECK_EQ(max_vcpus(id, 1), 0);
    CHECK_EQ(domctl(&op, XEN_DOMCTL_getvcpucontext, id), -XEN_ENODATA);
    CHECK_EQ(domctl(&op, XEN_DOMCTL_setvcpucontext, id), -XEN_EOPNOTSUPP);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);

    CHECK_EQ(spin_create(0, 1, &id), 0);
    CHECK_EQ(domctl(&op, XEN_DOMCTL_getvcpucontext, 0), -XEN_EINVAL);
    op.u.vcpucontext.vcpu = 1;
    CHECK_EQ(domctl(&op, XEN_DOMCTL_getvcpucontext, id), -XEN_EINVAL);
    op.u.vcpucontext.vcpu = 0;
    CHECK_EQ(domctl(&op, XEN_DOMCTL_getvcpucontext, id), 0);
    CHECK_EQ(c.user_regs.rip, SPIN_PAGE << 12);
    CHECK(c.flags & VGCF_online);
    c.user_regs.rip += SPIN_CPUID;
    c.user_regs.rflags = ~0ul;
    CHECK_EQ(domctl(&op, XEN_DOMCTL_setvcpucontext, id), 0);
    memset(&c, 0, sizeof(c));
    CHECK_EQ(domctl(&op, XEN_DOMCTL_getvcpucontext, id), 0);
    CHECK_EQ(c.user_regs.rip, (SPIN_PAGE << 12) + SPIN_CPUID);
    CHECK(!(c.user_regs.rflags >> 32) && (c.user_regs.rflags & 2));
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
}
