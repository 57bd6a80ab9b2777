/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices change hands. What would be wrong: an errno that lies, a device that still
 * reaches the memory of a domain it was taken from, or one that is lost.
 */
#include <xen/test_op.h>
#include "passthrough.h"
#include "refusal.h"

#define WINDOW  0x70000ul /* where the registers appear for us, whoever has the device */
#define THEIRS  0x100ul     /* a page of the domain's */
#define VIEW    0x60000ul   /* where we see it */

static unsigned int devfn, rounds;
static const uintptr_t regs = WINDOW << 12;
static volatile uint64_t ours[512] __attribute__((aligned(4096)));

static long assign(domid_t dom)
{
    return assign_device(dom, devfn);
}

static long deassign(domid_t dom)
{
    return deassign_device(dom, devfn);
}

/* Does the device's write to our page arrive? */
static bool reaches_us(void)
{
    ours[0] = 0x1111;
    ours[8] = 0;
    if (!edu_dma(regs, (uintptr_t)ours, EDU_BUFFER) ||
        !edu_dma(regs, EDU_BUFFER, (uintptr_t)&ours[8]))
        return false;
    return ours[8] == 0x1111;
}

static bool untouched_by_device(void)
{
    ours[8] = 0x2222;
    return edu_dma(regs, EDU_BUFFER, (uintptr_t)&ours[8]) && ours[8] == 0x2222;
}

TEST(find_device)
{
    devfn = edu_devfn();
    CHECK(devfn < 256);
    edu_config_write(devfn, 4, edu_config_read(devfn, 4) | 6);
    CHECK_EQ(map_registers(devfn, WINDOW), 0);
    CHECK(reaches_us());
}

TEST(refusals)
{
    struct xen_domctl op = {0};
    domid_t plain, with;

    CHECK_EQ(create(1, &plain), 0);
    CHECK_EQ(create_with_iommu(1, &with), 0);
    CHECK_EQ(device_op(XEN_DOMCTL_test_assign_device, with, 0xff00), -XEN_EINVAL);
    CHECK_EQ(device_op(XEN_DOMCTL_assign_device, with, 0xff00), -XEN_ENODEV);
    CHECK_EQ(device_op(XEN_DOMCTL_deassign_device, with, 0xff00), -XEN_ENODEV);
    CHECK_EQ(assign(0x7000), -XEN_ESRCH);
    CHECK_EQ(deassign(0x7000), -XEN_ESRCH);
    CHECK_EQ(assign(plain), -XEN_EOPNOTSUPP);
    CHECK_EQ(deassign(with), -XEN_ENODEV);
    CHECK_EQ(deassign(DOMID_IO), -XEN_ENODEV);
    op.u.assign_device.dev = XEN_DOMCTL_DEV_DT;
    CHECK_EQ(domctl(&op, XEN_DOMCTL_assign_device, with), -XEN_EINVAL);
    op.u.assign_device.dev = XEN_DOMCTL_DEV_PCI;
    op.u.assign_device.flags = 0x80;
    CHECK_EQ(domctl(&op, XEN_DOMCTL_assign_device, with), -XEN_EINVAL);
    CHECK_EQ(device_op(XEN_DOMCTL_test_assign_device, with, devfn), 0);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, plain), 0);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, with), 0);
    CHECK(reaches_us());
}

