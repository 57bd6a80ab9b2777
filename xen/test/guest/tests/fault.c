/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What takes memory of the hypervisor is done with each of its allocations failed, one
 * after the other (fault.h): making a domain and what belongs to it, grants, our own
 * event channels. A leak shows as less memory; a forgotten check as a crash; half
 * an operation as one that cannot be done again. With an IOMMU there are the
 * tables for devices as well. faultmem.c does the same for a domain's memory,
 * faultdev.c for what needs a device.
 */
#include <public/event_channel.h>
#include <public/grant_table.h>
#include "fault.h"
#include "sched.h"

#define VIEW   0x90000ul /* frames of ours, from which nothing else is far */
#define EVENTS 200       /* ports: more than three of its buckets */
#define FRAMES 5u        /* of a grant table */

static xen_pfn_t list[512];
static uint8_t page[2][4096] __attribute__((aligned(4096)));

/* --- set-up and undo --------------------------------------------------------------- */

static long with_domain(void)
{
    return create(3, &dom);
}

static long with_vcpu(void)
{
    return create(1, &dom) ?: max_vcpus(dom, 1) ?: set_flat_cpu(dom, 0, 0x2000, 0);
}

/* --- a domain's life and state ----------------------------------------------------- */

static long do_create(void)
{
    return create(3, &dom);
}

static long do_vcpus(void)
{
    return max_vcpus(dom, 3);
}

static long do_pool_size(void)
{
    struct xen_domctl op = {0};

    op.u.paging_mempool.size = 24ul << 12;
    return domctl(&op, XEN_DOMCTL_set_paging_mempool_size, dom);
}

static long do_set_context(void)
{
    return set_flat_cpu(dom, 0, 0x1000, 0);
}

static long do_get_context(void)
{
    struct xen_domctl op = {0};

    op.u.hvmcontext.size = sizeof(page);
    set_xen_guest_handle(op.u.hvmcontext.buffer, page[0]);
    return domctl(&op, XEN_DOMCTL_gethvmcontext, dom);
}

static long do_partial_context(void)
{
    struct xen_domctl op = {0};

    op.u.hvmcontext_partial.type = HVM_SAVE_CODE(CPU);
    op.u.hvmcontext_partial.bufsz = sizeof(page);
    set_xen_guest_handle(op.u.hvmcontext_partial.buffer, page[0]);
    return domctl(&op, XEN_DOMCTL_gethvmcontext_partial, dom);
}

static long do_set_policy(void)
{
    struct xen_domctl op = {0};

    return domctl(&op, XEN_DOMCTL_set_cpu_policy, dom);
}

static long do_get_vcpu(void)
{
    struct xen_domctl op = {0};

    set_xen_guest_handle(op.u.vcpucontext.ctxt, (vcpu_guest_context_t *)page);
    return domctl(&op, XEN_DOMCTL_getvcpucontext, dom);
}

static long do_memory_map(void)
{
    struct xen_foreign_memory_map f = {.domid = dom, .map.nr_entries = 3};

    set_xen_guest_handle(f.map.buffer, (void *)page[0]);
    return HC2(__HYPERVISOR_memory_op, XENMEM_set_memory_map, &f);
}

static long permit(uint64_t first, uint64_t n, bool allow)
{
    struct xen_domctl op = {0};

    op.u.iomem_permission.first_mfn = first;
    op.u.iomem_permission.nr_mfns = n;
    op.u.iomem_permission.allow_access = allow;
    return domctl(&op, XEN_DOMCTL_iomem_permission, dom);
}

static long do_permit(void)
{
    return permit(0xa0, 16, true);
}

static long with_permission(void)
{
    long rc = with_domain();

    return rc ? rc : do_permit();
}

static long do_forbid_middle(void)
{
    return permit(0xa8, 2, false);
}

static long do_forbid_end(void)
{
    return permit(0xa8, 8, false);
}

static long do_permit_ports(void)
{
    struct xen_domctl op = {0};

    op.u.ioport_permission.first_port = 0x3c0;
    op.u.ioport_permission.nr_ports = 8;
    op.u.ioport_permission.allow_access = 1;
    return domctl(&op, XEN_DOMCTL_ioport_permission, dom);
}

/* --- grants ------------------------------------------------------------------------ */

