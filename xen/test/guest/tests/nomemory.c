/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nothing is left of the machine's memory. What moves a page then needs tables at its new
 * place, for the processor and for devices, and must leave it alone when it gets none.
 * Broken, the page is at neither place and its data is gone. Memory can be given back,
 * even out of large pages, which takes such tables, too.
 */
#include "passthrough.h"

#define LONE  0x80000ul     /* the only page of its tables, as is each place below */
#define FAR   0xc0000ul
#define STORE 0x200000ul    /* takes all memory there is */
#define DATA  0x1d0f1a7ea5edull

static unsigned long large;     /* pages of 2 MiB from STORE on */

static long reserve(unsigned int cmd, unsigned long at, unsigned int order)
{
    xen_pfn_t gfn = at;
    struct xen_memory_reservation r = {
        .nr_extents = 1,
        .extent_order = order,
        .domid = DOMID_SELF,
    };

    set_xen_guest_handle(r.extent_start, &gfn);
    return HC2(__HYPERVISOR_memory_op, cmd, &r);
}

static void take_all(void)
{
    unsigned long at = STORE;

    while (reserve(XENMEM_populate_physmap, at, 9) == 1)
        at += 512;
    large = (at - STORE) / 512;
    at += 512;
    while (reserve(XENMEM_populate_physmap, at, 0) == 1)
        at++;
    print("%lu large pages, %lu small ones, %lu free\n", large,
          at - STORE - 512 * large - 512, free_pages());
}

static long move(unsigned int space, unsigned long from, unsigned long to)
{
    struct xen_add_to_physmap x = {
        .domid = DOMID_SELF,
        .size = 1,
        .space = space,
        .idx = from,
        .gpfn = to,
    };

    return HC2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &x);
}

static long move_batch(unsigned long from, unsigned long to)
{
    struct xen_add_to_physmap_batch b = {
        .domid = DOMID_SELF,
        .space = XENMAPSPACE_gmfn,
        .size = 1,
    };
    xen_ulong_t idx = from;
    xen_pfn_t gfn = to;
    int err = 0;
    long rc;

    set_xen_guest_handle(b.idxs, &idx);
    set_xen_guest_handle(b.gpfns, &gfn);
    set_xen_guest_handle(b.errs, &err);
    rc = HC2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, &b);
    return rc ? rc : err;
}

/* A page moves to where it is already if there is one. */
static bool page_at(unsigned long gfn)
{
    return move(XENMAPSPACE_gmfn, gfn, gfn) == 0;
}

static long drop_one(unsigned long gfn)
{
    struct xen_remove_from_physmap x = {.domid = DOMID_SELF, .gpfn = gfn};

    return HC2(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, &x);
}

TEST(page_stays_when_it_cannot_move)
{
    CHECK_EQ(reserve(XENMEM_populate_physmap, LONE, 0), 1);
    *(volatile uint64_t *)(LONE << 12) = DATA;
    take_all();
    CHECK(large > 20);

    CHECK_EQ(move(XENMAPSPACE_gmfn, LONE, FAR), -XEN_ENOMEM);
    CHECK(page_at(LONE));
    CHECK(!page_at(FAR));
    CHECK_EQ(move(XENMAPSPACE_gmfn_range, LONE, FAR), -XEN_ENOMEM);
    CHECK(page_at(LONE));
    CHECK_EQ(move_batch(LONE, FAR), -XEN_ENOMEM);
    CHECK(page_at(LONE));
    CHECK_EQ(*(volatile uint64_t *)(LONE << 12), DATA);
}

/* Each large page is split, for the processor and for devices, so that a page can go. */
TEST(give_back)
{
    unsigned long i;

    for (i = 0; i < 16; i++)
        CHECK_EQ(reserve(XENMEM_decrease_reservation, STORE + 512 * i + 7, 0), 1);
    CHECK_EQ(drop_one(STORE + 512 * i + 7), 0);
    CHECK_EQ(reserve(XENMEM_decrease_reservation, STORE + 512 * i + 8, 0), 1);
    print("%lu free\n", free_pages());
    /* What comes back is memory for anything. */
    for (i = 0; i < 17; i++)
        CHECK_EQ(reserve(XENMEM_decrease_reservation, STORE + 512 * i + 100, 0), 1);
    CHECK_EQ(move(XENMAPSPACE_gmfn, LONE, FAR), 0);
    CHECK(page_at(FAR));
    CHECK_EQ(*(volatile uint64_t *)(FAR << 12), DATA);
}
