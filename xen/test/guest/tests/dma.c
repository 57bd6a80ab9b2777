/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flush before put, proven with a device (XSA-346): each way in which a domain can lose a
 * page of its own while a device of its own writes there. See dma.h; dmaother.c has the
 * pages of others.
 */
#include "dma.h"

TEST(dma_works)
{
    CHECK_EQ(set_stage(), 0);
    CHECK_EQ(ours_populate(first, 2), 0);
    CHECK(warm(first));
    CHECK(warm(first + 1));
    CHECK_EQ(ours_decrease(first, 2), 0);
    CHECK(fault_shown(first, true));
}

/* --- what the ways are made of ----------------------------------------------------- */

static long fill(unsigned int n)
{
    return ours_populate(first, n);
}

static long empty(unsigned int n)
{
    return ours_decrease(first, n);
}

static long move(unsigned long from, unsigned long to, unsigned int n)
{
    struct xen_add_to_physmap x = {
        .domid = DOMID_SELF, .size = (uint16_t)n, .space = XENMAPSPACE_gmfn_range,
        .idx = from, .gpfn = to,
    };

    return memory_op(XENMEM_add_to_physmap, &x);
}

/* --- given back -------------------------------------------------------------------- */

TEST(given_back)
{
    static const struct way w = {
        .prepare = fill, .take = empty, .owner = &self, .at = &first,
    };

    CHECK(lost_in_batches(&w));
}

/* --- moved ------------------------------------------------------------------------- */

static long move_away(unsigned int n)
{
    return move(first, again, n);
}

/* The new place works. */
static long use_and_drop(unsigned int n)
{
    return warm(again + n - 1) ? ours_decrease(again, n) : -XEN_EIO;
}

TEST(moved_by_range)
{
    static const struct way w = {
        .prepare = fill, .take = move_away, .owner = &self, .at = &first, .kept = &again,
        .clean = use_and_drop,
    };

    CHECK(lost_in_batches(&w));
}

static long move_singly(unsigned int n)
{
    long rc = 0;

    for (unsigned int i = 0; i < n && !rc; i++) {
        struct xen_add_to_physmap x = {
            .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn, .idx = first + i,
            .gpfn = again + i,
        };

        rc = memory_op(XENMEM_add_to_physmap, &x);
    }
    return rc;
}

TEST(moved_singly)
{
    static const struct way w = {
        .prepare = fill, .take = move_singly, .owner = &self, .at = &first,
        .kept = &again, .clean = use_and_drop,
    };

    CHECK(lost(&w, 1, 0));
    CHECK(lost(&w, 16, 15));
}

static long move_batch(unsigned int n)
{
    return place_batch(XENMAPSPACE_gmfn, DOMID_SELF, first, again, n);
}

TEST(moved_by_batch)
{
    static const struct way w = {
        .prepare = fill, .take = move_batch, .owner = &self, .at = &first, .kept = &again,
        .clean = use_and_drop,
    };

    CHECK(lost_in_batches(&w));
}

/* --- replaced ---------------------------------------------------------------------- */

static long fill_both(unsigned int n)
{
    long rc = ours_populate(first, n);

    return rc ? rc : ours_populate(source, n);
}

static long move_over(unsigned int n)
{
    return move(source, first, n);
}

TEST(replaced_by_moved)
{
    static const struct way w = {
        .prepare = fill_both, .take = move_over, .owner = &self, .at = &first,
        .replaced = true, .clean = empty,
    };

    CHECK(lost_in_batches(&w));
}

TEST(replaced_by_new)
{
    static const struct way w = {
        .prepare = fill, .take = fill, .owner = &self, .at = &first, .replaced = true,
        .clean = empty,
    };

    /* Of each batch the last: the others come back as the next page's new frame. */
    for (unsigned int k = 0; k < sizeof(batches) / sizeof(batches[0]); k++)
        if (batches[k].i == batches[k].n - 1)
            CHECK(lost(&w, batches[k].n, batches[k].i));
}

/* --- removed ----------------------------------------------------------------------- */

/* The page stays ours, without a place: a grant to ourselves shows it. */
static struct gnttab_map_grant_ref shown[16];

