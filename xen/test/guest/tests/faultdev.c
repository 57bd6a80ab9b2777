/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As fault.c, for what needs a device: giving it away and getting it back, its registers
 * in a domain's map and in ours, its interrupts. With an edu that is MSI, with an e1000e
 * MSI-X.
 */
#include <public/physdev.h>
#include "fault.h"
#include "remote.h"

#define NIC_ID     0x10d38086u
#define EDU_SAYS   0x010000edu /* its first register */
#define THEIR_REGS 0x400000ul  /* frames: tables of their own, for the domain */
#define MSI        5u
#define MSIX       0x11u
#define MEMORY     2u

static uint32_t devfn, id;

/* --- set-up and undo --------------------------------------------------------------- */

/* Home from wherever it was left. */
static long come_home(void)
{
    if (edu_config_read(devfn, 0) != id && deassign_device(DOMID_IO, devfn))
        return -XEN_ENODEV;
    return edu_config_read(devfn, 0) == id ? 0 : -XEN_ENODEV;
}

static long end_at_home(void)
{
    return end_domain() ?: come_home();
}

static long with_vpci(void)
{
    return create_with_vpci(3, &dom);
}

static long go_away(void)
{
    return assign_device(DOMID_IO, devfn);
}

/* What the hypervisor keeps of a device's interrupts goes with its owner. */
static long leave_and_come_home(void)
{
    return go_away() ?: come_home();
}

/* --- assignment -------------------------------------------------------------------- */

static long do_assign(void)
{
    return assign_device(dom, devfn);
}

static long do_come_home(void)
{
    return deassign_device(DOMID_IO, devfn);
}

/* A whole life, from nothing to the end. */
static long do_live(void)
{
    long rc = with_vpci();

    if (rc)
        return rc;
    rc = do_assign() ?: max_vcpus(dom, 3);
    return simple(XEN_DOMCTL_destroydomain, dom) ?: rc;
}

/* Of the life, which has ended by itself. */
static long after_life(void)
{
    dom = 0;
    return come_home();
}

static long do_live_again(void)
{
    return come_home() ?: do_live();
}

static long there(unsigned int cmd)
{
    struct physdev_pci_device_add op = {.bus = 0, .devfn = (uint8_t)devfn};

    return HC2(__HYPERVISOR_physdev_op, cmd, &op);
}

static long unplug(void)
{
    return there(PHYSDEVOP_pci_device_remove);
}

static long do_plug(void)
{
    return there(PHYSDEVOP_pci_device_add);
}

/* --- registers --------------------------------------------------------------------- */

static uint32_t bar_frame(void)
{
    return edu_config_read(devfn, 0x10) >> 12;
}

static long with_permission(void)
{
    struct xen_domctl op = {0};

    op.u.iomem_permission.first_mfn = bar_frame();
    op.u.iomem_permission.nr_mfns = 2;
    op.u.iomem_permission.allow_access = 1;
    return create_with_iommu(1, &dom) ?: domctl(&op, XEN_DOMCTL_iomem_permission, dom);
}

static long do_mapping(void)
{
    struct xen_domctl op = {0};

    op.u.memory_mapping.first_gfn = THEIR_REGS - 1;
    op.u.memory_mapping.first_mfn = bar_frame();
    op.u.memory_mapping.nr_mfns = 2;
    op.u.memory_mapping.add_mapping = DPCI_ADD_MAPPING;
    return domctl(&op, XEN_DOMCTL_memory_mapping, dom);
}

static long decode(bool on)
{
    uint32_t command = edu_config_read(devfn, 4) & 0xffff & ~MEMORY;

    edu_config_write(devfn, 4, command | (on ? MEMORY : 0));
    return 0;
}

static long switch_off(void)
{
    return decode(false);
}

/* Through our virtual config space: its BAR appears in our map, or it does not. */
static long do_decode(void)
{
    uintptr_t regs = (uintptr_t)bar_frame() << 12;

    decode(false);
    decode(true);
    return *(volatile uint32_t *)regs == EDU_SAYS ? 0 : -XEN_ENOMEM;
}

/* It counts as on also if its BAR could not be mapped. */
static long switch_on(void)
{
    decode(false);
    return decode(true);
}

/* --- interrupts -------------------------------------------------------------------- */

static uint32_t capability(uint32_t which)
{
    uint32_t pos = edu_config_read(devfn, 0x34) & 0xff;

    while (pos && (edu_config_read(devfn, pos) & 0xff) != which)
        pos = edu_config_read(devfn, pos) >> 8 & 0xff;
    return pos;
}

