/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An NVMe controller, which has a function level reset, goes from guest to guest and back
 * to us. What would be wrong: a register that the next owner finds as the last one left
 * it, or a device that comes back without the address and line that it had here.
 */
#define XEN_PUBLIC_LATER
#include <public/physdev.h>
#include "remote.h"

#define NVME_ID     0x00101b36u
#define PLACE       0xe0000000ul    /* where guests put the registers */
#define FRAMES      4u
#define COMMAND     0x04u
#define MEMORY      2u
#define MASTER      4u
#define LINE        0x3cu
#define LINE_VALUE  11u
#define LINE_OFF    0x400u
#define EMULATE     (XEN_X86_EMU_LAPIC | XEN_X86_EMU_VPCI)
#define MSIX        0x11u
#define RESET_NS    100000000ul

/* NVM Express 1.4, 3.1: both are zero after a reset. */
#define INTMS       0x0cu           /* interrupts masked */
#define CC          0x14u           /* configuration */
#define CC_VALUE    0x460000u       /* entry sizes; the controller stays off */

static unsigned int devfn, rounds;
static uint32_t host_bar;
static domid_t guest;

static uint32_t host_register(unsigned int reg)
{
    return *(volatile uint32_t *)((host_bar & ~15ul) + reg);
}

static void set_host_register(unsigned int reg, uint32_t v)
{
    *(volatile uint32_t *)((host_bar & ~15ul) + reg) = v;
}

/* Also clears up after a test that failed. */
static long start(void)
{
    if (guest) {
        remote_unsee();
        simple(XEN_DOMCTL_destroydomain, guest);
    }
    return remote_start(&guest, EMULATE);
}

static long give(void)
{
    long rc = permit_frames(guest, host_bar >> 12, FRAMES, true);

    return rc ? rc : assign_device(guest, devfn);
}

/* The guest finds it fresh and changes what it can. */
static void use(void)
{
    unsigned int cap = remote_capability(devfn, MSIX);

    CHECK_EQ(remote_config(devfn, 0, 4), NVME_ID);
    CHECK_EQ(remote_config(devfn, COMMAND, 2), 0);
    CHECK(cap != 0);
    CHECK_EQ(remote_config(devfn, cap + 2, 2) & 0xc000, 0);
    remote_set_config(devfn, 0x10, 4, (uint32_t)PLACE);
    remote_set_config(devfn, 0x14, 4, 0);
    remote_set_config(devfn, COMMAND, 2, MEMORY | MASTER);
    CHECK_EQ(remote_read(PLACE + CC, 4), 0);
    CHECK_EQ(remote_read(PLACE + INTMS, 4), 0);
    remote_write(PLACE + CC, 4, CC_VALUE);
    remote_write(PLACE + INTMS, 4, 1);
    CHECK_EQ(remote_read(PLACE + CC, 4), CC_VALUE);
    CHECK_EQ(remote_read(PLACE + INTMS, 4), 1);
}

/* Switched off, otherwise as it was here, and nothing of the guest. */
static void check_ours(void)
{
    CHECK_EQ(edu_config_read(devfn, 0x10), host_bar);
    CHECK_EQ(edu_config_read(devfn, 0x14), 0);
    CHECK_EQ(edu_config_read(devfn, LINE) & 0xff, LINE_VALUE);
    CHECK_EQ(edu_config_read(devfn, COMMAND) & 0xffff, LINE_OFF);
    edu_config_write(devfn, COMMAND, MEMORY);
    CHECK_EQ(host_register(CC), 0);
    CHECK_EQ(host_register(INTMS), 0);
}

static void take_back(void)
{
    CHECK_EQ(deassign_device(DOMID_IO, devfn), 0);
    check_ours();
}

static void destroy(void)
{
    domid_t id = guest;

    remote_unsee();
    guest = 0;
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
}

/* The first domain made us need page tables for its view. */
static void check_nothing_left(struct remote_count before)
{
    if (rounds++)
        CHECK(as_before(before.pages, before.used));
}

