/* SPDX-License-Identifier: GPL-2.0-only */
/* Other domains as a toolstack sees them: memory moved, with a device and without; death.
 */
#include "../guest/tests/edu.h"
#include "bench.h"

#define LARGEST  8192u /* pages of a domain that dies */
#define SMALLEST 1024u
#define POLLS    1000000u /* looks at the free memory until it counts as lost */

static const unsigned int sizes[] = {1, 64, 512, 4096};
#define NR_SIZES (sizeof(sizes) / sizeof(sizes[0]))

static domid_t target;
static uint64_t before;

static long move(unsigned long from, unsigned long to, unsigned long n)
{
    struct xen_add_to_physmap x = {.domid = target,
                                   .size = (uint16_t)n,
                                   .space = XENMAPSPACE_gmfn_range,
                                   .idx = from,
                                   .gpfn = to};

    return memory_op(XENMEM_add_to_physmap, &x);
}

static long there_and_back(unsigned long n)
{
    long rc = move(THEIRS, PLACE_A, n);

    return rc ? rc : move(PLACE_A, THEIRS, n);
}

static long make(bool with_device, domid_t *id)
{
    struct xen_domctl op;
    unsigned int devfn;
    long rc;

    config(&op, 1);
    if (with_device)
        op.u.createdomain.flags |= XEN_DOMCTL_CDF_iommu;
    rc = domctl(&op, XEN_DOMCTL_createdomain, 0);
    *id = op.domain;
    if (!rc)
        rc = give(*id, THEIRS, MOST);
    if (rc || !with_device)
        return rc;
    devfn = edu_devfn();
    if (devfn > 255)
        return -XEN_ENODEV;
    memset(&op, 0, sizeof(op));
    op.u.assign_device.dev = XEN_DOMCTL_DEV_PCI;
    op.u.assign_device.u.pci.machine_sbdf = devfn;
    return domctl(&op, XEN_DOMCTL_assign_device, *id);
}

/* Once more between two lines, for whoever watches the IOMMU from outside. */
static void show_flushes(const char *name, unsigned int n)
{
    if (!wanted(name))
        return;
    there_and_back(n);
    print("FLUSHES %s begin\n", name);
    there_and_back(n);
    print("FLUSHES %s end\n", name);
}

static void moves(bool with_device)
{
    const char *what = with_device ? "move_other_device" : "move_other";
    bool any = false;
    long rc;

    for (unsigned int i = 0; i < NR_SIZES; i++)
        any = any || wanted(named(what, sizes[i]));
    if (!any)
        return;
    rc = make(with_device, &target);
    for (unsigned int i = 0; i < NR_SIZES; i++) {
        const char *name = named(what, sizes[i]);

        if (rc) {
            skip(name, rc);
            continue;
        }
        measure(&(struct row){.name = name,
                              .run = there_and_back,
                              .arg = sizes[i],
                              .repeat = sizes[i] < 64 ? 64 : 2});
        if (with_device)
            show_flushes(name, sizes[i]);
    }
    if (target)
        simple(XEN_DOMCTL_destroydomain, target);
}

TEST(moves)
{
    if (!in_control())
        return;
    moves(false);
    moves(true);
}

static long born(unsigned long pages)
{
    long rc;

    before = free_pages();
    rc = create(1, &target);
    if (!rc)
        rc = max_vcpus(target, 1);
    return rc ? rc : give(target, THEIRS, (unsigned int)pages);
}

/* Until the memory is back, for much of it is given back behind our back. */
static long dies(unsigned long pages)
{
    long rc = simple(XEN_DOMCTL_destroydomain, target);

    (void)pages;
    for (unsigned int i = 0; i < POLLS && !rc; i++) {
        if (free_pages() >= before)
            return 0;
    }
    return rc ? rc : -XEN_ETIMEDOUT;
}

TEST(deaths)
{
    if (!in_control())
        return;
    for (unsigned int n = SMALLEST; n <= LARGEST; n *= 2)
        measure(&(struct row){.name = named("growth_destroy", n),
                              .prepare = born,
                              .run = dies,
                              .arg = n,
                              .repeat = 1,
                              .samples = 3});
}