static long do_acquire(void)
{
    struct xen_mem_acquire_resource r = {
        .domid = dom,
        .type = XENMEM_resource_grant_table,
        .id = XENMEM_resource_grant_table_id_shared,
        .nr_frames = FRAMES,
    };

    for (unsigned int i = 0; i < FRAMES; i++)
        list[i] = VIEW + i;
    set_xen_guest_handle(r.frame_list, list);
    return HC2(__HYPERVISOR_memory_op, XENMEM_acquire_resource, &r);
}

/*
 * Our own map keeps tables that became empty, but for those that a failure took out with
 * what it undid. After this they are there.
 */
static long keep_tables(unsigned long gfn)
{
    struct xen_add_to_physmap add = {
        .domid = DOMID_SELF,
        .space = XENMAPSPACE_grant_table,
        .gpfn = gfn,
    };
    long rc = HC2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &add);

    return rc ?: drop_page(gfn);
}

static long end_view(void)
{
    long rc = end_domain();

    for (unsigned int i = 0; i < FRAMES; i++)
        drop_page(VIEW + i);
    return rc | keep_tables(VIEW);
}

static long do_setup_table(void)
{
    struct gnttab_setup_table op = {.dom = dom, .nr_frames = FRAMES};

    set_xen_guest_handle(op.frame_list, list);
    return HC(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, &op, 1, 0, 0)
               ?: op.status;
}

static struct gnttab_map_grant_ref mapped[2];

/* Of its pages two, which we see far from each other; it never runs, we write for it. */
static long with_grants(void)
{
    long rc = with_devices() ?: do_acquire();

    for (unsigned int i = 0; i < 2 && !rc; i++) {
        volatile struct grant_entry_v1 *e = (void *)(VIEW << 12);

        e[8 + i].domid = 0;
        e[8 + i].frame = (uint32_t)(LOW + i);
        __atomic_store_n(&e[8 + i].flags, GTF_permit_access, __ATOMIC_SEQ_CST);
    }
    return rc;
}

static long unmap_grants(void)
{
    long rc = 0;

    for (unsigned int i = 0; i < 2; i++) {
        struct gnttab_unmap_grant_ref u = {
            .host_addr = mapped[i].host_addr,
            .handle = mapped[i].handle,
        };

        if (mapped[i].host_addr && !mapped[i].status)
            rc |= HC(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, &u, 1, 0, 0)
                      ?: u.status;
    }
    memset(mapped, 0, sizeof(mapped));
    return rc;
}

static long map_grants(unsigned int n)
{
    long rc;

    unmap_grants();
    for (unsigned int i = 0; i < n; i++)
        mapped[i] = (struct gnttab_map_grant_ref){
            .host_addr = (VIEW + (i + 1) * FAR) << 12,
            .flags = GNTMAP_host_map,
            .ref = 8 + i,
            .dom = dom,
            .status = 99,
        };
    rc = HC(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, mapped, n, 0, 0);
    return rc ?: mapped[0].status ?: mapped[1].status;
}

static long do_map_grants(void)
{
    return map_grants(2);
}

static long do_map_grant(void)
{
    return map_grants(1);
}

static long end_grants(void)
{
    long rc = unmap_grants();

    rc |= keep_tables(VIEW + FAR) | keep_tables(VIEW + 2 * FAR);
    return end_view() | rc;
}

static long do_copy(void)
{
    struct gnttab_copy c = {
        .source = {.u.ref = 8, .domid = dom},
        .dest = {.u.gmfn = (uintptr_t)page[1] >> 12, .domid = DOMID_SELF},
        .len = 4096,
        .flags = GNTCOPY_source_gref,
    };

    return HC(__HYPERVISOR_grant_table_op, GNTTABOP_copy, &c, 1, 0, 0) ?: c.status;
}

static long do_set_version(void)
{
    struct gnttab_set_version v = {.version = 2};

    return HC(__HYPERVISOR_grant_table_op, GNTTABOP_set_version, &v, 1, 0, 0);
}

static long back_to_version_1(void)
{
    struct gnttab_set_version v = {.version = 1};

    return HC(__HYPERVISOR_grant_table_op, GNTTABOP_set_version, &v, 1, 0, 0);
}

/* --- events and pools -------------------------------------------------------------- */

static long do_ports(void)
{
    struct evtchn_alloc_unbound alloc = {.dom = dom, .remote_dom = DOMID_SELF};
    long rc = 0;

    for (unsigned int i = 0; i < EVENTS && !rc; i++)
        rc = HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &alloc);
    return rc;
}

static long do_own_ports(void)
{
    struct evtchn_bind_ipi b = {.vcpu = 0};
    long rc = 0;

    for (unsigned int i = 0; i < EVENTS && !rc; i++)
        rc = HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, &b);
    return rc;
}