TEST(find_device)
{
    while (devfn < 256 && edu_config_read(devfn, 0) != NVME_ID)
        devfn++;
    CHECK(devfn < 256);
    host_bar = edu_config_read(devfn, 0x10);
    CHECK(host_bar >> 12 != 0 && edu_config_read(devfn, 0x14) == 0);
    edu_config_write(devfn, LINE, LINE_VALUE);
    /* Firmware has looked for a system on it. */
    edu_config_write(devfn, COMMAND, MEMORY);
    set_host_register(CC, 0);
    CHECK_EQ(host_register(CC), 0);
}

static void one_guest_after_the_other(void)
{
    struct remote_count before = remote_count();
    uint64_t lost, took;

    for (unsigned int n = 0; n < 2; n++) {
        CHECK_EQ(start(), 0);
        CHECK_EQ(give(), 0);
        use();
        lost = system_time();
        CHECK_EQ(deassign_device(guest, devfn), 0);
        CHECK_EQ(remote_read(PLACE + CC, 4), ~0u);
        /* And once more to the same one, not before it had time to reset. */
        CHECK_EQ(give(), 0);
        took = system_time() - lost;
        use();
        CHECK(took >= RESET_NS);
        CHECK_EQ(deassign_device(guest, devfn), 0);
        destroy();
    }
    take_back();
    check_nothing_left(before);
}

TEST(one_guest_after_the_other)
{
    one_guest_after_the_other();
}

TEST(and_again)
{
    one_guest_after_the_other();
}

TEST(death_with_device)
{
    struct remote_count before = remote_count();

    CHECK_EQ(start(), 0);
    CHECK_EQ(give(), 0);
    use();
    destroy();
    /* Straight to the next. */
    CHECK_EQ(start(), 0);
    CHECK_EQ(give(), 0);
    use();
    destroy();
    take_back();
    check_nothing_left(before);
}

/* Domain 0's kernel forgets it in the middle of the reset, and finds it in order. */
TEST(found_again)
{
    struct physdev_pci_device op = { .devfn = (uint8_t)devfn };
    struct physdev_pci_device_add add = { .devfn = (uint8_t)devfn };
    struct remote_count before = remote_count();

    CHECK_EQ(start(), 0);
    CHECK_EQ(give(), 0);
    use();
    CHECK_EQ(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_pci_device_remove, &op), -XEN_EBUSY);
    destroy();
    CHECK_EQ(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_pci_device_remove, &op), 0);
    CHECK_EQ(edu_config_read(devfn, 0), ~0u);
    CHECK_EQ(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_pci_device_add, &add), 0);
    check_ours();
    check_nothing_left(before);
}

/* What we did to it stays: it was never a guest's. */
TEST(quarantine_of_ours)
{
    set_host_register(CC, CC_VALUE);
    CHECK_EQ(assign_device(DOMID_IO, devfn), 0);
    CHECK_EQ(deassign_device(DOMID_IO, devfn), 0);
    edu_config_write(devfn, COMMAND, MEMORY);
    CHECK_EQ(host_register(CC), CC_VALUE);
}

/* --- we reset it ourselves --------------------------------------------------------- */

#define NOWHERE     ((void *)0x7fff00000000)
#define EXPRESS     0x10u
#define DEVCTL      8u
#define DEVCTL_FLR  0x8000u

static unsigned int our_capability(unsigned int id)
{
    unsigned int pos = edu_config_read(devfn, 0x34) & 0xff;

    while (pos && (edu_config_read(devfn, pos) & 0xff) != id)
        pos = edu_config_read(devfn, pos) >> 8 & 0xff;
    return pos;
}

static long device_reset(unsigned int slot, uint32_t flags)
{
    struct pci_device_reset op = { .dev.devfn = (uint8_t)slot, .flags = flags };

    return HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_pci_device_reset, &op);
}