/* The first time our own maps grow tables for VIEW, so the second is what counts. */
static void change_hands(void)
{
    uint64_t before = free_pages();
    volatile uint64_t *view = (volatile uint64_t *)(VIEW << 12);
    domid_t a, b;

    CHECK_EQ(create_with_iommu(1, &a), 0);
    CHECK_EQ(create_with_iommu(1, &b), 0);
    CHECK_EQ(populate(a, THEIRS, 1), 1);
    ours[0] = 0xabcd;
    CHECK(edu_dma(regs, (uintptr_t)ours, EDU_BUFFER));
    CHECK_EQ(assign(a), 0);
    CHECK_EQ(edu_config_read(devfn, 0), 0xffffffffu);
    CHECK(untouched_by_device());
    /* It reaches what the domain has, at the domain's addresses. */
    CHECK_EQ(see_page(a, THEIRS, VIEW), 0);
    view[0] = 0;
    CHECK(edu_dma(regs, EDU_BUFFER, THEIRS << 12));
    CHECK_EQ(view[0], 0xabcd);

    CHECK_EQ(assign(a), -XEN_EBUSY);
    CHECK_EQ(assign(b), -XEN_EBUSY);
    CHECK_EQ(device_op(XEN_DOMCTL_test_assign_device, b, devfn), -XEN_EINVAL);
    CHECK_EQ(deassign(b), -XEN_ENODEV);
    CHECK_EQ(deassign(a), 0);
    CHECK_EQ(deassign(a), -XEN_ENODEV);
    /* In quarantine it reaches nobody. */
    view[0] = 0x3333;
    CHECK(edu_dma(regs, EDU_BUFFER, THEIRS << 12));
    CHECK_EQ(view[0], 0x3333);
    CHECK(untouched_by_device());
    CHECK_EQ(assign(b), 0);
    CHECK(edu_dma(regs, EDU_BUFFER, THEIRS << 12));
    CHECK_EQ(view[0], 0x3333);
    CHECK_EQ(deassign(b), 0);
    CHECK_EQ(deassign(DOMID_IO), 0);
    CHECK_EQ(edu_config_read(devfn, 0), EDU_ID);
    edu_config_write(devfn, 4, edu_config_read(devfn, 4) | 6);
    CHECK(reaches_us());

    CHECK_EQ(drop_page(VIEW), 0);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, a), 0);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, b), 0);
    if (rounds++)
        CHECK(free_again(before));
}

TEST(change_hands)
{
    change_hands();
}

TEST(change_hands_again)
{
    change_hands();
}

TEST(death_of_owner)
{
    uint64_t before = free_pages();
    domid_t id;

    for (unsigned int n = 0; n < 3; n++) {
        CHECK_EQ(create_with_iommu(1, &id), 0);
        CHECK_EQ(max_vcpus(id, 1), 0);
        CHECK_EQ(populate(id, THEIRS, 64), 64);
        CHECK_EQ(assign(id), 0);
        CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
        CHECK(untouched_by_device());
        CHECK_EQ(deassign(DOMID_IO), 0);
        edu_config_write(devfn, 4, edu_config_read(devfn, 4) | 6);
        CHECK(reaches_us());
        /* The device is back, so what it costs is as well. */
        CHECK(free_again(before));
    }
    /* And by the toolstack's way into quarantine. */
    CHECK_EQ(assign(DOMID_IO), 0);
    CHECK(untouched_by_device());
    CHECK_EQ(deassign(DOMID_IO), 0);
    CHECK(reaches_us());
}

/* The domain has been destroyed, but we still have a page of it. */
TEST(dying_domain)
{
    domid_t id;
    long rc;

    CHECK_EQ(create_with_iommu(1, &id), 0);
    CHECK_EQ(populate(id, THEIRS, 1), 1);
    CHECK_EQ(see_page(id, THEIRS, VIEW), 0);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
    rc = assign(id);
    CHECK(rc == -XEN_EINVAL || rc == -XEN_ESRCH);
    CHECK(reaches_us());
    CHECK_EQ(drop_page(VIEW), 0);
    CHECK_EQ(assign(id), -XEN_ESRCH);
    CHECK(reaches_us());
}

static void begin_dma(uint64_t target)
{
    EDU_REG(regs, 0x80) = EDU_BUFFER;
    EDU_REG(regs, 0x88) = target;
    EDU_REG(regs, 0x90) = EDU_BYTES;
    EDU_REG(regs, 0x98) = 3;
}

/* Whether it was still under way, and has ended since. */
static bool end_dma(void)
{
    bool late = edu_busy(regs);

    return edu_end(regs) && late;
}

/*
 * The device is taken while it writes to a page whose translation is in the IOTLB: by
 * deassignment, and by the death of its domain. Retried when the machine was so slow
 * that the transfer was over first.
 */
static void taken_during_dma(bool by_death)
{
    volatile uint64_t *view = (volatile uint64_t *)(VIEW << 12);
    bool late = false;

    for (unsigned int n = 0; n < 100 && !late; n++) {
        domid_t id;

        CHECK_EQ(create_with_iommu(1, &id), 0);
        CHECK_EQ(populate(id, THEIRS, 1), 1);
        CHECK_EQ(see_page(id, THEIRS, VIEW), 0);
        CHECK_EQ(assign(id), 0);
        view[0] = 0x4444;
        CHECK(edu_dma(regs, EDU_BUFFER, THEIRS << 12));
        CHECK(view[0] != 0x4444);
        view[0] = 0x4444;
        begin_dma(THEIRS << 12);
        CHECK_EQ(by_death ? simple(XEN_DOMCTL_destroydomain, id) : deassign(id), 0);
        late = end_dma();
        CHECK(!late || view[0] == 0x4444);
        if (!by_death)
            CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
        CHECK_EQ(drop_page(VIEW), 0);
        CHECK_EQ(deassign(DOMID_IO), 0);
        edu_config_write(devfn, 4, edu_config_read(devfn, 4) | 6);
        CHECK(reaches_us());
    }
    CHECK(late);
}

