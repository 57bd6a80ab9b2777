/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device for which firmware reserves a page (an RMRR, or a unity map). What would be
 * wrong: it does not reach the page while it is ours, reaches it while it is a guest's,
 * or a guest gets it unasked.
 *
 * Command line: two addresses of ACPI tables in hexadecimal: an APIC table in that page,
 * a DSDT in another, which is as reserved to the processor but not to the device.
 */
#include <public/memory.h>
#include "passthrough.h"

#define WINDOW  0x70000ul   /* the device's registers, for us */
#define THEIRS  0x100ul     /* a page of the domain's */
#define VIEW    0x60000ul   /* where we see it */

static const uintptr_t regs = WINDOW << 12;
static volatile uint8_t ours[4096] __attribute__((aligned(4096)));
static volatile uint8_t *const view = (volatile uint8_t *)(VIEW << 12);
static uint64_t reserved, other;
static uint32_t devfn;

/* The last two words. */
static void read_addresses(void)
{
    static const char digits[] = "0123456789abcdef";

    for (const char *s = command_line(); *s; s++) {
        if (*s == ' ') {
            reserved = other;
            other = 0;
        }
        for (unsigned int n = 0; n < 16; n++)
            if (*s == digits[n])
                other = other << 4 | n;
    }
}

/* Does the device get the table's name there? It tells by a page that it can write. */
static bool reads(uint64_t address, const char *name, uint64_t page,
                  volatile uint8_t *seen)
{
    for (unsigned int i = 0; i < 512; i++)
        seen[i] = 0x77;
    if (!edu_dma(regs, page, EDU_BUFFER) || !edu_dma(regs, address, EDU_BUFFER) ||
        !edu_dma(regs, EDU_BUFFER, page + EDU_BYTES))
        return false;
    return memcmp((const void *)(seen + EDU_BYTES), name, 4) == 0;
}

static bool only_reserved(void)
{
    return reads(reserved, "APIC", (uintptr_t)ours, ours) &&
           !reads(other, "DSDT", (uintptr_t)ours, ours);
}

TEST(ours_reaches_it)
{
    read_addresses();
    CHECK(reserved && other && reserved >> 12 != other >> 12);
    devfn = edu_devfn();
    CHECK(devfn < 256);
    edu_config_write(devfn, 4, edu_config_read(devfn, 4) | 6);
    CHECK_EQ(map_registers(devfn, WINDOW), 0);
    CHECK(only_reserved());
}

TEST(is_listed)
{
    struct xen_reserved_device_memory region = {0};
    struct xen_reserved_device_memory_map map = {
        .nr_entries = 1, .dev.pci = { .devfn = (uint8_t)devfn },
    };

    set_xen_guest_handle(map.buffer, &region);
    CHECK_EQ(HC2(__HYPERVISOR_memory_op, XENMEM_reserved_device_memory_map, &map), 0);
    CHECK_EQ(map.nr_entries, 1);
    CHECK_EQ(region.start_pfn, reserved >> 12);
    CHECK_EQ(region.nr_pages, 1);
}

TEST(no_guest_unasked)
{
    domid_t id;

    CHECK_EQ(create_with_iommu(1, &id), 0);
    CHECK_EQ(assign_device(id, devfn), -XEN_EPERM);
    CHECK(only_reserved());
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
    CHECK(only_reserved());
}

static long assign_relaxed(domid_t dom)
{
    struct xen_domctl op = {0};

    op.u.assign_device.dev = XEN_DOMCTL_DEV_PCI;
    op.u.assign_device.flags = XEN_DOMCTL_DEV_RDM_RELAXED;
    op.u.assign_device.u.pci.machine_sbdf = devfn;
    return domctl(&op, XEN_DOMCTL_assign_device, dom);
}

/* In a guest's hands it reaches the guest's memory only; afterwards all is as it was. */
TEST(guest_that_asks)
{
    uint64_t pages = 0;
    long used = 0;

    for (unsigned int round = 0; round < 3; round++) {
        domid_t id;

        CHECK_EQ(create_with_iommu(1, &id), 0);
        CHECK_EQ(populate(id, THEIRS, 1), 1);
        CHECK_EQ(see_page(id, THEIRS, VIEW), 0);
        CHECK_EQ(assign_relaxed(id), 0);
        memcpy((void *)(view + 0x800), "APIC", 4);
        CHECK(reads((THEIRS << 12) + 0x800, "APIC", THEIRS << 12, view));
        CHECK(!reads(reserved, "APIC", THEIRS << 12, view));
        CHECK_EQ(drop_page(VIEW), 0);
        if (round == 2)
            CHECK_EQ(deassign_device(id, devfn), 0);
        CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
        CHECK_EQ(deassign_device(DOMID_IO, devfn), 0);
        edu_config_write(devfn, 4, edu_config_read(devfn, 4) | 6);
        CHECK(only_reserved());
        /* The first round grows our own tables. */
        if (round == 0)
            at_rest(&pages, &used);
        CHECK(as_before(pages, used));
    }
}
