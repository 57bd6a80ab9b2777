/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that comes, goes and moves, in batches of several sizes. */
#include "bench.h"

#define BALLOON    0x4000ul /* own memory that goes, to leave room under the limit */
#define SUPERPAGES 8u
#define SPLIT_AT   77u

static const unsigned int sizes[] = {1, 64, 512, 4096};
#define NR_SIZES (sizeof(sizes) / sizeof(sizes[0]))

static xen_pfn_t here[MOST], theirs[MOST], large[SUPERPAGES];
static int errors[MOST];
static domid_t other;

static long reserve(unsigned int cmd, xen_pfn_t *list, unsigned long n,
                    unsigned int order)
{
    struct xen_memory_reservation r = {
        .nr_extents = n, .extent_order = order, .domid = DOMID_SELF};
    long rc;

    set_xen_guest_handle(r.extent_start, list);
    rc = memory_op(cmd, &r);
    return rc == (long)n ? 0 : rc < 0 ? rc : -XEN_ENOMEM;
}

static long come(unsigned long n)
{
    return reserve(XENMEM_populate_physmap, here, n, 0);
}

static long go(unsigned long n)
{
    return reserve(XENMEM_decrease_reservation, here, n, 0);
}

static long come_and_go(unsigned long n)
{
    long rc = come(n);

    return rc ? rc : go(n);
}

static long move(unsigned long from, unsigned long to, unsigned long n)
{
    struct xen_add_to_physmap x = {.domid = DOMID_SELF,
                                   .size = (uint16_t)n,
                                   .space = XENMAPSPACE_gmfn_range,
                                   .idx = from,
                                   .gpfn = to};

    return memory_op(XENMEM_add_to_physmap, &x);
}

static long there_and_back(unsigned long n)
{
    long rc = move(PLACE_A, PLACE_B, n);

    return rc ? rc : move(PLACE_B, PLACE_A, n);
}

static long add_foreign(domid_t id, unsigned long n)
{
    struct xen_add_to_physmap_batch add = {.domid = DOMID_SELF,
                                           .space = XENMAPSPACE_gmfn_foreign,
                                           .size = (uint16_t)n,
                                           .u.foreign_domid = id};
    long rc;

    set_xen_guest_handle(add.idxs, theirs);
    set_xen_guest_handle(add.gpfns, here);
    set_xen_guest_handle(add.errs, errors);
    rc = memory_op(XENMEM_add_to_physmap_batch, &add);
    for (unsigned long i = 0; i < n && !rc; i++)
        rc = errors[i];
    return rc;
}

/* As privcmd does for the toolstack: added in a batch, taken away one by one. */
static long foreign(unsigned long n)
{
    struct xen_remove_from_physmap drop = {.domid = DOMID_SELF};
    long rc = add_foreign(other, n);

    for (unsigned long i = 0; i < n && !rc; i++) {
        drop.gpfn = here[i];
        rc = memory_op(XENMEM_remove_from_physmap, &drop);
    }
    return rc;
}

long see(domid_t id, unsigned long from, unsigned long ours, unsigned int n)
{
    for (unsigned int i = 0; i < n; i++) {
        here[i] = ours + i;
        theirs[i] = from + i;
    }
    return add_foreign(id, n);
}

static long resource(unsigned long frame)
{
    struct xen_mem_acquire_resource ask = {.domid = other,
                                           .type = XENMEM_resource_grant_table,
                                           .nr_frames = 1,
                                           .id = XENMEM_resource_grant_table_id_shared,
                                           .frame = frame};
    struct xen_remove_from_physmap drop = {.domid = DOMID_SELF, .gpfn = here[0]};
    long rc;

    set_xen_guest_handle(ask.frame_list, here);
    rc = memory_op(XENMEM_acquire_resource, &ask);
    return rc ? rc : memory_op(XENMEM_remove_from_physmap, &drop);
}

static long touch(unsigned long n)
{
    for (unsigned long i = 0; i < n; i++)
        *(volatile uint64_t *)(here[i] << 12) = i;
    return 0;
}

static long come_large(unsigned long n)
{
    return reserve(XENMEM_populate_physmap, large, n, 9);
}

static long split(unsigned long n)
{
    long rc = 0;

    for (unsigned long i = 0; i < n && !rc; i++)
        rc = reserve(XENMEM_decrease_reservation, &here[i * 512 + SPLIT_AT], 1, 0);
    return rc;
}

static long go_split(unsigned long n)
{
    long rc = 0;

    for (unsigned long i = 0; i < n && !rc; i++) {
        xen_pfn_t *first = &here[i * 512];

        rc = reserve(XENMEM_decrease_reservation, first, SPLIT_AT, 0);
        if (!rc)
            rc = reserve(XENMEM_decrease_reservation, first + SPLIT_AT + 1,
                         511 - SPLIT_AT, 0);
    }
    return rc;
}

static void name_frames(unsigned long first)
{
    for (unsigned int i = 0; i < MOST; i++) {
        here[i] = first + i;
        theirs[i] = THEIRS + i;
    }
    for (unsigned int i = 0; i < SUPERPAGES; i++)
        large[i] = first + i * 512;
}

TEST(room)
{
    name_frames(BALLOON);
    CHECK_EQ(go(MOST), 0);
    name_frames(BALLOON + MOST);
    CHECK_EQ(go(512), 0);
    name_frames(PLACE_A);
}

/* Repeated so that a sample is long against the reading of the counter. */
static unsigned int enough(unsigned int n)
{
    return n < 64 ? 64 / n : n < 512 ? 8 : 2;
}

TEST(batches)
{
    for (unsigned int i = 0; i < NR_SIZES; i++)
        measure(&(struct row){.name = named("populate_decrease", sizes[i]),
                              .run = come_and_go,
                              .arg = sizes[i],
                              .repeat = enough(sizes[i])});
    for (unsigned int i = 0; i < NR_SIZES; i++)
        measure(&(struct row){.name = named("move_and_back", sizes[i]),
                              .prepare = come,
                              .finish = go,
                              .run = there_and_back,
                              .arg = sizes[i],
                              .repeat = enough(sizes[i])});
}

/* The same by doubling sizes, to see how it grows. */
TEST(growth_of_batches)
{
    if (!in_control())
        return;
    for (unsigned int n = 64; n <= MOST; n *= 2)
        measure(&(struct row){.name = named("growth_batch", n),
                              .prepare = come,
                              .finish = go,
                              .run = there_and_back,
                              .arg = n,
                              .repeat = 2,
                              .samples = 5});
}

TEST(mappings)
{
    long rc;

    if (!in_control())
        return;
    rc = other_domain(&other);
    for (unsigned int i = 0; i < NR_SIZES; i++) {
        const char *name = named("foreign_map_unmap", sizes[i]);

        if (rc)
            skip(name, rc);
        else
            measure(&(struct row){.name = name,
                                  .run = foreign,
                                  .arg = sizes[i],
                                  .repeat = enough(sizes[i])});
    }
    if (rc)
        skip("resource_map_unmap", rc);
    else
        measure(
            &(struct row){.name = "resource_map_unmap", .run = resource, .repeat = 64});
}

TEST(pages)
{
    measure(&(struct row){.name = "first_touch",
                          .prepare = come,
                          .finish = go,
                          .run = touch,
                          .arg = MOST,
                          .repeat = 1,
                          .ops = MOST});
    measure(&(struct row){.name = "superpage_split",
                          .prepare = come_large,
                          .finish = go_split,
                          .run = split,
                          .arg = SUPERPAGES,
                          .repeat = 1,
                          .ops = SUPERPAGES});
}
