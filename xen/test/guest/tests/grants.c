/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grants that a domain makes to itself: mapping, unmapping, copies, both versions.
 * (Debian's hypervisor moves a page that its owner maps so; there only query and copy
 * pass.)
 */
#include <public/errno.h>
#include <public/grant_table.h>
#include <public/memory.h>
#include "../guest.h"

#define FREE_GFN 0x200000ul /* nothing is there */
#define MANY     200u

static void *table_page;

static long grant_op(unsigned int op, void *arg, unsigned int n)
{
    return HC(__HYPERVISOR_grant_table_op, op, arg, n, 0, 0);
}

static struct grant_entry_v1 *table(void)
{
    struct xen_add_to_physmap add = {.domid = DOMID_SELF,
                                     .space = XENMAPSPACE_grant_table};

    if (table_page)
        return table_page;
    table_page = page_alloc();
    add.gpfn = (uintptr_t)table_page >> 12;
    if (HC2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &add)) {
        print("no grant table page\n");
        power_off();
    }
    return table_page;
}

static void lend(unsigned int ref, void *page, unsigned int flags)
{
    struct grant_entry_v1 *e = &table()[ref];

    e->domid = 0;
    e->frame = (uint32_t)((uintptr_t)page >> 12);
    __atomic_store_n(&e->flags, flags, __ATOMIC_SEQ_CST);
}

static struct gnttab_map_grant_ref map(unsigned int ref, uint64_t gfn, unsigned int flags)
{
    struct gnttab_map_grant_ref m = {.host_addr = gfn << 12, .flags = flags, .ref = ref,
                                     .dom = 0, .status = 99};

    if (grant_op(GNTTABOP_map_grant_ref, &m, 1))
        m.status = 98;
    return m;
}

static int unmap(uint32_t handle, uint64_t gfn)
{
    struct gnttab_unmap_grant_ref u = {.host_addr = gfn << 12, .handle = handle,
                                       .status = 99};

    return grant_op(GNTTABOP_unmap_grant_ref, &u, 1) ? 98 : u.status;
}

TEST(query)
{
    struct gnttab_query_size q = {.dom = DOMID_SELF};
    struct gnttab_get_version v = {.dom = DOMID_SELF};

    CHECK_EQ(grant_op(GNTTABOP_query_size, &q, 1), 0);
    CHECK_EQ(q.status, GNTST_okay);
    CHECK(q.nr_frames >= 1 && q.max_nr_frames >= 32);
    CHECK_EQ(grant_op(GNTTABOP_query_size, &q, 2), -XEN_EINVAL);
    CHECK_EQ(grant_op(GNTTABOP_get_version, &v, 1), 0);
    CHECK_EQ(v.version, 1);
    CHECK_EQ(grant_op(1000, &q, 1), -XEN_ENOSYS);
    CHECK_EQ(grant_op(GNTTABOP_copy, (void *)0x7fff00000000, 1), -XEN_EFAULT);
    q.dom = 99;
    CHECK_EQ(grant_op(GNTTABOP_query_size, &q, 1), 0);
    CHECK_EQ(q.status, GNTST_bad_domain);
}

/* Seen through the other address, and gone after the unmap. */
TEST(map_unmap)
{
    static volatile unsigned char bounce[4096] __attribute__((aligned(4096)));
    struct xen_remove_from_physmap rm = {.domid = DOMID_SELF};
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};
    volatile unsigned char *page = page_alloc();
    uint64_t gfn = (uintptr_t)bounce >> 12;
    struct gnttab_map_grant_ref m;

    page[5] = 0xaa;
    lend(8, (void *)page, GTF_permit_access);
    rm.gpfn = gfn;
    CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, &rm), 0);
    m = map(8, gfn, GNTMAP_host_map);
    CHECK_EQ(m.status, GNTST_okay);
    CHECK(m.dev_bus_addr != 0 && !(m.dev_bus_addr & 4095));
    CHECK_EQ(table()[8].flags, GTF_permit_access | GTF_reading | GTF_writing);
    CHECK_EQ(bounce[5], 0xaa);
    bounce[6] = 0xbb;
    CHECK_EQ(page[6], 0xbb);
    CHECK_EQ(unmap(m.handle, gfn), GNTST_okay);
    CHECK_EQ(unmap(m.handle, gfn), GNTST_bad_handle);
    CHECK_EQ(table()[8].flags, GTF_permit_access);
    CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, &rm), -XEN_ENOENT);
    /* RAM again where the hole is. */
    set_xen_guest_handle(r.extent_start, &gfn);
    CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r), 1);
    CHECK_EQ(bounce[5], 0);
}

