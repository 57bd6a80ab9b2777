/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flush before put, proven with a device (XSA-346): the pages of others. A domain lends
 * us pages, by the toolstack's right or by grants, and has them back while a device of
 * ours writes there; or the device is its own and it loses that, or its life. See dma.h.
 */
#include "dma.h"

#define GRANT_FRAMES    (MOST - 1)
#define HOLE            0x40000ul   /* of the machine: beyond its RAM, below devices */

static struct party donor, victim;
static struct gnttab_map_grant_ref over[MOST];
static struct gnttab_map_grant_ref under[MOST];

/* Its grant table can be as large as the largest batch; two frames appear at gfn. */
static long create_donor(struct party *p, unsigned long gfn, uint32_t flags)
{
    struct xen_domctl op;
    long rc;

    config(&op, 1);
    op.u.createdomain.flags |= flags;
    op.u.createdomain.max_grant_frames = GRANT_FRAMES;
    rc = domctl(&op, XEN_DOMCTL_createdomain, 0);
    p->id = op.domain;
    return rc ? rc : furnish(p, gfn);
}

TEST(set_stage)
{
    CHECK_EQ(set_stage(), 0);
    CHECK_EQ(create_donor(&donor, TABLES + 4, 0), 0);
}

/* --- what the ways are made of: the donor's pages are 0 to n ----------------------- */

static long donor_fill(unsigned int n)
{
    return reserve(XENMEM_populate_physmap, donor.id, 0, n) - (long)n;
}

static long donor_empty(unsigned int n)
{
    return reserve(XENMEM_decrease_reservation, donor.id, 0, n) - (long)n;
}

static long see_foreign(domid_t dom, unsigned long from, unsigned long to, unsigned int n)
{
    return place_batch(XENMAPSPACE_gmfn_foreign, dom, from, to, n);
}

static long drop_all(unsigned int n)
{
    long rc = 0;

    for (unsigned int i = 0; i < n && !rc; i++)
        rc = drop_page(first + i);
    return rc;
}

/* p's pages from gfn on appear at to, by one batch of grants. */
static long map_grants(struct gnttab_map_grant_ref *m, const struct party *p,
                       unsigned long gfn, unsigned long to, unsigned int n)
{
    long rc;

    for (unsigned int i = 0; i < n; i++) {
        lend(p, FIRST_REF + i, gfn + i);
        m[i] = (struct gnttab_map_grant_ref){
            .host_addr = (to + i) << 12, .flags = GNTMAP_host_map, .ref = FIRST_REF + i,
            .dom = p->id, .status = 99,
        };
    }
    rc = HC(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, m, n, 0, 0);
    for (unsigned int i = 0; i < n && !rc; i++)
        rc = m[i].status;
    return rc;
}

static long unmap_grants(const struct gnttab_map_grant_ref *m, unsigned int n)
{
    static struct gnttab_unmap_grant_ref u[MOST];
    long rc;

    for (unsigned int i = 0; i < n; i++)
        u[i] = (struct gnttab_unmap_grant_ref){
            .host_addr = m[i].host_addr, .handle = m[i].handle, .status = 99,
        };
    rc = HC(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, u, n, 0, 0);
    for (unsigned int i = 0; i < n && !rc; i++)
        rc = u[i].status;
    return rc;
}

/* --- foreign mappings --------------------------------------------------------------- */

static long fill_foreign(unsigned int n)
{
    long rc = donor_fill(n);

    return rc ? rc : see_foreign(donor.id, 0, first, n);
}

TEST(foreign_removed)
{
    static const struct way w = {
        .prepare = fill_foreign, .take = drop_all, .give = donor_empty, .owner = &donor,
    };

    CHECK(lost(&w, 1, 0));
    CHECK(lost(&w, 17, 16));
    CHECK(lost(&w, 513, 512));
}

/* The donor has a second set of pages, which takes the place of the first. */
static long fill_foreign_twice(unsigned int n)
{
    long rc = fill_foreign(n);

    return rc ? rc : reserve(XENMEM_populate_physmap, donor.id, 2 * MOST, n) - (long)n;
}

static long foreign_over(unsigned int n)
{
    return see_foreign(donor.id, 2 * MOST, first, n);
}

static long drop_second(unsigned int n)
{
    long rc = drop_all(n);

    return rc ? rc
              : reserve(XENMEM_decrease_reservation, donor.id, 2 * MOST, n) - (long)n;
}

TEST(foreign_replaced)
{
    static const struct way w = {
        .prepare = fill_foreign_twice, .take = foreign_over, .give = donor_empty,
        .owner = &donor, .replaced = true, .clean = drop_second,
    };

    CHECK(lost_in_batches(&w));
}

static long fill_both(unsigned int n)
{
    long rc = ours_populate(first, n);

    return rc ? rc : donor_fill(n);
}

static long foreign_over_ram(unsigned int n)
{
    return see_foreign(donor.id, 0, first, n);
}

static long drop_foreign(unsigned int n)
{
    long rc = drop_all(n);

    return rc ? rc : donor_empty(n);
}

TEST(replaced_by_foreign)
{
    static const struct way w = {
        .prepare = fill_both, .take = foreign_over_ram, .owner = &self, .at = &first,
        .replaced = true, .clean = drop_foreign,
    };

    CHECK(lost_in_batches(&w));
}

/* --- grants ------------------------------------------------------------------------- */

static long fill_granted(unsigned int n)
{
    long rc = donor_fill(n);

    return rc ? rc : map_grants(over, &donor, 0, first, n);
}

static long end_grants(unsigned int n)
{
    return unmap_grants(over, n);
}

