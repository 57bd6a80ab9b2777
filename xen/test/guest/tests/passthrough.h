/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests need to move devices between domains and to watch what they reach. */
#ifndef TESTS_PASSTHROUGH_H
#define TESTS_PASSTHROUGH_H

#include <xen/test_op.h>
#include "domctl.h"
#include "edu.h"

static inline long device_op(uint32_t cmd, domid_t dom, uint32_t sbdf)
{
    struct xen_domctl op = {0};

    op.u.assign_device.dev = XEN_DOMCTL_DEV_PCI;
    op.u.assign_device.u.pci.machine_sbdf = sbdf;
    return domctl(&op, cmd, dom);
}

static inline long assign_device(domid_t dom, uint32_t sbdf)
{
    return device_op(XEN_DOMCTL_assign_device, dom, sbdf);
}

static inline long deassign_device(domid_t dom, uint32_t sbdf)
{
    return device_op(XEN_DOMCTL_deassign_device, dom, sbdf);
}

static inline long create_for_devices(unsigned int vcpus, uint32_t emulate, domid_t *id)
{
    struct xen_domctl op;
    long rc;

    config(&op, vcpus);
    op.u.createdomain.flags |= XEN_DOMCTL_CDF_iommu;
    op.u.createdomain.arch.emulation_flags |= emulate;
    rc = domctl(&op, XEN_DOMCTL_createdomain, 0);
    *id = op.domain;
    return rc;
}

/* A domain that devices can be assigned to; they are as they were for DMA. */
static inline long create_with_iommu(unsigned int vcpus, domid_t *id)
{
    return create_for_devices(vcpus, 0, id);
}

/* One that finds them on its virtual bus, switched off. */
static inline long create_with_vpci(unsigned int vcpus, domid_t *id)
{
    return create_for_devices(vcpus, XEN_X86_EMU_VPCI, id);
}

/*
 * Registers of edu at a frame of ours: only they, no matter who owns the rest. So DMA can
 * be started whoever has the device.
 */
static inline long map_registers(uint32_t sbdf, unsigned long gfn)
{
    struct xen_domctl op = {0};
    uint32_t bar = edu_config_read(sbdf, 0x10) & ~15u;

    op.u.memory_mapping.first_gfn = gfn;
    op.u.memory_mapping.first_mfn = bar >> 12;
    op.u.memory_mapping.nr_mfns = 1;
    op.u.memory_mapping.add_mapping = DPCI_ADD_MAPPING;
    return domctl(&op, XEN_DOMCTL_memory_mapping, 0);
}

/* Page gfn of dom appears to us at view. */
static inline long see_page(domid_t dom, unsigned long gfn, unsigned long view)
{
    struct xen_add_to_physmap_batch add = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = 1,
        .u.foreign_domid = dom,
    };
    xen_ulong_t idx = gfn;
    xen_pfn_t at = view;
    int err = 0;
    long rc;

    set_xen_guest_handle(add.idxs, &idx);
    set_xen_guest_handle(add.gpfns, &at);
    set_xen_guest_handle(add.errs, &err);
    rc = HC2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, &add);
    return rc ? rc : err;
}

static inline long drop_page(unsigned long view)
{
    struct xen_remove_from_physmap drop = { .domid = DOMID_SELF, .gpfn = view };

    return HC2(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, &drop);
}

/* Of all objects of the hypervisor, in builds with fault injection; else 0, and told. */
static inline long bytes_in_use(void)
{
    long used = HC2(HYPERVISOR_TEST_OP, TESTOP_BYTES_IN_USE, 0);

    if (used >= 0)
        return used;
    left_out("the count of the hypervisor's bytes");
    return 0;
}

/*
 * What is free and in use, with nothing left of what died before: as that goes a little
 * after the call, maybe on another CPU, until both have stood still for a while.
 */
static inline void at_rest(uint64_t *pages, long *used)
{
    unsigned int still = 0;

    *pages = *used = 0;
    for (unsigned int ms = 0; ms < 10000 && still < 50; ms++) {
        bool same = free_pages() == *pages && bytes_in_use() == *used;

        still = same ? still + 1 : 0;
        *pages = free_pages();
        *used = bytes_in_use();
        delay_ns(1000000);
    }
}

/* A dead domain's last page goes a little after the call: wait, with a bound. */
static inline bool as_before(uint64_t pages, long used)
{
    if (SOON(free_pages() == pages && bytes_in_use() == used))
        return true;
    print("free %lu, was %lu; in use %ld, was %ld\n", free_pages(), pages,
          bytes_in_use(), used);
    return false;
}

#endif
