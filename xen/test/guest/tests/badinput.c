/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Removal of pages that somebody else still uses or that are no pages, and lists of which
 * a part cannot be read. What would be wrong: an errno that lies, a frame that is freed
 * under its user, one that never comes back.
 */
#include <public/grant_table.h>
#include "passthrough.h"

#define THEIRS      0x100ul
#define VIEW        0x90000ul
#define LENT        0x90100ul
#define MANY        0x90200ul
#define VGA         0xb8ul
#define REF         8
#define MARK        0x7777ul

static volatile uint64_t *at(unsigned long gfn)
{
    return (volatile uint64_t *)(gfn << 12);
}

static long remove_from(domid_t dom, unsigned long gfn)
{
    struct xen_remove_from_physmap x = { .domid = dom, .gpfn = gfn };

    return HC2(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, &x);
}

/* Pages of ours go back to the heap. */
static void give_up(unsigned long gfn, unsigned int n)
{
    xen_pfn_t one;
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};

    set_xen_guest_handle(r.extent_start, &one);
    for (unsigned int i = 0; i < n; i++) {
        one = gfn + i;
        CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r), 1);
    }
}

static long grant_op(unsigned int op, void *arg)
{
    return HC(__HYPERVISOR_grant_table_op, op, arg, 1, 0, 0);
}

/* Our views grow our tables once; after that nothing may be left. */
static void warm_up(void)
{
    populate(DOMID_SELF, VIEW, 1);
    remove_from(DOMID_SELF, VIEW);
}

TEST(not_there)
{
    CHECK_EQ(remove_from(DOMID_SELF, VIEW), -XEN_ENOENT);
    CHECK_EQ(remove_from(DOMID_SELF, ~0ul), -XEN_ENOENT);
    CHECK_EQ(remove_from(DOMID_SELF, 1ul << 40), -XEN_ENOENT);
    CHECK_EQ(remove_from(0x7000, VIEW), -XEN_ESRCH);
}

/* Device memory is not a page: it stays. */
TEST(device_memory)
{
    uint16_t before = *(volatile uint16_t *)(VGA << 12);

    CHECK_EQ(remove_from(DOMID_SELF, VGA), -XEN_ENOENT);
    CHECK_EQ(*(volatile uint16_t *)(VGA << 12), before);
}

/* Its owner loses the page while we look at it: it is there until we look away. */
static void foreign_mapped(void)
{
    domid_t id;

    CHECK_EQ(create(1, &id), 0);
    CHECK_EQ(populate(id, THEIRS, 2), 2);
    CHECK_EQ(see_page(id, THEIRS, VIEW), 0);
    at(VIEW)[0] = MARK;
    CHECK_EQ(remove_from(id, THEIRS), 0);
    CHECK_EQ(remove_from(id, THEIRS), -XEN_ENOENT);
    CHECK_EQ(at(VIEW)[0], MARK);
    CHECK_EQ(see_page(id, THEIRS, VIEW + 1), -XEN_EINVAL);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
    CHECK_EQ(populate(DOMID_SELF, MANY, 64), 64);
    for (unsigned int i = 0; i < 64; i++)
        CHECK_EQ(at(MANY + i)[0], 0);
    CHECK_EQ(at(VIEW)[0], MARK);
    CHECK_EQ(remove_from(DOMID_SELF, VIEW), 0);
    CHECK_EQ(remove_from(DOMID_SELF, VIEW), -XEN_ENOENT);
    give_up(MANY, 64);
}

/* The first time may make what stays; after that nothing may be lost, not a byte. */
static void twice(void (*fn)(void))
{
    uint64_t pages;
    long used;

    fn();
    at_rest(&pages, &used);
    fn();
    CHECK(as_before(pages, used));
}

TEST(foreign_mapped)
{
    twice(foreign_mapped);
}

static struct grant_entry_v1 *own_table(void)
{
    static struct grant_entry_v1 *page;
    struct xen_add_to_physmap add = {.domid = DOMID_SELF,
                                     .space = XENMAPSPACE_grant_table};

    if (page)
        return page;
    page = page_alloc();
    add.gpfn = (uintptr_t)page >> 12;
    return HC2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &add) ? NULL : page;
}

