/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A grant that changes while it is in use. One processor copies without end through an
 * entry that stands for another domain's grant; the other makes it an ordinary one and
 * back, and copies through it as well. Broken, the hypervisor takes the page of the one
 * kind for the other's, which has none, and dies.
 */
#include <public/grant_table.h>
#include "domctl.h"

#define REF      40u
#define THEIRS   8u   /* their grant to us; and a page of ours, when REF is ordinary */
#define THEIR_GFN 16ul
#define BATCH    32u
#define ROUNDS   4000u
#define LONG     15000000000ul /* ns */

static struct gnttab_copy endless[BATCH];
static volatile bool stop;
static volatile unsigned long passed[2];

static long grant_op(unsigned int op, void *arg, unsigned int n)
{
    return HC(__HYPERVISOR_grant_table_op, op, arg, n, 0, 0);
}

static void prepare(struct gnttab_copy *c)
{
    memset(c, 0, sizeof(*c));
    c->source.u.ref = REF;
    c->source.domid = 0;
    c->dest.u.gmfn = (uintptr_t)page_alloc() >> 12;
    c->dest.domid = DOMID_SELF;
    c->len = 4096;
    c->flags = GNTCOPY_source_gref;
}

static void second(unsigned int n)
{
    while (!stop) {
        if (grant_op(GNTTABOP_copy, endless, BATCH))
            return;
        for (unsigned int i = 0; i < BATCH; i++)
            passed[n] += endless[i].status == GNTST_okay;
    }
}

/* A page of another domain, lent to us by what we write into its table. */
static long lend_by(domid_t id)
{
    struct xen_mem_acquire_resource r = {.domid = id, .nr_frames = 1};
    struct grant_entry_v1 *table = page_alloc();
    xen_pfn_t gfn = (uintptr_t)table >> 12;
    long rc = populate(id, THEIR_GFN, 1);

    if (rc != 1)
        return rc ? rc : -1;
    r.type = XENMEM_resource_grant_table;
    r.id = XENMEM_resource_grant_table_id_shared;
    set_xen_guest_handle(r.frame_list, &gfn);
    rc = HC2(__HYPERVISOR_memory_op, XENMEM_acquire_resource, &r);
    if (rc)
        return rc;
    table[THEIRS].domid = 0;
    table[THEIRS].frame = THEIR_GFN;
    __atomic_store_n(&table[THEIRS].flags, GTF_permit_access, __ATOMIC_SEQ_CST);
    return 0;
}

static union grant_entry_v2 *own_table(void)
{
    struct gnttab_set_version v = {.version = 2};
    union grant_entry_v2 *table = page_alloc();
    struct xen_add_to_physmap add = {.domid = DOMID_SELF,
                                     .space = XENMAPSPACE_grant_table};

    add.gpfn = (uintptr_t)table >> 12;
    if (grant_op(GNTTABOP_set_version, &v, 1) ||
        HC2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &add))
        return NULL;
    return table;
}

static volatile grant_status_t *own_status(void)
{
    volatile grant_status_t *status = page_alloc();
    struct xen_add_to_physmap add = {.domid = DOMID_SELF,
                                     .space = XENMAPSPACE_grant_table,
                                     .idx = XENMAPIDX_grant_table_status};

    add.gpfn = (uintptr_t)status >> 12;
    return HC2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &add) ? NULL : status;
}

/* Fewer rounds on a busy host, but never before both have had a copy through. */
static bool enough(unsigned int rounds, uint64_t begun)
{
    uint64_t gone = system_time() - begun;

    if (!passed[0] || !passed[1])
        return gone > PATIENCE;
    return rounds >= ROUNDS || gone > LONG;
}

TEST(changed_in_use)
{
    static struct gnttab_copy c;
    union grant_entry_v2 *table = own_table(), *e;
    volatile grant_status_t *status = own_status();
    uint64_t begun;
    domid_t id;

    CHECK(table && status);
    CHECK_EQ(create(1, &id), 0);
    CHECK_EQ(lend_by(id), 0);
    prepare(&c);
    for (unsigned int i = 0; i < BATCH; i++)
        prepare(&endless[i]);
    e = &table[REF];
    e->transitive.trans_domid = id;
    e->transitive.gref = THEIRS;
    e->hdr.domid = 0;
    __atomic_store_n(&e->hdr.flags, GTF_transitive, __ATOMIC_SEQ_CST);
    CHECK_EQ(grant_op(GNTTABOP_copy, &c, 1), 0);
    CHECK_EQ(c.status, GNTST_okay);

    CHECK(cpu_start(1, second));
    begun = system_time();
    for (unsigned int i = 0; !enough(i, begun); i++) {
        __atomic_store_n(&e->hdr.flags, i & 1 ? GTF_permit_access : GTF_transitive,
                         __ATOMIC_SEQ_CST);
        for (unsigned int n = 0; n < 3; n++) {
            CHECK_EQ(grant_op(GNTTABOP_copy, &c, 1), 0);
            CHECK(c.status == GNTST_okay || c.status == GNTST_general_error);
            passed[0] += c.status == GNTST_okay;
        }
    }
    stop = true;
    CHECK(cpu_ends(1));
    print("%lu and %lu copies got through\n", passed[0], passed[1]);
    CHECK(passed[0] && passed[1]);
    CHECK_EQ(status[REF], 0);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
}
