/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events for a domain that is still being built. Broken: one that was sent before the
 * domain had vCPUs never comes. (Debian's Xen follows a null pointer there.)
 */
#include <public/event_channel.h>
#include "domctl.h"

#define ITS_FRAME  0x100ul
#define VIEW_FRAME 0x60000ul

static volatile struct shared_info *const its = (void *)(VIEW_FRAME << 12);

static long see_shared_info(domid_t id)
{
    struct xen_add_to_physmap place = {
        .domid = id, .space = XENMAPSPACE_shared_info, .gpfn = ITS_FRAME,
    };
    xen_ulong_t from = ITS_FRAME;
    xen_pfn_t to = VIEW_FRAME;
    int err = 0;
    struct xen_add_to_physmap_batch add = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = 1,
        .u.foreign_domid = id,
    };
    long rc = HC(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &place, 0, 0, 0);

    if (rc)
        return rc;
    set_xen_guest_handle(add.idxs, &from);
    set_xen_guest_handle(add.gpfns, &to);
    set_xen_guest_handle(add.errs, &err);
    rc = HC(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, &add, 0, 0, 0);
    return rc ? rc : err;
}

TEST(event_before_vcpus)
{
    struct evtchn_alloc_unbound far = {.remote_dom = 0};
    struct xen_remove_from_physmap view = {.domid = DOMID_SELF, .gpfn = VIEW_FRAME};
    struct evtchn_bind_interdomain near;
    domid_t id;

    CHECK_EQ(create(2, &id), 0);
    far.dom = id;
    CHECK_EQ(HC(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &far, 0, 0, 0), 0);
    near = (struct evtchn_bind_interdomain){.remote_dom = id, .remote_port = far.port};
    CHECK_EQ(HC(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, &near, 0, 0, 0),
             0);
    CHECK_EQ(HC(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &near.local_port, 0, 0, 0),
             0);
    CHECK_EQ(max_vcpus(id, 2), 0);
    CHECK_EQ(see_shared_info(id), 0);
    CHECK_EQ(its->evtchn_pending[0], 1ul << far.port);
    CHECK_EQ(its->vcpu_info[0].evtchn_pending_sel, 1);
    CHECK_EQ(its->vcpu_info[0].evtchn_upcall_pending, 1);
    CHECK_EQ(its->vcpu_info[1].evtchn_upcall_pending, 0);
    CHECK_EQ(HC(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, &view, 0, 0, 0), 0);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
}
