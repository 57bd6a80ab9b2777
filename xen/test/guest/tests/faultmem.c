/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A domain's memory, as fault.c: pages come, go and move while an allocation fails. Some
 * of it cuts a superpage, which takes a table for the processor, of the domain's pool,
 * and one for its devices. What fails must leave the map as it was: the same is tried
 * again.
 */
#include "fault.h"

#define HIGH  0x80000ul
#define LARGE 0x40000ul /* a page of 2 MiB */

static domid_t other;
static xen_pfn_t list[PAGES];

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
    return add(XENMAPSPACE_grant_table, 4, FAR);
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

#define SHORT_LIST "a list on the stack does, with more rounds"
#define SPARE      "a spare table does, so that memory can be given back at any time"

static const struct fault_op memory[] = {
    /* So does the first list, but a short batch whose first page is missing ends it. */
    {"populate_physmap", with_devices, do_populate, end_domain, .error = -XEN_ENOMEM,
     .unfelt = PAGES, .why = "a batch that is short is followed by another, which tells"},
    {"increase_reservation", with_devices, do_increase, end_domain, .error = -XEN_ENOMEM},
    {"decrease_reservation", with_large, do_decrease, end_domain, .unfelt = 1,
     .why = SPARE},
    {"decrease_reservation, many", with_large, do_decrease_many, end_domain, .unfelt = 2,
     .why = SHORT_LIST ", and " SPARE},
    {"remove_from_physmap", with_large, do_remove, end_domain, .unfelt = 1,
     .why = SPARE},
    {"add_to_physmap, move", with_large, do_move, end_domain, .error = -XEN_ENOMEM,
     .unfelt = 1, .why = SPARE},
    {"add_to_physmap, move over", with_large, do_move_over, end_domain,
     .error = -XEN_ENOMEM},
    {"add_to_physmap, grant table", with_devices, do_place_grant_table, end_domain,
     .error = -XEN_ENOMEM},
    {"add_to_physmap, shared info", with_large, do_place_shared_info, end_domain,
     .error = -XEN_ENOMEM},
    {"add_to_physmap_batch", with_other, do_foreign, end_both, .error = -XEN_ENOMEM,
     .unfelt = 1, .why = SHORT_LIST},
    {"destroydomain", with_large, end_domain, end_domain, .none = true},
};

/* What takes tables of the pool, which is not the heap's. */
static const struct fault_op tables[] = {
    {"populate_physmap", with_devices, do_populate, end_domain, .error = -XEN_ENOMEM},
    {"decrease_reservation", with_large, do_decrease, end_domain, .error = -XEN_ENOMEM},
    {"remove_from_physmap", with_large, do_remove, end_domain, .error = -XEN_ENOMEM},
    {"add_to_physmap, move", with_large, do_move, end_domain, .error = -XEN_ENOMEM},
    {"add_to_physmap, move over", with_large, do_move_over, end_domain,
     .error = -XEN_ENOMEM},
    {"add_to_physmap, grant table", with_devices, do_place_grant_table, end_domain,
     .error = -XEN_ENOMEM},
    {"add_to_physmap, shared info", with_large, do_place_shared_info, end_domain,
     .error = -XEN_ENOMEM},
    {"add_to_physmap_batch", with_other, do_foreign, end_both, .error = -XEN_ENOMEM},
};

static long pool_size(uint32_t cmd, uint64_t *bytes)
{
    struct xen_domctl op = {0};
    long rc;

    op.u.paging_mempool.size = *bytes;
    rc = domctl(&op, cmd, dom);
    *bytes = op.u.paging_mempool.size;
    return rc;
}

/* n tables more than are in use. All that are not go first, and then that is too many. */
static long leave_tables(unsigned int n)
{
    uint64_t size = 0;
    long rc = pool_size(XEN_DOMCTL_set_paging_mempool_size, &size);

    if (rc != -XEN_ENOMEM)
        return rc ?: -XEN_EINVAL;
    rc = pool_size(XEN_DOMCTL_get_paging_mempool_size, &size);
    size += (uint64_t)n << 12;
    return rc ?: pool_size(XEN_DOMCTL_set_paging_mempool_size, &size);
}

/* The operation with n tables; *through: they are enough. */
static bool with_tables(const struct fault_op *op, unsigned int n, bool *through)
{
    long rc, again = 0;

    if (!fault_start(op))
        return false;
    rc = leave_tables(n);
    if (rc) {
        print("%s: pool: %ld\n", op->name, rc);
        return false;
    }
    rc = op->run();
    *through = rc == 0;
    if (rc)
        again = leave_tables(PAGES + 8) ?: op->run();
    if ((rc && rc != op->error) || again)
        print("%s: with %u tables: %ld, then %ld\n", op->name, n, rc, again);
    return fault_end(op) && (!rc || rc == op->error) && !again;
}

static bool each_table(const struct fault_op *op)
{
    bool through = false;
    unsigned int n;
    uint64_t before;
    long used;

    if (!fault_rehearse(op) || !fault_rehearse(op))
        return false;
    at_rest(&before, &used);
    for (n = 0; n < 2 * PAGES && !through; n++)
        if (!with_tables(op, n, &through) || !as_before(before, used)) {
            print("%s: with %u tables something was lost\n", op->name, n);
            return false;
        }
    print("%s: %u tables\n", op->name, n - 1);
    return through && n > 1;
}

TEST(of_memory)
{
    NEEDS_INJECTION();
    CHECK(fault_table(memory, COUNT(memory)));
}

TEST(of_tables)
{
    NEEDS_INJECTION();
    for (unsigned int i = 0; i < COUNT(tables); i++)
        CHECK(each_table(&tables[i]));
}