static long fill_and_show(unsigned int n)
{
    long rc = ours_populate(first, n);

    for (unsigned int i = 0; i < n && !rc; i++) {
        lend(&self, FIRST_REF + i, first + i);
        shown[i] = (struct gnttab_map_grant_ref){
            .host_addr = (again + i) << 12, .flags = GNTMAP_host_map,
            .ref = FIRST_REF + i, .dom = 0, .status = 99,
        };
        rc = HC(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, &shown[i], 1, 0, 0);
        rc = rc ? rc : shown[i].status;
    }
    return rc;
}

static long remove_singly(unsigned int n)
{
    long rc = 0;

    for (unsigned int i = 0; i < n && !rc; i++)
        rc = drop_page(first + i);
    return rc;
}

static long hide(unsigned int n)
{
    long rc = 0;

    for (unsigned int i = 0; i < n && !rc; i++) {
        struct gnttab_unmap_grant_ref u = {
            .host_addr = shown[i].host_addr, .handle = shown[i].handle,
        };

        rc = HC(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, &u, 1, 0, 0);
        rc = rc ? rc : u.status;
    }
    return rc;
}

TEST(removed)
{
    static const struct way w = {
        .prepare = fill_and_show, .take = remove_singly, .owner = &self, .at = &first,
        .kept = &again, .clean = hide,
    };

    CHECK(lost(&w, 1, 0));
    CHECK(lost(&w, 16, 15));
}

/* --- out of a superpage ------------------------------------------------------------- */

static long fill_large(unsigned int n)
{
    struct xen_memory_reservation r = {.nr_extents = 1, .extent_order = 9,
                                       .domid = DOMID_SELF};
    xen_pfn_t gfn = first;

    (void)n;
    set_xen_guest_handle(r.extent_start, &gfn);
    return memory_op(XENMEM_populate_physmap, &r) - 1;
}

/* The neighbours of what went can be reached. */
static long empty_large(unsigned int n)
{
    if (n < 512 && !warm(first + n))
        return -XEN_EIO;
    return n < 512 ? ours_decrease(first + n, 512 - n) : 0;
}

TEST(split_by_decrease)
{
    static const struct way w = {
        .prepare = fill_large, .take = empty, .owner = &self, .at = &first,
        .clean = empty_large,
    };

    for (unsigned int k = 0; k < sizeof(batches) / sizeof(batches[0]); k++)
        if (batches[k].n <= 512)
            CHECK(lost(&w, batches[k].n, batches[k].i));
}

static long decrease_large(unsigned int n)
{
    struct xen_memory_reservation r = {.nr_extents = 1, .extent_order = 9,
                                       .domid = DOMID_SELF};
    xen_pfn_t gfn = first;

    (void)n;
    set_xen_guest_handle(r.extent_start, &gfn);
    return memory_op(XENMEM_decrease_reservation, &r) - 1;
}

TEST(superpage_given_back)
{
    static const struct way w = {
        .prepare = fill_large, .take = decrease_large, .owner = &self, .at = &first,
    };

    CHECK(lost(&w, 512, 0));
    CHECK(lost(&w, 512, 511));
}

static long move_and_keep_rest(unsigned int n)
{
    long rc = use_and_drop(n);

    return rc ? rc : empty_large(n);
}

TEST(split_by_move)
{
    static const struct way w = {
        .prepare = fill_large, .take = move_away, .owner = &self, .at = &first,
        .kept = &again, .clean = move_and_keep_rest,
    };

    CHECK(lost(&w, 1, 0));
    CHECK(lost(&w, 17, 16));
    CHECK(lost(&w, 512, 511));
}

static long empty_all(unsigned int n)
{
    (void)n;
    return ours_decrease(first, 512);
}

TEST(split_by_new)
{
    static const struct way w = {
        .prepare = fill_large, .take = fill, .owner = &self, .at = &first,
        .replaced = true, .clean = empty_all,
    };

    CHECK(lost(&w, 1, 0));
    CHECK(lost(&w, 17, 16));
    CHECK(lost(&w, 512, 511));
}

/* --- exchanged --------------------------------------------------------------------- */

