/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thousand domains live and die (XSA-149), each with another choice of vCPUs, memory,
 * event channels, a view of its grant table kept over its death, and an early end.
 * Afterwards the heap is what it was, to the byte.
 */
#include <public/event_channel.h>
#include "console.h"
#include "passthrough.h"

#define ROUNDS 1000u
#define VIEW   0x90000ul /* where a domain's grant frame is mapped for us */

static long map_grant_frame(domid_t dom)
{
    xen_pfn_t gfn = VIEW;
    struct xen_mem_acquire_resource r = {
        .domid = dom,
        .type = XENMEM_resource_grant_table,
        .id = XENMEM_resource_grant_table_id_shared,
        .nr_frames = 1,
    };

    set_xen_guest_handle(r.frame_list, &gfn);
    return HC2(__HYPERVISOR_memory_op, XENMEM_acquire_resource, &r);
}

static long unmap_view(void)
{
    struct xen_remove_from_physmap drop = {.domid = DOMID_SELF, .gpfn = VIEW};

    return HC2(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, &drop);
}

static long channel_to(domid_t dom)
{
    struct evtchn_alloc_unbound alloc = {.dom = dom, .remote_dom = DOMID_SELF};

    return HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &alloc);
}

/* Bits of choice say what the domain gets; it dies at the end or after a step. */
static long one_life(unsigned int choice)
{
    unsigned int vcpus = 1 + (choice & 3);
    bool viewed = false;
    domid_t id;
    long rc = create(vcpus, &id);

    if (rc)
        return rc;
    if (choice & 4)
        rc = max_vcpus(id, vcpus);
    if (!rc && (choice & 8))
        rc = populate(id, choice, 8) == 8 ? 0 : -1;
    if (!rc && (choice & 16))
        rc = channel_to(id);
    if (!rc && (choice & 32)) {
        rc = map_grant_frame(id);
        viewed = rc == 0;
    }
    if (!rc && (choice & 64))
        rc = simple(XEN_DOMCTL_unpausedomain, id);
    if (!rc)
        rc = simple(XEN_DOMCTL_destroydomain, id);
    /* What we still see keeps the domain's frame, and the domain, until we let go. */
    if (viewed && unmap_view())
        rc = -2;
    return rc;
}

TEST(thousand_lives)
{
    uint64_t before;
    uint32_t index = 0;
    long used;

    CHECK_EQ(one_life(127), 0); /* what is allocated once for all */
    at_rest(&before, &used);
    for (unsigned int i = 0; i < ROUNDS; i++) {
        long rc = one_life(i % 128);

        if (rc)
            print("life %u: %ld\n", i, rc);
        CHECK_EQ(rc, 0);
    }
    CHECK(as_before(before, used));
    /* Others' hypervisors do not count bytes, nor say this. */
    CHECK_EQ(console_key('m'), 0);
    CHECK(used < 0 || console_said(&index, "left some behind: 0"));
    print("%u lives, %ld bytes in use and %lu pages free before and after\n", ROUNDS,
          used, before);
}
