/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two devices behind a bridge that puts its own requester id on what both do: for the
 * IOMMU they are one. What would be wrong: two domains with one of them each, where
 * whoever came last lets the other's device into its memory.
 *
 * "names" on the command line: QEMU 7.2's AMD-Vi takes the bus of such a device for 0,
 * the number it has at reset, so its DMA comes as 00:00.0, which is nobody's to assign.
 * There only the rules of assignment are tested.
 */
#include "passthrough.h"

#define WINDOW  0x70000ul
#define THEIRS  0x100ul
#define VIEW    0x60000ul

static uint32_t pair[2];
static const uintptr_t regs[2] = { WINDOW << 12, (WINDOW + 1) << 12 };
static volatile uint64_t ours[512] __attribute__((aligned(4096)));
static volatile uint64_t *const view = (volatile uint64_t *)(VIEW << 12);

static bool names_only(void)
{
    const char *s = command_line();

    for (; *s; s++)
        if (memcmp(s, "names", 5) == 0)
            return true;
    return false;
}

/* What the device has in its buffer arrives at the target, which is seen at *at. */
static bool arrives(unsigned int n, uint64_t target, volatile uint64_t *at)
{
    *at = 0x5555;
    return edu_dma(regs[n], EDU_BUFFER, target) && *at == 0;
}

static bool stays_out(unsigned int n, uint64_t target, volatile uint64_t *at)
{
    *at = 0x6666;
    return edu_dma(regs[n], EDU_BUFFER, target) && *at == 0x6666;
}

static bool reaches_us(unsigned int n)
{
    return names_only() || arrives(n, (uintptr_t)&ours[0], &ours[0]);
}

static bool reaches_them(unsigned int n)
{
    return names_only() || (arrives(n, THEIRS << 12, view) &&
                            stays_out(n, (uintptr_t)&ours[0], &ours[0]));
}

static bool reaches_nobody(unsigned int n)
{
    return names_only() || (stays_out(n, THEIRS << 12, view) &&
                            stays_out(n, (uintptr_t)&ours[0], &ours[0]));
}

static void enable(void)
{
    for (unsigned int n = 0; n < 2; n++)
        edu_config_write(pair[n], 4, edu_config_read(pair[n], 4) | 6);
}

TEST(find_pair)
{
    unsigned int found = 0;

    for (unsigned int bdf = 0x100; bdf < 0x400 && found < 2; bdf++)
        if (edu_config_read(bdf, 0) == EDU_ID)
            pair[found++] = bdf;
    CHECK_EQ(found, 2);
    enable();
    for (unsigned int n = 0; n < 2; n++) {
        CHECK_EQ(map_registers(pair[n], WINDOW + n), 0);
        CHECK(reaches_us(n));
    }
}

static long group(uint32_t sbdf, uint32_t list[4], unsigned int max, unsigned int *count)
{
    struct xen_domctl op = {0};
    long rc;

    op.u.get_device_group.machine_sbdf = sbdf;
    op.u.get_device_group.max_sdevs = max;
    set_xen_guest_handle(op.u.get_device_group.sdev_array, list);
    rc = domctl(&op, XEN_DOMCTL_get_device_group, 0);
    *count = op.u.get_device_group.num_sdevs;
    return rc;
}

TEST(group_lists_both)
{
    for (unsigned int n = 0; n < 2; n++) {
        uint32_t list[4] = {0};
        unsigned int count;

        CHECK_EQ(group(pair[n], list, 4, &count), 0);
        CHECK_EQ(count, 2);
        CHECK_EQ(list[0], pair[0]);
        CHECK_EQ(list[1], pair[1]);
        list[1] = 77;
        CHECK_EQ(group(pair[n], list, 1, &count), 0);
        CHECK_EQ(count, 1);
        CHECK_EQ(list[1], 77);
    }
}

/* Only together: none while the other is somebody else's, domain 0's included. */
TEST(one_by_one_is_refused)
{
    domid_t a, b;

    CHECK_EQ(create_with_iommu(1, &a), 0);
    CHECK_EQ(create_with_iommu(1, &b), 0);
    CHECK_EQ(populate(a, THEIRS, 1), 1);
    CHECK_EQ(see_page(a, THEIRS, VIEW), 0);

    CHECK_EQ(assign_device(a, pair[0]), -XEN_EBUSY);
    CHECK(reaches_us(0));
    CHECK_EQ(assign_device(DOMID_IO, pair[1]), 0);
    CHECK_EQ(assign_device(a, pair[0]), 0);
    CHECK_EQ(assign_device(b, pair[1]), -XEN_EBUSY);
    /* Nor does domain 0 get it back, and with it a way for a's device to its memory. */
    CHECK_EQ(deassign_device(DOMID_IO, pair[1]), -XEN_EBUSY);
    CHECK(reaches_them(0));
    CHECK_EQ(assign_device(a, pair[1]), 0);
    CHECK(reaches_them(0));
    CHECK(reaches_them(1));

    CHECK_EQ(deassign_device(a, pair[0]), 0);
    CHECK_EQ(deassign_device(DOMID_IO, pair[0]), -XEN_EBUSY);
    CHECK(reaches_them(1));
    CHECK_EQ(deassign_device(a, pair[1]), 0);
    CHECK(reaches_nobody(0));
    CHECK(reaches_nobody(1));

    CHECK_EQ(drop_page(VIEW), 0);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, a), 0);
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, b), 0);
    CHECK_EQ(deassign_device(DOMID_IO, pair[0]), 0);
    CHECK_EQ(deassign_device(DOMID_IO, pair[1]), 0);
    enable();
    CHECK(reaches_us(0));
    CHECK(reaches_us(1));
}

TEST(death_of_owner)
{
    uint64_t before = 0;

    for (unsigned int round = 0; round < 3; round++) {
        domid_t a;

        CHECK_EQ(create_with_iommu(1, &a), 0);
        CHECK_EQ(populate(a, THEIRS, 1), 1);
        CHECK_EQ(see_page(a, THEIRS, VIEW), 0);
        for (unsigned int n = 0; n < 2; n++)
            CHECK_EQ(assign_device(DOMID_IO, pair[n]), 0);
        for (unsigned int n = 0; n < 2; n++)
            CHECK_EQ(assign_device(a, pair[n]), 0);
        CHECK(reaches_them(1));
        CHECK_EQ(simple(XEN_DOMCTL_destroydomain, a), 0);
        CHECK(reaches_nobody(0));
        CHECK(reaches_nobody(1));
        CHECK_EQ(drop_page(VIEW), 0);
        for (unsigned int n = 0; n < 2; n++)
            CHECK_EQ(deassign_device(DOMID_IO, pair[n]), 0);
        enable();
        CHECK(reaches_us(0));
        CHECK(reaches_us(1));
        /* The first round grows our own tables. */
        if (round == 0)
            before = free_pages();
        CHECK(free_again(before));
    }
}
