/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processor time as weights and caps say, on 2 CPUs, and what of them is refused. What
 * would be wrong: a domain that gets another share than it should, one that starves, a
 * parameter out of range that is taken, or one that is changed by a refused call.
 */
#include "sched.h"

#define WINDOW 1000000000ull /* ns */

static domid_t made[3];

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

/* We sleep; got[i]: what the domain ran meanwhile, in percent of a CPU. */
static void watch(unsigned int n, unsigned int got[])
{
    uint64_t from = system_time(), ran[3];

    for (unsigned int i = 0; i < n; i++)
        ran[i] = spin_time(made[i]);
    sleep_ns(WINDOW);
    for (unsigned int i = 0; i < n; i++)
        ran[i] = spin_time(made[i]) - ran[i];
    from = system_time() - from;
    for (unsigned int i = 0; i < n; i++) {
        got[i] = (unsigned int)(ran[i] * 100 / from);
        print("domain %u: %u %%\n", i, got[i]);
    }
}

static bool near(unsigned int got, unsigned int want)
{
    unsigned int slack = want / 5 + 2;

    return got + slack >= want && got <= want + slack;
}

TEST(weights)
{
    unsigned int got[2];

    CHECK(start(2, 2));
    CHECK_EQ(put(0, 256, 0), 0);
    CHECK_EQ(put(1, 768, 0), 0);
    watch(2, got);
    CHECK(near(got[0], 25));
    CHECK(near(got[1], 75));
    CHECK_EQ(put(0, 768, 0), 0);
    watch(2, got);
    CHECK(near(got[0], 50));
    CHECK(near(got[1], 50));
    end(2);
}

/* A cap holds though the CPU is idle otherwise, and what is left is somebody else's. */
TEST(caps)
{
    unsigned int got[2];

    CHECK(start(2, 2));
    CHECK_EQ(put(0, 256, 30), 0);
    CHECK_EQ(put(1, 256, 0), 0);
    watch(2, got);
    CHECK(near(got[0], 30));
    CHECK(near(got[1], 70));
    CHECK_EQ(simple(XEN_DOMCTL_pausedomain, made[1]), 0);
    watch(2, got);
    CHECK(near(got[0], 30));
    CHECK_EQ(got[1], 0);
    CHECK_EQ(put(0, 0, 0), 0);
    watch(1, got);
    CHECK(near(got[0], 100));
    end(2);
}

/* Three equals on two CPUs: where the numbers cannot be equal the odd one goes round. */
TEST(odd_number)
{
    unsigned int got[3];

    CHECK(start(3, 3));
    watch(3, got);
    for (unsigned int i = 0; i < 3; i++)
        CHECK(near(got[i], 67));
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
