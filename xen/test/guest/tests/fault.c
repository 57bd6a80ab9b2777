/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What takes memory of the hypervisor is done with each of its allocations failed, one
 * after the other (fault.h): making a domain, its memory, its tables, our own event
 * channels and mappings. A leak shows as less memory; a forgotten check as a crash; half
 * an operation as one that cannot be done again. With an IOMMU there are the tables for
 * devices as well. faultdev.c has what needs a device.
 */
#include <public/event_channel.h>
#include <public/grant_table.h>
#include "fault.h"
#include "sched.h"

#define LOW    0x100ul /* pages of the domain */
#define HIGH   0x80000ul
#define LARGE  0x40000ul /* one of 2 MiB */
#define FAR    0x80000ul /* 2 GiB: tables of their own */
#define VIEW   0x90000ul /* frames of ours, from which nothing else is far */
#define PAGES  40        /* more than the hypervisor has room for on its stack */
#define EVENTS 200       /* ports: more than three of its buckets */
#define FRAMES 5u        /* of a grant table */

static domid_t dom, other;
static xen_pfn_t list[512];
static uint8_t page[2][4096] __attribute__((aligned(4096)));

/* --- set-up and undo --------------------------------------------------------------- */

static long with_domain(void)
{
    return create(3, &dom);
}

static long with_devices(void)
{
    long rc = create_with_iommu(1, &dom);

    if (!rc)
        rc = populate(dom, LOW, PAGES);
    return rc < 0 ? rc : rc - PAGES;
}

static long end_domain(void)
{
    domid_t id = dom;

    dom = 0;
    return id ? simple(XEN_DOMCTL_destroydomain, id) : 0;
}

static long with_large(void)
{
    long rc = with_devices();
    xen_pfn_t at = LARGE;
    struct xen_memory_reservation r = {
        .nr_extents = 1,
        .extent_order = 9,
        .domid = dom,
    };

    if (rc)
        return rc;
    set_xen_guest_handle(r.extent_start, &at);
    return HC2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r) - 1;
}

static long with_vcpu(void)
{
    return create(1, &dom) ?: max_vcpus(dom, 1) ?: set_flat_cpu(dom, 0, 0x2000, 0);
}

static long with_other(void)
{
    long rc = with_devices();

    if (!rc)
        rc = create(1, &other);
    if (!rc)
        rc = populate(other, LOW, PAGES);
    return rc < 0 ? rc : rc - PAGES;
}

static long end_both(void)
{
    long rc = end_domain();

    return simple(XEN_DOMCTL_destroydomain, other) | rc;
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

/* --- its memory -------------------------------------------------------------------- */

static long reserve(unsigned int cmd, unsigned long gfn, unsigned long step, long n)
{
    struct xen_memory_reservation r = {.nr_extents = n, .domid = dom};
    long rc;

    for (long i = 0; i < n; i++)
        list[i] = gfn + (unsigned long)i * step;
    set_xen_guest_handle(r.extent_start, list);
    rc = HC2(__HYPERVISOR_memory_op, cmd, &r);
    return rc < 0 ? rc : rc == n ? 0 : -XEN_ENOMEM;
}

static long do_populate(void)
{
    return reserve(XENMEM_populate_physmap, HIGH, 512, PAGES);
}

static long do_increase(void)
{
    return reserve(XENMEM_increase_reservation, HIGH, 1, PAGES);
}

static long do_decrease(void)
{
    return reserve(XENMEM_decrease_reservation, LARGE + 7, 1, 1);
}

static long do_decrease_many(void)
{
    return reserve(XENMEM_decrease_reservation, LARGE, 1, PAGES);
}

static long do_remove(void)
{
    struct xen_remove_from_physmap drop = {.domid = dom, .gpfn = LARGE + 5};

    return HC2(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, &drop);
}

static long add(unsigned int space, xen_ulong_t idx, unsigned long gfn)
{
    struct xen_add_to_physmap add = {
        .domid = dom,
        .space = space,
        .idx = idx,
        .gpfn = gfn,
    };

    return HC2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &add);
}