static long do_msi(void)
{
    uint32_t pos = capability(MSI);

    edu_config_write(devfn, pos + 4, 0xfee00000);
    edu_config_write(devfn, pos + 12, 0x41);
    edu_config_write(devfn, pos, 1u << 16);
    return edu_config_read(devfn, pos) >> 16 & 1 ? 0 : -XEN_ENOMEM;
}

static long end_msi(void)
{
    edu_config_write(devfn, capability(MSI), 0);
    return leave_and_come_home();
}

/* The second entry as well: it does not need what the first one found missing. */
static long do_msix(void)
{
    uint32_t pos = capability(MSIX), where = edu_config_read(devfn, pos + 4);
    uintptr_t bar = edu_config_read(devfn, 0x10 + 4 * (where & 7)) & ~15u;
    volatile uint32_t *entry = (volatile uint32_t *)(bar + (where & ~7u));

    edu_config_write(devfn, pos, 1u << 31);
    for (unsigned int n = 0; n < 2; n++) {
        entry[4 * n] = 0xfee00000;
        entry[4 * n + 1] = 0;
        entry[4 * n + 2] = 0x41 + n;
        entry[4 * n + 3] = 0;
    }
    return edu_config_read(devfn, pos) >> 31 ? 0 : -XEN_ENOMEM;
}

static long end_msix(void)
{
    edu_config_write(devfn, capability(MSIX), 0);
    return leave_and_come_home();
}

/* --- what a guest does with it ------------------------------------------------------ */

#define GUEST_REGS 0xe0000000ul

/* A guest that has the device, its registers placed, nothing on. */
static long with_guest(void)
{
    long rc = remote_start(&dom, XEN_X86_EMU_LAPIC | XEN_X86_EMU_VPCI);

    rc = rc ?: permit_frames(dom, bar_frame(), 256, true) ?: do_assign();
    if (!rc)
        remote_set_config(devfn, 0x10, 4, GUEST_REGS);
    return rc;
}

static long end_guest(void)
{
    remote_unsee();
    return end_at_home();
}

static long do_guest_decode(void)
{
    remote_set_config(devfn, 4, 2, 0);
    remote_set_config(devfn, 4, 2, MEMORY);
    return remote_read(GUEST_REGS, 4) == EDU_SAYS ? 0 : -XEN_ENOMEM;
}

static long do_guest_msi(void)
{
    unsigned int pos = remote_capability(devfn, MSI);

    remote_set_config(devfn, pos + 4, 4, 0xfee00000);
    remote_set_config(devfn, pos + 12, 2, 0x41);
    remote_set_config(devfn, pos + 2, 2, 1);
    return remote_config(devfn, pos + 2, 2) & 1 ? 0 : -XEN_ENOMEM;
}

/* --- the tables -------------------------------------------------------------------- */

static const struct fault_op any[] = {
    {"assign_device", with_vpci, do_assign, end_at_home, .error = -XEN_ENOMEM},
    {"deassign_device, to us", go_away, do_come_home, come_home, .error = -XEN_ENOMEM},
    {"pci_device_add", unplug, do_plug, do_plug, .error = -XEN_ENOMEM},
    {"a life with a device", NULL, do_live_again, after_life, .error = -XEN_ENOMEM},
    {"memory_mapping", with_permission, do_mapping, end_at_home, .error = -XEN_ENOMEM},
};

static const struct fault_op edu[] = {
    {"memory decoding", switch_off, do_decode, switch_on, .error = -XEN_ENOMEM},
    {"MSI", NULL, do_msi, end_msi, .error = -XEN_ENOMEM},
    {"memory decoding by a guest", with_guest, do_guest_decode, end_guest,
     .error = -XEN_ENOMEM},
    {"MSI by a guest", with_guest, do_guest_msi, end_guest, .error = -XEN_ENOMEM},
};

static const struct fault_op nic[] = {
    {"MSI-X", NULL, do_msix, end_msix, .unfelt = 3,
     .why = "nothing tells a driver that an entry has no interrupt"},
};

static bool find(uint32_t which)
{
    for (devfn = 0; devfn < 256; devfn++)
        if (edu_config_read(devfn, 0) == which) {
            id = which;
            return true;
        }
    return false;
}

TEST(with_device)
{
    NEEDS_INJECTION();
    CHECK(find(EDU_ID) || find(NIC_ID));
    switch_on();
    CHECK(fault_table(any, COUNT(any)));
    switch_on();
    if (id == EDU_ID)
        CHECK(fault_table(edu, COUNT(edu)));
    else
        CHECK(fault_table(nic, COUNT(nic)));
}
