/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages that another domain lends us. We write its grant table for it. */
#include <public/grant_table.h>
#include "bench.h"

#define TABLE 0x6f000ul /* where we see its table */
#define MANY  64u
#define FIRST 8u /* reference; those below are reserved */

static struct gnttab_map_grant_ref maps[MANY];
static struct gnttab_unmap_grant_ref unmaps[MANY];
static domid_t lender;
static char source[4096] __attribute__((aligned(4096)));

static long grant_op(unsigned int op, void *arg, unsigned long n)
{
    return HC(__HYPERVISOR_grant_table_op, op, arg, n, 0, 0);
}

static long lend(void)
{
    volatile struct grant_entry_v1 *table = (void *)(TABLE << 12);
    xen_pfn_t gfn = TABLE;
    struct xen_mem_acquire_resource ask = {.type = XENMEM_resource_grant_table,
                                           .nr_frames = 1,
                                           .id = XENMEM_resource_grant_table_id_shared};
    long rc = other_domain(&lender);

    ask.domid = lender;
    set_xen_guest_handle(ask.frame_list, &gfn);
    if (!rc)
        rc = memory_op(XENMEM_acquire_resource, &ask);
    for (unsigned int i = 0; i < MANY && !rc; i++) {
        table[FIRST + i].domid = 0;
        table[FIRST + i].frame = (uint32_t)THEIRS + i;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        table[FIRST + i].flags = GTF_permit_access;
        maps[i].host_addr = unmaps[i].host_addr = (PLACE_B + i) << 12;
        maps[i].flags = GNTMAP_host_map;
        maps[i].ref = FIRST + i;
        maps[i].dom = lender;
    }
    return rc;
}

static long map_unmap(unsigned long n)
{
    long rc = grant_op(GNTTABOP_map_grant_ref, maps, n);

    for (unsigned long i = 0; i < n && !rc; i++) {
        rc = maps[i].status;
        unmaps[i].handle = maps[i].handle;
    }
    if (!rc)
        rc = grant_op(GNTTABOP_unmap_grant_ref, unmaps, n);
    for (unsigned long i = 0; i < n && !rc; i++)
        rc = unmaps[i].status;
    return rc;
}

static long copy(unsigned long bytes)
{
    struct gnttab_copy c = {.len = (uint16_t)bytes, .flags = GNTCOPY_dest_gref};
    long rc;

    c.source.u.gmfn = (uintptr_t)source >> 12;
    c.source.domid = DOMID_SELF;
    c.dest.u.ref = FIRST;
    c.dest.domid = lender;
    rc = grant_op(GNTTABOP_copy, &c, 1);
    return rc ? rc : c.status;
}

TEST(grants)
{
    long rc;

    if (!in_control())
        return;
    rc = lend();
    if (rc) {
        skip("grant_map_unmap_1", rc);
        skip("grant_map_unmap_64", rc);
        skip("grant_copy_4k", rc);
        return;
    }
    measure(&(struct row){
        .name = "grant_map_unmap_1", .run = map_unmap, .arg = 1, .repeat = 64});
    measure(&(struct row){
        .name = "grant_map_unmap_64", .run = map_unmap, .arg = MANY, .repeat = 8});
    measure(
        &(struct row){.name = "grant_copy_4k", .run = copy, .arg = 4096, .repeat = 64});
}