static long do_fifo(void)
{
    struct evtchn_init_control c = {.control_gfn = (uintptr_t)page[0] >> 12};

    return HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_init_control, &c);
}

static long do_expand(void)
{
    struct evtchn_expand_array e = {.array_gfn = (uintptr_t)page[1] >> 12};

    return HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_expand_array, &e);
}

static long reset_events(void)
{
    struct evtchn_reset r = {.dom = DOMID_SELF};

    return HC2(__HYPERVISOR_event_channel_op, EVTCHNOP_reset, &r);
}

static uint32_t pool;

static long do_create_pool(void)
{
    struct xen_sysctl_cpupool_op out;
    uint64_t cpus;
    long rc = pool_op(&out, CREATE, ANY, XEN_SCHEDULER_CREDIT2, &cpus);

    pool = rc ? 0 : out.cpupool_id;
    return rc;
}

static long end_pool(void)
{
    struct xen_sysctl_cpupool_op out;
    uint64_t cpus;

    return pool ? pool_op(&out, DESTROY, pool, 0, &cpus) : 0;
}

/* --- the tables -------------------------------------------------------------------- */

/* What is ours for as long as we live; these come first. */
static const struct fault_op lasting[] = {
    {"first mapping of a grant", with_grants, do_map_grant, end_grants,
     .error = GNTST_no_device_space, .lasting = true},
    {"set_version", NULL, do_set_version, back_to_version_1, .error = -XEN_ENOMEM,
     .lasting = true},
    {"bind_ipi", NULL, do_own_ports, reset_events, .error = -XEN_ENOMEM, .lasting = true},
};

static const struct fault_op lives[] = {
    {"createdomain", NULL, do_create, end_domain, .error = -XEN_ENOMEM},
    {"max_vcpus", with_domain, do_vcpus, end_domain, .error = -XEN_ENOMEM},
    {"set_paging_mempool_size", with_domain, do_pool_size, end_domain,
     .error = -XEN_ENOMEM},
    {"sethvmcontext", with_vcpu, do_set_context, end_domain, .error = -XEN_ENOMEM},
    {"gethvmcontext", with_vcpu, do_get_context, end_domain, .error = -XEN_ENOMEM},
    {"gethvmcontext_partial", with_vcpu, do_partial_context, end_domain,
     .error = -XEN_ENOMEM},
    {"getvcpucontext", with_vcpu, do_get_vcpu, end_domain, .error = -XEN_ENOMEM},
    {"set_cpu_policy", with_domain, do_set_policy, end_domain, .error = -XEN_ENOMEM},
    {"set_memory_map", with_domain, do_memory_map, end_domain, .error = -XEN_ENOMEM},
    {"iomem_permission", with_domain, do_permit, end_domain, .error = -XEN_ENOMEM},
    {"iomem_permission, middle", with_permission, do_forbid_middle, end_domain,
     .error = -XEN_ENOMEM},
    {"iomem_permission, end", with_permission, do_forbid_end, end_domain,
     .error = -XEN_ENOMEM, .unfelt = 1,
     .why = "only a range that is cut in two needs another"},
    {"ioport_permission", with_domain, do_permit_ports, end_domain, .error = -XEN_ENOMEM},
    {"alloc_unbound", with_domain, do_ports, end_domain, .error = -XEN_ENOMEM},
    {"init_control", NULL, do_fifo, reset_events, .error = -XEN_ENOMEM},
    {"expand_array", do_fifo, do_expand, reset_events, .none = true},
    {"cpupool create", NULL, do_create_pool, end_pool, .error = -XEN_ENOMEM},
};

static const struct fault_op grants[] = {
    {"acquire_resource", with_domain, do_acquire, end_view, .error = -XEN_ENOMEM},
    {"setup_table", with_domain, do_setup_table, end_domain,
     .error = GNTST_general_error},
    {"map_grant_ref", with_grants, do_map_grants, end_grants, .error = GNTST_no_space},
    {"grant copy", with_grants, do_copy, end_grants, .none = true},
};

TEST(lasting_ones)
{
    NEEDS_INJECTION();
    CHECK(fault_table(lasting, COUNT(lasting)));
}

TEST(of_lives)
{
    NEEDS_INJECTION();
    CHECK(fault_table(lives, COUNT(lives)));
}

TEST(of_grants)
{
    NEEDS_INJECTION();
    CHECK(fault_table(grants, COUNT(grants)));
}
