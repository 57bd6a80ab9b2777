/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls on simulated CPU pools, and what always holds (sched_pools.h). */
#include "sched_pools.h"

struct xen_sysctl_cpupool_op last;

long op_on(uint32_t op, uint32_t pool, uint32_t sched, uint32_t dom, uint32_t cpu)
{
    long rc;

    last = (struct xen_sysctl_cpupool_op){
        .op = op,
        .cpupool_id = pool,
        .sched_id = sched,
        .domid = dom,
        .cpu = cpu,
    };
    enter(0);
    rc = cpupool_sysctl(&last);
    leave(0);
    return rc;
}

long create(uint32_t pool, uint32_t sched)
{
    return op_on(XEN_SYSCTL_CPUPOOL_OP_CREATE, pool, sched, 0, 0);
}

long destroy(uint32_t pool)
{
    return op_on(XEN_SYSCTL_CPUPOOL_OP_DESTROY, pool, 0, 0, 0);
}

long add(uint32_t pool, uint32_t cpu)
{
    return op_on(XEN_SYSCTL_CPUPOOL_OP_ADDCPU, pool, 0, 0, cpu);
}

long rm(uint32_t pool, uint32_t cpu)
{
    return op_on(XEN_SYSCTL_CPUPOOL_OP_RMCPU, pool, 0, 0, cpu);
}

long rm_wait(uint32_t pool, uint32_t cpu)
{
    long rc = rm(pool, cpu);

    for (unsigned int i = 0; rc == -ERESTART && i < 3; i++) {
        run_for(MICROSECS(50));
        rc = rm(pool, cpu);
    }
    return rc;
}

/* A pause waits for other CPUs, which stand still here: they come by before. */
long move(struct domain *d, uint32_t pool)
{
    long rc;

    domain_pause_nosync(d);
    run_for(MICROSECS(100));
    rc = op_on(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, pool, 0, d->domain_id, 0);
    enter(0);
    domain_unpause(d);
    leave(0);
    return rc;
}

void expect_info(uint32_t ask, uint32_t pool, uint32_t n_dom, unsigned long cpus)
{
    assert_int_equal(op_on(XEN_SYSCTL_CPUPOOL_OP_INFO, ask, 0, 0, 0), 0);
    assert_int_equal(last.cpupool_id, pool);
    assert_int_equal(last.n_dom, n_dom);
    assert_int_equal(world_bitmap.bits[0], cpus);
}

void expect_free(unsigned long cpus)
{
    assert_int_equal(op_on(XEN_SYSCTL_CPUPOOL_OP_FREEINFO, 0, 0, 0, 0), 0);
    assert_int_equal(world_bitmap.bits[0], cpus);
}

/* A pool with these CPUs, taken from pool 0. */
uint32_t pool_of(uint32_t sched, unsigned long cpus)
{
    uint32_t id;

    assert_int_equal(create(ANY, sched), 0);
    id = last.cpupool_id;
    for (unsigned int cpu = 0; cpu < CPUS; cpu++)
        if (cpus & 1UL << cpu) {
            assert_int_equal(rm_wait(0, cpu), 0);
            assert_int_equal(add(id, cpu), 0);
        }
    return id;
}

static unsigned long cpus_of(const struct domain *d)
{
    cpumask_t cpus;

    sched_domain_cpus(d, &cpus);
    return cpus.bits[0];
}

/* Each vCPU is where its domain may be, and runs if it can. */
void expect_at_home(void)
{
    for (unsigned int i = 0; i < nr_domains; i++) {
        struct vcpu *v;

        for_each_vcpu(domains[i], v) {
            assert_true(cpus_of(domains[i]) & 1UL << v->processor);
            assert_true(vcpu_allowed(v, v->processor));
            if (vcpu_runnable(v))
                assert_true(v->sched.running || v->sched.queued || v->sched.parked);
        }
    }
    for (unsigned int cpu = 0; cpu < CPUS; cpu++)
        if (cpu_online(cpu) && !is_idle_vcpu(on_cpu[cpu]))
            assert_int_equal(on_cpu[cpu]->processor, cpu);
}

long params(struct domain *d, uint32_t sched, uint32_t cmd, uint16_t w, uint16_t c)
{
    struct xen_domctl_scheduler_op op = {
        .sched_id = sched,
        .cmd = cmd,
        .u.credit2 = {.weight = w, .cap = c},
    };

    return sched_domctl(d, &op);
}
