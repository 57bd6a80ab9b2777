/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests of the scheduler need; all of it but spin_create() on any CPU of ours. */
#ifndef TESTS_SCHED_H
#define TESTS_SCHED_H

#include "flat_cpu.h"
#include "passthrough.h"
#include <public/sched.h>

#define ANY           0xffffffffu
#define EADDRNOTAVAIL 99

enum { CREATE = 1, DESTROY, INFO, ADD, RM, MOVE, FREE };

/*
 * XEN_SYSCTL_cpupool_op: arg is a scheduler, a domain or a CPU, as what has it. out: what
 * the call left; cpus: where a set of CPUs goes.
 */
static inline long pool_op(struct xen_sysctl_cpupool_op *out, uint32_t what, uint32_t id,
                           uint32_t arg, uint64_t *cpus)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_cpupool_op,
                            .interface_version = XEN_SYSCTL_INTERFACE_VERSION};
    long rc;

    op.u.cpupool_op.op = what;
    op.u.cpupool_op.cpupool_id = id;
    op.u.cpupool_op.sched_id = arg;
    op.u.cpupool_op.domid = arg;
    op.u.cpupool_op.cpu = arg;
    set_xen_guest_handle(op.u.cpupool_op.cpumap.bitmap, (uint8_t *)cpus);
    op.u.cpupool_op.cpumap.nr_bits = 64;
    rc = HC(__HYPERVISOR_sysctl, &op, 0, 0, 0, 0);
    *out = op.u.cpupool_op;
    return rc;
}

/* XEN_DOMCTL_{get,set}vcpuaffinity of a vCPU, the hard one. */
static inline long affinity_op(uint32_t cmd, domid_t id, uint32_t vcpu, uint64_t *map)
{
    struct xen_domctl op = {0};

    op.u.vcpuaffinity.vcpu = vcpu;
    op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
    set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, (uint8_t *)map);
    op.u.vcpuaffinity.cpumap_hard.nr_bits = 64;
    return domctl(&op, cmd, id);
}

/* XEN_DOMCTL_SCHEDOP_{get,put}info of a domain in a credit2 pool. */
static inline long weight_op(domid_t id, uint32_t cmd, uint16_t *weight, uint16_t *cap)
{
    struct xen_domctl op = {0};
    long rc;

    op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    op.u.scheduler_op.cmd = cmd;
    op.u.scheduler_op.u.credit2.weight = *weight;
    op.u.scheduler_op.u.credit2.cap = *cap;
    rc = domctl(&op, XEN_DOMCTL_scheduler_op, id);
    *weight = op.u.scheduler_op.u.credit2.weight;
    *cap = op.u.scheduler_op.u.credit2.cap;
    return rc;
}

/*
 * Domains that only use processor time: each vCPU goes round a loop, the odd ones through
 * the hypervisor (CPUID). They start with the first unpause.
 */
#define SPIN_VIEW  0xa0000ul /* frame where we see the domain's page */
#define SPIN_PAGE  1ul       /* its number in the domain */
#define SPIN_CPUID 16u       /* where the second loop is */

/* Code that needs no stack: "1: inc %eax; jmp 1b" and "1: cpuid; jmp 1b". */
static inline long spin_load(domid_t id)
{
    static const uint8_t inc[] = {0x40, 0xeb, 0xfd}, exits[] = {0x0f, 0xa2, 0xeb, 0xfc};
    long rc = see_page(id, SPIN_PAGE, SPIN_VIEW);

    if (rc)
        return rc;
    memcpy((void *)(SPIN_VIEW << 12), inc, sizeof(inc));
    memcpy((char *)(SPIN_VIEW << 12) + SPIN_CPUID, exits, sizeof(exits));
    drop_page(SPIN_VIEW);
    return 0;
}

/* All vCPUs at their loops. */
static inline long spin_set_cpus(domid_t id, unsigned int vcpus)
{
    long rc = 0;

    for (unsigned int i = 0; i < vcpus && !rc; i++)
        rc = set_flat_cpu(id, i, (SPIN_PAGE << 12) + (i & 1 ? SPIN_CPUID : 0), 0);
    return rc;
}

/*
 * A domain in that CPU pool, paused; 0, or what was refused (then *id is what there is of
 * it, or 0).
 */
static inline long spin_create(uint32_t pool, unsigned int vcpus, domid_t *id)
{
    struct xen_domctl op;
    long rc;

    *id = 0;
    config(&op, vcpus);
    op.u.createdomain.cpupool_id = pool;
    rc = domctl(&op, XEN_DOMCTL_createdomain, 0);
    if (rc)
        return rc;
    *id = op.domain;
    rc = max_vcpus(*id, vcpus);
    if (!rc)
        rc = populate(*id, SPIN_PAGE, 1) == 1 ? 0 : -XEN_ENOMEM;
    if (!rc)
        rc = spin_load(*id);
    return rc ? rc : spin_set_cpus(*id, vcpus);
}

/* ns that its vCPUs have run, all told. */
static inline uint64_t spin_time(domid_t id)
{
    struct xen_domctl op = {0};

    return domctl(&op, XEN_DOMCTL_getdomaininfo, id) ? 0 : op.u.getdomaininfo.cpu_time;
}

/* Give up the CPU for so long, so that it idles or runs others. */
static inline void sleep_ns(uint64_t ns)
{
    struct sched_poll poll = {.nr_ports = 0, .timeout = system_time() + ns};

    HC2(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
}

#endif