TEST(deassigned_during_dma)
{
    taken_during_dma(false);
}

TEST(destroyed_during_dma)
{
    taken_during_dma(true);
}

/* Only what is refused is reported: to nobody's device, and to a domain's. */
TEST(refusal_is_reported)
{
    uint32_t index = 0;
    bool amd = is_amd_vi();
    domid_t id;

    unit_refused(&index);
    CHECK(reaches_us());
    CHECK(!(amd ? unit_refused(&index) : console_said(&index, "address 0x")));

    CHECK_EQ(assign(DOMID_IO), 0);
    CHECK(refusal_shown(regs, devfn, DOMID_IO, (uintptr_t)ours));
    CHECK_EQ(create_with_iommu(1, &id), 0);
    CHECK_EQ(populate(id, THEIRS, 1), 1);
    CHECK_EQ(assign(id), 0);
    unit_refused(&index);
    CHECK(edu_dma(regs, EDU_BUFFER, THEIRS << 12));
    delay_ns(10000000);
    CHECK(!(amd ? unit_refused(&index) : console_said(&index, "address 0x")));
    CHECK(refusal_shown(regs, devfn, id, (uintptr_t)ours));
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
    CHECK_EQ(deassign(DOMID_IO), 0);
    edu_config_write(devfn, 4, edu_config_read(devfn, 4) | 6);
    CHECK(reaches_us());
}

TEST(device_group)
{
    struct xen_domctl op = {0};
    uint32_t list[4] = {0};

    op.u.get_device_group.machine_sbdf = devfn;
    op.u.get_device_group.max_sdevs = 4;
    set_xen_guest_handle(op.u.get_device_group.sdev_array, list);
    CHECK_EQ(domctl(&op, XEN_DOMCTL_get_device_group, 0), 0);
    CHECK_EQ(op.u.get_device_group.num_sdevs, 1);
    CHECK_EQ(list[0], devfn);
}

/* Pages that we give back while a unit of ours is dead go to nobody, and we live. */
static void lose_pages_ourselves(void)
{
    static uint64_t three[3][512] __attribute__((aligned(4096)));
    uint64_t before = free_pages();

    for (unsigned int n = 0; n < 3; n++) {
        xen_pfn_t gfn = (uintptr_t)three[n] >> 12;
        struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};

        set_xen_guest_handle(r.extent_start, &gfn);
        CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r), 1);
        delay_ns(20000000);
        CHECK_EQ(free_pages(), before);
        CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r), 1);
        three[n][0] = 1;
        CHECK_EQ(free_pages(), --before);
    }
}

/*
 * Last, for the unit does not come back: its owner dies while the queue stands still.
 * What the device could still reach must not be given to anyone.
 */
TEST(stalled_queue)
{
    uint64_t before = free_pages(), after;
    domid_t id;

    NEEDS_INJECTION();
    CHECK_EQ(create_with_iommu(1, &id), 0);
    CHECK_EQ(populate(id, THEIRS, 64), 64);
    CHECK_EQ(assign(id), 0);
    CHECK_EQ(HC2(HYPERVISOR_TEST_OP, TESTOP_STALL_IOMMU, 1), 0);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
    delay_ns(20000000);
    after = free_pages();
    CHECK(after <= before - 64);
    CHECK(edu_dma(regs, EDU_BUFFER, THEIRS << 12));
    /* The device is lost, the host is not. */
    CHECK_EQ(deassign(DOMID_IO), -XEN_ETIMEDOUT);
    CHECK_EQ(create_with_iommu(1, &id), 0);
    CHECK_EQ(populate(id, THEIRS, 64), 64);
    CHECK_EQ(assign(id), -XEN_ETIMEDOUT);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
    CHECK(free_again(after));
    lose_pages_ourselves();
}