TEST(refusals)
{
    void *page = page_alloc();

    lend(8, page, GTF_permit_access | GTF_readonly);
    lend(9, page, GTF_invalid);
    lend(10, (void *)(FREE_GFN << 12), GTF_permit_access);
    CHECK_EQ(map(8, FREE_GFN, GNTMAP_host_map).status, GNTST_general_error);
    CHECK_EQ(map(9, FREE_GFN, GNTMAP_host_map).status, GNTST_general_error);
    CHECK_EQ(map(10, FREE_GFN, GNTMAP_host_map).status, GNTST_bad_page);
    CHECK_EQ(map(0x10000000, FREE_GFN, GNTMAP_host_map).status, GNTST_bad_gntref);
    CHECK_EQ(map(8, FREE_GFN, 0).status, GNTST_bad_gntref);
    CHECK_EQ(unmap(0xffffffff, FREE_GFN), GNTST_bad_handle);
    CHECK_EQ(table()[8].flags, GTF_permit_access | GTF_readonly);
    CHECK_EQ(table()[10].flags, GTF_permit_access);
}

TEST(many)
{
    static struct gnttab_map_grant_ref m[MANY];
    static struct gnttab_unmap_grant_ref u[MANY];
    void *page = page_alloc();

    for (unsigned int round = 0; round < 3; round++) {
        for (unsigned int i = 0; i < MANY; i++) {
            lend(8 + i, page, GTF_permit_access);
            m[i] = (struct gnttab_map_grant_ref){.host_addr = (FREE_GFN + i) << 12,
                                                 .flags = GNTMAP_host_map, .ref = 8 + i,
                                                 .dom = 0, .status = 99};
        }
        CHECK_EQ(grant_op(GNTTABOP_map_grant_ref, m, MANY), 0);
        for (unsigned int i = 0; i < MANY; i++) {
            CHECK_EQ(m[i].status, GNTST_okay);
            u[i] = (struct gnttab_unmap_grant_ref){.host_addr = m[i].host_addr,
                                                   .handle = m[i].handle, .status = 99};
        }
        CHECK_EQ(grant_op(GNTTABOP_unmap_grant_ref, u, MANY), 0);
        for (unsigned int i = 0; i < MANY; i++) {
            CHECK_EQ(u[i].status, GNTST_okay);
            CHECK_EQ(table()[8 + i].flags, GTF_permit_access);
        }
    }
}

TEST(copy)
{
    static struct gnttab_copy c[2];
    unsigned char *from = page_alloc(), *to = page_alloc();

    for (unsigned int i = 0; i < 4096; i++)
        from[i] = (unsigned char)i;
    lend(8, to, GTF_permit_access);
    c[0].source.u.gmfn = (uintptr_t)from >> 12;
    c[0].source.domid = DOMID_SELF;
    c[0].source.offset = 10;
    c[0].dest.u.ref = 8;
    c[0].dest.domid = DOMID_SELF;
    c[0].dest.offset = 100;
    c[0].len = 50;
    c[0].flags = GNTCOPY_dest_gref;
    c[1] = c[0];
    c[1].dest.offset = 4090;
    CHECK_EQ(grant_op(GNTTABOP_copy, c, 2), 0);
    CHECK_EQ(c[0].status, GNTST_okay);
    CHECK_EQ(c[1].status, GNTST_bad_copy_arg);
    CHECK(!memcmp(to + 100, from + 10, 50));
    CHECK_EQ(to[99], 0);
    CHECK_EQ(to[150], 0);
}

TEST(version_2)
{
    struct gnttab_set_version v = {.version = 3};
    volatile union grant_entry_v2 *e = (void *)table();
    struct xen_add_to_physmap add = {.domid = DOMID_SELF,
                                     .space = XENMAPSPACE_grant_table,
                                     .idx = XENMAPIDX_grant_table_status};
    volatile grant_status_t *status = page_alloc();
    void *page = page_alloc();
    struct gnttab_map_grant_ref m;

    lend(8, page, GTF_permit_access);
    add.gpfn = (uintptr_t)status >> 12;
    CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &add), -XEN_EINVAL);
    CHECK_EQ(grant_op(GNTTABOP_set_version, &v, 1), -XEN_EINVAL);
    m = map(8, FREE_GFN, GNTMAP_host_map);
    CHECK_EQ(m.status, GNTST_okay);
    v.version = 2;
    CHECK_EQ(grant_op(GNTTABOP_set_version, &v, 1), -XEN_EBUSY);
    CHECK_EQ(unmap(m.handle, FREE_GFN), GNTST_okay);
    v.version = 2;
    CHECK_EQ(grant_op(GNTTABOP_set_version, &v, 1), 0);
    CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &add), 0);
    CHECK_EQ(e[8].hdr.flags, 0);
    e[8].full_page.frame = (uintptr_t)page >> 12;
    e[8].hdr.domid = 0;
    e[8].hdr.flags = GTF_permit_access;
    m = map(8, FREE_GFN, GNTMAP_host_map | GNTMAP_readonly);
    CHECK_EQ(m.status, GNTST_okay);
    CHECK_EQ(status[8], GTF_reading);
    CHECK_EQ(e[8].hdr.flags, GTF_permit_access);
    CHECK_EQ(unmap(m.handle, FREE_GFN), GNTST_okay);
    CHECK_EQ(status[8], 0);
    v.version = 1;
    CHECK_EQ(grant_op(GNTTABOP_set_version, &v, 1), 0);
}