TEST(grants_unmapped)
{
    static const struct way w = {
        .prepare = fill_granted, .take = end_grants, .give = donor_empty,
        .owner = &donor,
    };

    CHECK(lost_in_batches(&w));
}

/* Our page below stays ours, without a place: a grant to ourselves shows it. */
static long fill_and_show(unsigned int n)
{
    long rc = fill_both(n);

    return rc ? rc : map_grants(under, &self, first, again, n);
}

static long grants_over(unsigned int n)
{
    return map_grants(over, &donor, 0, first, n);
}

static long end_all_grants(unsigned int n)
{
    long rc = unmap_grants(over, n);

    rc = rc ? rc : unmap_grants(under, n);
    return rc ? rc : donor_empty(n);
}

TEST(replaced_by_grants)
{
    static const struct way w = {
        .prepare = fill_and_show, .take = grants_over, .owner = &self, .at = &first,
        .kept = &again, .replaced = true, .clean = end_all_grants,
    };

    CHECK(lost_in_batches(&w));
}

/* --- resources ---------------------------------------------------------------------- */

static long fill_ours(unsigned int n)
{
    return ours_populate(first, n);
}

/* The donor's grant table takes the place of RAM. */
static long resource_over(unsigned int n)
{
    return see_table(donor.id, first, n);
}

TEST(replaced_by_resource)
{
    static const struct way w = {
        .prepare = fill_ours, .take = resource_over, .owner = &self, .at = &first,
        .clean = drop_all, .replaced = true,
    };

    CHECK(lost_in_batches(&w));
}

/* --- device memory ------------------------------------------------------------------ */

/* In pieces, as the toolstack does it. */
static long device_memory(unsigned long mfn, unsigned int n, bool add)
{
    long rc = 0;

    for (unsigned int done = 0; done < n && !rc; done += 64) {
        struct xen_domctl op = {0};

        op.u.memory_mapping.first_gfn = first + done;
        op.u.memory_mapping.first_mfn = mfn + done;
        op.u.memory_mapping.nr_mfns = n - done < 64 ? n - done : 64;
        op.u.memory_mapping.add_mapping = add ? DPCI_ADD_MAPPING : DPCI_REMOVE_MAPPING;
        rc = domctl(&op, XEN_DOMCTL_memory_mapping, 0);
    }
    return rc;
}

static long device_memory_after_ram(unsigned int n)
{
    long rc = ours_decrease(first, n);

    return rc ? rc : device_memory(HOLE, n, true);
}

static long end_device_memory(unsigned int n)
{
    return device_memory(HOLE, n, false);
}

/* A frame number passes from RAM to device memory, which devices do not see. */
TEST(device_memory_after_ram)
{
    static const struct way w = {
        .prepare = fill_ours, .take = device_memory_after_ram, .owner = &self,
        .at = &first, .clean = end_device_memory,
    };

    CHECK(lost_in_batches(&w));
}

/* It is for CPUs only; taking it away during DMA leaves the place fit for RAM. */
static bool registers_unreached(unsigned int n, unsigned int i)
{
    unsigned long mfn = (edu_config_read(devfn, 0x10) >> 12) - i;

    next_place();
    if (failed(n, "map", device_memory(mfn, n, true)))
        return false;
    if (n == 1 && !fault_shown(first, true))
        return false;
    dma_begin(first + i);
    if (failed(n, "unmap", device_memory(mfn, n, false)))
        return false;
    in_flight += edu_busy(regs);
    return edu_end(regs) && !ours_populate(first, n) && warm(first + i) &&
           !ours_decrease(first, n);
}

TEST(device_memory_unreached)
{
    for (unsigned int k = 0; k < sizeof(batches) / sizeof(batches[0]); k++)
        if (batches[k].i == batches[k].n - 1)
            CHECK(registers_unreached(batches[k].n, batches[k].i));
}

/* --- the device goes, or its domain ------------------------------------------------- */

static long fill_victim(unsigned int n)
{
    long rc = create_donor(&victim, TABLES + 6, XEN_DOMCTL_CDF_iommu);

    if (!rc)
        rc = reserve(XENMEM_populate_physmap, victim.id, first, n) - (long)n;
    rc = rc ? rc : see_foreign(victim.id, first, first, n);
    return rc ? rc : assign_device(victim.id, devfn);
}

static long destroy(unsigned int n)
{
    long rc = drop_all(n);

    return rc ? rc : simple(XEN_DOMCTL_destroydomain, victim.id);
}

/* The device is ours again, and all else of the victim gone. */
static long recover(unsigned int n)
{
    long rc = drop_page(TABLES + 6);

    (void)n;
    rc = rc ? rc : drop_page(TABLES + 7);
    rc = rc ? rc : deassign_device(DOMID_IO, devfn);
    edu_config_write(devfn, 4, edu_config_read(devfn, 4) | 6);
    return rc;
}

TEST(domain_destroyed)
{
    static const struct way w = {
        .prepare = fill_victim, .take = destroy, .owner = &victim, .at = &first,
        .device_too = true, .clean = recover,
    };

    CHECK(lost_in_batches(&w));
}

static long deassign(unsigned int n)
{
    (void)n;
    return deassign_device(victim.id, devfn);
}

static long destroy_and_recover(unsigned int n)
{
    long rc = destroy(n);

    return rc ? rc : recover(n);
}

/* The victim keeps its pages, and we see them. */
TEST(device_deassigned)
{
    static const struct way w = {
        .prepare = fill_victim, .take = deassign, .owner = &victim, .at = &first,
        .kept = &first, .device_too = true, .clean = destroy_and_recover,
    };

    CHECK(lost_in_batches(&w));
}

TEST(was_in_flight)
{
    print("%u transfers were under way when the page went\n", in_flight);
    CHECK(in_flight > 0);
}