static long do_move(void)
{
    return add(XENMAPSPACE_gmfn, LARGE + 3, LARGE + FAR);
}

static long do_move_over(void)
{
    return add(XENMAPSPACE_gmfn, LOW, LARGE + 9);
}

static long do_place_grant_table(void)
{
    return add(XENMAPSPACE_grant_table, FRAMES - 1, FAR);
}

static long do_place_shared_info(void)
{
    return add(XENMAPSPACE_shared_info, 0, LARGE + 11);
}

/* Pages of the other domain, each where no table is. */
static long do_foreign(void)
{
    static xen_ulong_t from[PAGES];
    static int errs[PAGES];
    struct xen_add_to_physmap_batch b = {
        .domid = dom,
        .space = XENMAPSPACE_gmfn_foreign,
        .size = PAGES,
        .u.foreign_domid = other,
    };
    long rc;

    for (unsigned int i = 0; i < PAGES; i++) {
        from[i] = LOW + i;
        list[i] = FAR + i * 512;
    }
    set_xen_guest_handle(b.idxs, from);
    set_xen_guest_handle(b.gpfns, list);
    set_xen_guest_handle(b.errs, errs);
    rc = HC2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, &b);
    for (unsigned int i = 0; i < PAGES && !rc; i++)
        rc = errs[i];
    return rc;
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

#define SHORT_LIST "a list on the stack does, with more rounds"

static const struct fault_op memory[] = {
    /* So does the first list, but a short batch whose first page is missing ends it. */
    {"populate_physmap", with_devices, do_populate, end_domain, .error = -XEN_ENOMEM,
     .unfelt = PAGES, .why = "a batch that is short is followed by another, which tells"},
    {"increase_reservation", with_devices, do_increase, end_domain, .error = -XEN_ENOMEM},
    {"decrease_reservation", with_large, do_decrease, end_domain, .error = -XEN_ENOMEM},
    {"decrease_reservation, many", with_large, do_decrease_many, end_domain,
     .error = -XEN_ENOMEM, .unfelt = 1, .why = SHORT_LIST},
    {"remove_from_physmap", with_large, do_remove, end_domain, .error = -XEN_ENOMEM},
    {"add_to_physmap, move", with_large, do_move, end_domain, .error = -XEN_ENOMEM},
    {"add_to_physmap, move over", with_large, do_move_over, end_domain,
     .error = -XEN_ENOMEM},
    {"add_to_physmap, grant table", with_devices, do_place_grant_table, end_domain,
     .error = -XEN_ENOMEM},
    {"add_to_physmap, shared info", with_large, do_place_shared_info, end_domain,
     .error = -XEN_ENOMEM},
    {"add_to_physmap_batch", with_other, do_foreign, end_both, .error = -XEN_ENOMEM,
     .unfelt = 1, .why = SHORT_LIST},
    {"destroydomain", with_large, end_domain, end_domain, .none = true},
    {"acquire_resource", with_domain, do_acquire, end_view, .error = -XEN_ENOMEM},
    {"setup_table", with_domain, do_setup_table, end_domain,
     .error = GNTST_general_error},
    {"map_grant_ref", with_grants, do_map_grants, end_grants, .error = GNTST_no_space},
    {"grant copy", with_grants, do_copy, end_grants, .none = true},
};

#define COUNT(ops) (sizeof(ops) / sizeof(ops[0]))

TEST(lasting_ones)
{
    CHECK(!fault_possible() || fault_table(lasting, COUNT(lasting)));
}

TEST(of_lives)
{
    CHECK(!fault_possible() || fault_table(lives, COUNT(lives)));
}

TEST(of_memory)
{
    CHECK(!fault_possible() || fault_table(memory, COUNT(memory)));
}