/* Refused for guests that do not see machine frames, and then nothing may move. */
TEST(exchanged)
{
    xen_pfn_t in, out;
    struct xen_memory_exchange ex = {
        .in = {.nr_extents = 1, .domid = DOMID_SELF},
        .out = {.nr_extents = 1, .domid = DOMID_SELF},
    };
    uint64_t frame;

    next_place();
    in = first;
    out = first + 1;
    CHECK_EQ(ours_populate(first, 1), 0);
    frame = bus_address(&self, first);
    CHECK(warm(first));
    memset((void *)at(first), 0, 4096);
    dma_begin(first);
    set_xen_guest_handle(ex.in.extent_start, &in);
    set_xen_guest_handle(ex.out.extent_start, &out);
    CHECK_EQ(memory_op(XENMEM_exchange, &ex), -XEN_EOPNOTSUPP);
    CHECK_EQ(ex.nr_exchanged, 0);
    CHECK_EQ(bus_address(&self, first), frame);
    CHECK_EQ(bus_address(&self, first + 1), NOWHERE);
    CHECK(edu_end(regs));
    CHECK(is_marked(first));
    CHECK_EQ(ours_decrease(first, 1), 0);
}

/* --- moved, and taken from the new place by another CPU ----------------------------- */

static volatile unsigned int racing, races;

static void racer(unsigned int n)
{
    static xen_pfn_t gfn;
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};

    set_xen_guest_handle(r.extent_start, &gfn);
    while (racing) {
        for (unsigned int i = 0; i < 16 && racing; i++) {
            gfn = again + i;
            memory_op(XENMEM_decrease_reservation, &r);
        }
        races++;
    }
    (void)n;
}

/* From now on the other CPU has looked at each place. */
static long wait_for_race(unsigned int n)
{
    unsigned int before = races;

    (void)n;
    return SOON(races - before >= 2) ? 0 : -XEN_ETIMEDOUT;
}

TEST(moved_and_raced)
{
    static const struct way w = {
        .prepare = fill, .take = move_away, .give = wait_for_race, .owner = &self,
        .at = &first,
    };
    bool ok = true;

    if (cpu_count() < 2)
        return;
    racing = 1;
    CHECK(cpu_start(1, racer));
    for (unsigned int round = 0; round < 5 && ok; round++)
        ok = lost(&w, 16, 15 - 3 * round);
    racing = 0;
    CHECK(cpu_ends(1));
    CHECK(ok);
}

TEST(was_in_flight)
{
    print("%u transfers were under way when the page went\n", in_flight);
    CHECK(in_flight > 0);
}

/*
 * Last, for the unit does not come back. We live on with a device that may use what it
 * remembers: of a page of ours that we give back, and of another's that we had mapped and
 * that its owner gives back after us. All of the heap goes to the heir: neither is in it.
 */
TEST(unit_lost)
{
    const unsigned long theirs = 20000;
    uint64_t own, other;

    NEEDS_INJECTION();
    next_place();
    CHECK_EQ(ours_populate(first, 1), 0);
    CHECK_EQ(reserve(XENMEM_populate_physmap, heir.id, theirs, 1), 1);
    CHECK_EQ(see_page(heir.id, theirs, VIEW), 0);
    own = bus_address(&self, first);
    other = bus_address(&heir, theirs);
    CHECK(own != NOWHERE && other != NOWHERE);
    CHECK(warm(first) && warm(VIEW));
    CHECK_EQ(HC2(HYPERVISOR_TEST_OP, TESTOP_STALL_IOMMU, 1), 0);
    CHECK_EQ(ours_decrease(first, 1), 0);
    drop_page(VIEW);
    CHECK_EQ(reserve(XENMEM_decrease_reservation, heir.id, theirs, 1), 1);
    CHECK(!inherit(own));
    CHECK(heir_pages > 5000 && free_pages() < 32);
    for (unsigned int i = 0; i < heir_pages; i++)
        CHECK(bus_address(&heir, i) != other);
    dma_begin(first);
    CHECK(edu_end(regs));
    dma_begin(VIEW);
    CHECK(edu_end(regs));
    disinherit();
}
