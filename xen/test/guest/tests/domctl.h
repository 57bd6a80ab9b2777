/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests need to make and destroy domains by hand. */
#ifndef TESTS_DOMCTL_H
#define TESTS_DOMCTL_H

#include <public/domctl.h>
#include <public/errno.h>
#include <public/memory.h>
#include <public/sysctl.h>
#include "../guest.h"

static inline long domctl(struct xen_domctl *op, uint32_t cmd, domid_t dom)
{
    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = dom;
    return HC(__HYPERVISOR_domctl, op, 0, 0, 0, 0);
}

static inline long physinfo(struct xen_sysctl_physinfo *out)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_physinfo,
                            .interface_version = XEN_SYSCTL_INTERFACE_VERSION};
    long rc = HC(__HYPERVISOR_sysctl, &op, 0, 0, 0, 0);

    *out = op.u.physinfo;
    return rc;
}

static inline uint64_t free_pages(void)
{
    struct xen_sysctl_physinfo pi = {0};

    physinfo(&pi);
    return pi.free_pages;
}

/* Freed by a tasklet a little after the hypercall: wait, with a bound. */
static inline bool free_again(uint64_t want)
{
    if (SOON(free_pages() == want))
        return true;
    print("free: %lu, before: %lu\n", free_pages(), want);
    return false;
}

static inline void config(struct xen_domctl *op, unsigned int vcpus)
{
    memset(op, 0, sizeof(*op));
    op->u.createdomain = (struct xen_domctl_createdomain){
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .max_vcpus = vcpus,
        .max_evtchn_port = 1023,
        .max_grant_frames = -1,
        .max_maptrack_frames = -1,
        .grant_opts = 2,
        .arch.emulation_flags = XEN_X86_EMU_LAPIC,
    };
}

static inline long create(unsigned int vcpus, domid_t *id)
{
    struct xen_domctl op;
    long rc;

    config(&op, vcpus);
    rc = domctl(&op, XEN_DOMCTL_createdomain, 0);
    *id = op.domain;
    return rc;
}

static inline long max_vcpus(domid_t id, unsigned int n)
{
    struct xen_domctl op = {0};

    op.u.max_vcpus.max = n;
    return domctl(&op, XEN_DOMCTL_max_vcpus, id);
}

static inline long simple(uint32_t cmd, domid_t id)
{
    struct xen_domctl op = {0};

    return domctl(&op, cmd, id);
}

static inline long populate(domid_t id, unsigned long gfn, unsigned int n)
{
    static xen_pfn_t list[512];
    struct xen_memory_reservation r = {.nr_extents = n, .domid = id};
    struct xen_domctl op = {0};
    long rc;

    op.u.max_mem.max_memkb = 1 << 20;
    rc = domctl(&op, XEN_DOMCTL_max_mem, id);
    if (rc)
        return rc;
    op.u.paging_mempool.size = 4 << 20;
    rc = domctl(&op, XEN_DOMCTL_set_paging_mempool_size, id);
    if (rc)
        return rc;
    for (unsigned int i = 0; i < n; i++)
        list[i] = gfn + i;
    set_xen_guest_handle(r.extent_start, list);
    return HC2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r);
}

#endif