/* It lost its address, and has it again with the first access that wants it. */
static void check_back(uint32_t value)
{
    unsigned int cap = our_capability(MSIX);

    CHECK_EQ(edu_config_read(devfn, COMMAND) & (MEMORY | MASTER), 0);
    CHECK_EQ(edu_config_read(devfn, cap) >> 31, 0);
    CHECK_EQ(edu_config_read(devfn, 0x10), host_bar);
    edu_config_write(devfn, LINE, LINE_VALUE);
    edu_config_write(devfn, COMMAND, MEMORY | MASTER);
    CHECK_EQ(host_register(CC), value);
    set_host_register(CC, CC_VALUE);
    CHECK_EQ(host_register(CC), CC_VALUE);
}

static void arm(void)
{
    unsigned int cap = our_capability(MSIX);

    edu_config_write(devfn, cap, edu_config_read(devfn, cap) | 0x80000000u);
    CHECK_EQ(edu_config_read(devfn, cap) >> 31, 1);
    set_host_register(CC, CC_VALUE);
}

TEST(own_reset)
{
    unsigned int cap = our_capability(EXPRESS);

    CHECK(cap != 0);
    edu_config_write(devfn, COMMAND, MEMORY | MASTER);
    arm();
    edu_config_write(devfn, cap + DEVCTL, DEVCTL_FLR);
    delay_ns(RESET_NS);
    check_back(0);
}

/* Reset otherwise, of which only the hypercall tells: nothing may hold on to it. */
TEST(reset_told)
{
    arm();
    CHECK_EQ(device_reset(devfn, PCI_DEVICE_RESET_FLR), 0);
    edu_config_write(devfn, COMMAND, 0);
    check_back(CC_VALUE);
    arm();
    CHECK_EQ(device_reset(devfn, PCI_DEVICE_RESET_COLD), 0);
    edu_config_write(devfn, COMMAND, 0);
    check_back(CC_VALUE);
}

TEST(reset_refused)
{
    struct pci_device_reset none = { .dev.seg = 1 };
    struct remote_count before;

    CHECK_EQ(device_reset(devfn, PCI_DEVICE_RESET_MASK + 1), -XEN_EINVAL);
    CHECK_EQ(device_reset(devfn, ~0u), -XEN_EINVAL);
    CHECK_EQ(device_reset(0xff, 0), -XEN_ENODEV);
    CHECK_EQ(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_pci_device_reset, &none),
             -XEN_ENODEV);
    CHECK_EQ(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_pci_device_reset, NOWHERE),
             -XEN_EFAULT);
    set_host_register(CC, 0);
    before = remote_count();
    CHECK_EQ(start(), 0);
    CHECK_EQ(give(), 0);
    use();
    CHECK_EQ(device_reset(devfn, PCI_DEVICE_RESET_FLR), -XEN_EBUSY);
    CHECK_EQ(remote_read(PLACE + CC, 4), CC_VALUE);
    destroy();
    take_back();
    check_nothing_left(before);
}

/* --- lines, of which domain 0's ACPI knows how they are triggered ------------------ */

static long setup_gsi(int gsi, uint8_t level, uint8_t low)
{
    struct physdev_setup_gsi op = { .gsi = gsi, .triggering = level, .polarity = low };

    return HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_setup_gsi, &op);
}

TEST(setup_gsi)
{
    CHECK_EQ(setup_gsi(22, 1, 1), 0);
    CHECK_EQ(setup_gsi(22, 1, 1), 0);
    CHECK_EQ(setup_gsi(22, 0, 0), 0);
    CHECK_EQ(setup_gsi(22, 2, 0), -XEN_EINVAL);
    CHECK_EQ(setup_gsi(22, 0, 2), -XEN_EINVAL);
    CHECK_EQ(setup_gsi(-1, 1, 1), -XEN_EINVAL);
    CHECK_EQ(setup_gsi(0x10000, 1, 1), -XEN_EINVAL);
    CHECK_EQ(setup_gsi(4, 1, 1), -XEN_EEXIST);      /* the hypervisor's console */
    CHECK_EQ(HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_setup_gsi, NOWHERE),
             -XEN_EFAULT);
}