/* A page of ours that is lent (to ourselves) leaves its place; the borrower keeps it. */
TEST(grant_mapped)
{
    volatile uint64_t *page = page_alloc();
    struct gnttab_map_grant_ref m = {
        .host_addr = LENT << 12, .flags = GNTMAP_host_map, .ref = REF, .dom = 0,
    };
    struct gnttab_unmap_grant_ref u = {.host_addr = LENT << 12};
    struct grant_entry_v1 *e = own_table();
    uint64_t before;

    CHECK(e != NULL);
    warm_up();
    page[0] = MARK;
    e[REF].domid = 0;
    e[REF].frame = (uint32_t)((uintptr_t)page >> 12);
    __atomic_store_n(&e[REF].flags, GTF_permit_access, __ATOMIC_SEQ_CST);
    CHECK_EQ(grant_op(GNTTABOP_map_grant_ref, &m), 0);
    CHECK_EQ(m.status, GNTST_okay);
    /* The borrower may only give it back as a grant. */
    CHECK_EQ(remove_from(DOMID_SELF, LENT), -XEN_EPERM);
    CHECK_EQ(at(LENT)[0], MARK);
    before = free_pages();
    CHECK_EQ(remove_from(DOMID_SELF, (uintptr_t)page >> 12), 0);
    CHECK_EQ(remove_from(DOMID_SELF, (uintptr_t)page >> 12), -XEN_ENOENT);
    CHECK_EQ(at(LENT)[0], MARK);
    CHECK_EQ(free_pages(), before);
    u.handle = m.handle;
    CHECK_EQ(grant_op(GNTTABOP_unmap_grant_ref, &u), 0);
    CHECK_EQ(u.status, GNTST_okay);
    CHECK_EQ(e[REF].flags, GTF_permit_access);
    e[REF].flags = 0;
}

/* Two pages in a row of which the second is missing: lists at their border end in it. */
static char *half_a_list(void)
{
    static char *first;

    while (!first) {
        char *a = page_alloc(), *b = page_alloc();

        if (b == a + 4096 && remove_from(DOMID_SELF, (uintptr_t)b >> 12) == 0)
            first = a;
    }
    return first;
}

/* populate and decrease: what could be read is done and counted. */
TEST(half_a_reservation)
{
    xen_pfn_t *list = (xen_pfn_t *)(half_a_list() + 4096) - 3;
    struct xen_memory_reservation r = {.nr_extents = 6, .domid = DOMID_SELF};
    uint64_t before;

    CHECK_EQ(populate(DOMID_SELF, MANY, 3), 3);
    /* One that stays keeps the tables, so that pages can be counted. */
    CHECK_EQ(populate(DOMID_SELF, MANY + 10, 1), 1);
    for (unsigned int i = 0; i < 3; i++)
        list[i] = MANY + i;
    set_xen_guest_handle(r.extent_start, list);
    before = free_pages();
    CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r), 3);
    CHECK_EQ(free_pages(), before + 3);
    for (unsigned int i = 0; i < 3; i++)
        CHECK_EQ(remove_from(DOMID_SELF, MANY + i), -XEN_ENOENT);
    CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r), 3);
    CHECK_EQ(free_pages(), before);
    r.nr_extents = 3;
    CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r), 3);
    CHECK_EQ(free_pages(), before + 3);
    CHECK_EQ(remove_from(DOMID_SELF, MANY + 10), 0);
}

/* Foreign pages: one of the three lists ends early, each in turn. */
static void half_a_batch(void)
{
    static xen_ulong_t idxs[6];
    static xen_pfn_t gpfns[6];
    static int errs[6];
    char *end = half_a_list() + 4096;
    domid_t id;
    uint64_t before;

    CHECK_EQ(create(1, &id), 0);
    CHECK_EQ(populate(id, THEIRS, 6), 6);
    CHECK_EQ(see_page(id, THEIRS, MANY + 10), 0);
    before = free_pages();
    for (unsigned int short_one = 0; short_one < 3; short_one++) {
        struct xen_add_to_physmap_batch b = {
            .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = 6,
            .u.foreign_domid = id,
        };
        xen_ulong_t *from = short_one == 0 ? (xen_ulong_t *)end - 3 : idxs;
        xen_pfn_t *to = short_one == 1 ? (xen_pfn_t *)end - 3 : gpfns;

        for (unsigned int i = 0; i < (short_one == 2 ? 6 : 3); i++) {
            from[i] = THEIRS + i;
            to[i] = MANY + i;
        }
        set_xen_guest_handle(b.idxs, from);
        set_xen_guest_handle(b.gpfns, to);
        set_xen_guest_handle(b.errs, short_one == 2 ? (int *)end - 3 : errs);
        CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, &b),
                 -XEN_EFAULT);
        /* What was mapped is mapped, the rest is not; all of it can be dropped. */
        for (unsigned int i = 0; i < 6; i++) {
            long rc = remove_from(DOMID_SELF, MANY + i);

            CHECK(rc == 0 || rc == -XEN_ENOENT);
        }
        CHECK_EQ(free_pages(), before);
    }
    CHECK_EQ(remove_from(DOMID_SELF, MANY + 10), 0);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
}

TEST(half_a_batch)
{
    twice(half_a_batch);
}
