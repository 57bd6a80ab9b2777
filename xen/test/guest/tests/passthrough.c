/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest drives a device that it was given. dom0's kernel builds a PVH domain, hands it
 * QEMU's edu and tells the kernel inside what to do; all config, register and memory
 * accesses are the guest's own. What would be wrong: a device the guest cannot use, an
 * interrupt lost or doubled, a register reached without permission, or anything of the
 * device or of the domain that is left behind.
 */
#include <public/physdev.h>
#include "remote.h"

#define PLACE       0xe0000000ul    /* where the guest puts the registers */
#define BAR_SIZE    0x100000ul
#define IDENTITY    0x010000edu
#define COMMAND     0x04u
#define MEMORY      2u
#define MASTER      4u
#define LINE_OFF    0x400u
#define SOURCE_PAGE 0x140000ul      /* in the guest */
#define TARGET_PAGE 0x141000ul
#define NO_MEMORY   0x900000ul      /* the guest has none there, but we do */
#define VECTOR      0x31u
#define MSI         5u
#define EMULATE     (XEN_X86_EMU_LAPIC | XEN_X86_EMU_VPCI)

static unsigned int devfn, rounds;
static uint32_t host_bar;
static domid_t guest;

static long permit(domid_t dom, unsigned long first, unsigned long n, bool allow)
{
    return permit_frames(dom, (host_bar >> 12) + first, n, allow);
}

static long give(void)
{
    long rc = permit(guest, 0, BAR_SIZE >> 12, true);

    return rc ? rc : assign_device(guest, devfn);
}

/* From the guest, by way of quarantine, to us; and it works here. */
static bool take_back(domid_t from)
{
    static volatile uint64_t ours[512] __attribute__((aligned(4096)));
    uintptr_t regs;

    if ((from != DOMID_IO && deassign_device(from, devfn)) ||
        deassign_device(DOMID_IO, devfn))
        return false;
    /* What its last owner began must not come out in our memory. */
    edu_config_write(devfn, COMMAND, edu_config_read(devfn, COMMAND) | MEMORY);
    regs = edu_config_read(devfn, 0x10) & ~15u;
    if (!edu_end(regs))
        return false;
    edu_config_write(devfn, COMMAND, edu_config_read(devfn, COMMAND) | MASTER);
    if (regs != host_bar)
        print("the device moved from %x to %lx\n", host_bar, regs);
    ours[0] = 0x1111;
    ours[8] = 0;
    return regs == host_bar && edu_dma(regs, (uintptr_t)ours, EDU_BUFFER) &&
           edu_dma(regs, EDU_BUFFER, (uintptr_t)&ours[8]) && ours[8] == 0x1111;
}

#define LATER ((struct remote_count){0})

/* before: what must be the case again; LATER: not yet. */
static void destroy(struct remote_count before)
{
    domid_t id = guest;

    remote_unsee();
    guest = 0;
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
    /* The first domain made us need page tables for its view. */
    if (rounds++ && before.pages)
        CHECK(as_before(before.pages, before.used));
}

/* Also clears up after a test that failed. */
static long start_with(uint32_t emulate)
{
    if (guest) {
        remote_unsee();
        simple(XEN_DOMCTL_destroydomain, guest);
        deassign_device(DOMID_IO, devfn);
    }
    return remote_start(&guest, emulate);
}

static long start(void)
{
    return start_with(EMULATE);
}

static void place_bar(uint64_t at, uint32_t command)
{
    remote_set_config(devfn, COMMAND, 2, 0);
    remote_set_config(devfn, 0x10, 4, (uint32_t)at);
    remote_set_config(devfn, COMMAND, 2, command);
}

/* The guest's driver. */
static bool guest_dma(uint64_t source, uint64_t target, bool interrupt)
{
    remote_write(PLACE + 0x80, 8, source);
    remote_write(PLACE + 0x88, 8, target);
    remote_write(PLACE + 0x90, 8, EDU_BYTES);
    remote_write(PLACE + 0x98, 8,
                 1 | (source == EDU_BUFFER ? 2 : 0) | (interrupt ? 4 : 0));
    return SOON(!(remote_read(PLACE + 0x98, 8) & 1));
}

static bool msi_on(bool on)
{
    unsigned int cap = remote_capability(devfn, MSI);

    if (!cap)
        return false;
    remote_set_config(devfn, cap + 4, 4, 0xfee00000);
    remote_set_config(devfn, cap + 8, 4, 0);
    remote_set_config(devfn, cap + 12, 2, VECTOR);
    remote_set_config(devfn, cap + 2, 2, on);
    return (remote_config(devfn, cap + 2, 2) & 1) == on;
}

TEST(find_device)
{
    devfn = edu_devfn();
    CHECK(devfn < 256);
    edu_config_write(devfn, COMMAND, edu_config_read(devfn, COMMAND) | MEMORY | MASTER);
    host_bar = edu_config_read(devfn, 0x10) & ~15u;
    CHECK(host_bar != 0);
}

/* Nothing of the machine is seen by a domain without devices. */
static void no_device(void)
{
    struct remote_count before = remote_count();

    CHECK_EQ(start(), 0);
    CHECK_EQ(remote_ask(REMOTE_SLOTS, 0, 0, 0), 0);
    CHECK_EQ(remote_config(devfn, COMMAND, 2), 0xffff);
    remote_set_config(devfn, COMMAND, 2, 0);
    CHECK(edu_config_read(devfn, COMMAND) & MEMORY);
    /* Not by its memory-mapped config space, which guests do not get, nor directly. */
    CHECK_EQ(remote_read(0xb0000000ul + (devfn << 12), 4), 0xffffffffu);
    CHECK_EQ(remote_read(host_bar, 4), 0xffffffffu);
    destroy(before);
}

TEST(no_device)
{
    no_device();
}

TEST(no_device_again)
{
    no_device();
}

static void guest_uses_device(void)
{
    CHECK_EQ(remote_ask(REMOTE_SLOTS, 0, 0, 0), 1);
    CHECK_EQ(remote_config(devfn, 0, 4), EDU_ID);
    CHECK_EQ(remote_config(devfn, 2, 2), EDU_ID >> 16);
    CHECK_EQ(remote_config(devfn, COMMAND, 2), 0);
    CHECK_EQ(remote_read(PLACE, 4), 0xffffffffu);
    remote_set_config(devfn, 0x10, 4, 0xffffffff);
    CHECK_EQ(remote_config(devfn, 0x10, 4), (uint32_t)-BAR_SIZE);
    place_bar(PLACE, MEMORY | MASTER);
    CHECK_EQ(remote_read(PLACE, 4), IDENTITY);
    remote_write(PLACE + 4, 4, 0x5a5a1234);
    CHECK_EQ(remote_read(PLACE + 4, 4), ~0x5a5a1234u);
    /* The registers follow the BAR, and are where it says only. */
    place_bar(PLACE + BAR_SIZE, MEMORY | MASTER);
    CHECK_EQ(remote_read(PLACE, 4), 0xffffffffu);
    CHECK_EQ(remote_read(PLACE + BAR_SIZE, 4), IDENTITY);
    place_bar(PLACE, MEMORY | MASTER);
    CHECK_EQ(remote_read(PLACE, 4), IDENTITY);
    /* We gave it away. */
    CHECK_EQ(edu_config_read(devfn, 0), 0xffffffffu);
}

static void guest_does_dma(void)
{
    volatile uint64_t *source = remote_memory(SOURCE_PAGE);
    volatile uint64_t *target = remote_memory(TARGET_PAGE);
    volatile uint64_t *ours = (volatile uint64_t *)NO_MEMORY;

    for (unsigned int i = 0; i < EDU_BYTES / 8; i++)
        source[i] = 0x1234567800000000ull + i;
    CHECK(guest_dma(SOURCE_PAGE, EDU_BUFFER, false));
    CHECK(guest_dma(EDU_BUFFER, TARGET_PAGE, false));
    for (unsigned int i = 0; i < EDU_BYTES / 8; i++)
        CHECK_EQ(target[i], 0x1234567800000000ull + i);
    /* An address that is ours, but not the guest's. */
    ours[0] = 0x77;
    CHECK(guest_dma(EDU_BUFFER, NO_MEMORY, false));
    CHECK_EQ(ours[0], 0x77);
}

/* Each message arrives once, also at a guest that sleeps. */
static void guest_takes_msi(void)
{
    uint32_t n = remote_box->arrived[VECTOR - REMOTE_VECTOR];

    CHECK(msi_on(true));
    remote_write(PLACE + 0x60, 4, 1);
    CHECK_EQ(remote_arrived(VECTOR, n + 1), n + 1);
    remote_write(PLACE + 0x64, 4, 1);
    CHECK(guest_dma(SOURCE_PAGE, EDU_BUFFER, true));
    CHECK_EQ(remote_arrived(VECTOR, n + 2), n + 2);
    remote_write(PLACE + 0x64, 4, ~0u);

    remote_write(PLACE + 0x80, 8, SOURCE_PAGE);
    remote_write(PLACE + 0x88, 8, EDU_BUFFER);
    remote_write(PLACE + 0x98, 8, 1 | 4);
    remote_post(REMOTE_WAIT, VECTOR, 0, n + 3);
    CHECK(remote_done());
    remote_write(PLACE + 0x64, 4, ~0u);
    /* Switched off, it comes no more. */
    CHECK(msi_on(false));
    remote_write(PLACE + 0x60, 4, 1);
    remote_settle();
    CHECK_EQ(remote_box->arrived[VECTOR - REMOTE_VECTOR], n + 3);
    remote_write(PLACE + 0x64, 4, ~0u);
}

/* The guest goes on after the device has left it. */
static void guest_loses_device(void)
{
    CHECK(msi_on(true));
    CHECK(take_back(guest));
    CHECK_EQ(remote_config(devfn, 0, 4), 0xffffffffu);
    CHECK_EQ(remote_read(PLACE, 4), 0xffffffffu);
    remote_set_config(devfn, COMMAND, 2, 0);
    CHECK(edu_config_read(devfn, COMMAND) & MEMORY);
}

static void whole_life(void)
{
    struct remote_count before = remote_count();

    CHECK_EQ(start(), 0);
    CHECK_EQ(give(), 0);
    guest_uses_device();
    guest_does_dma();
    guest_takes_msi();
    guest_loses_device();
    /* And once more to the same guest. */
    CHECK_EQ(give(), 0);
    place_bar(PLACE, MEMORY | MASTER);
    CHECK_EQ(remote_read(PLACE, 4), IDENTITY);
    guest_takes_msi();
    CHECK(take_back(guest));
    destroy(before);
}

TEST(whole_life)
{
    whole_life();
}

TEST(whole_life_again)
{
    whole_life();
}

/* --- the interrupt line ------------------------------------------------------------ */

#define IOAPIC      0xfec00000ul
#define LINE_VECTOR 0x42u
#define LEVEL       0x8000u

static long bind(uint32_t cmd, uint32_t gsi, unsigned int dev, unsigned int intx)
{
    struct xen_domctl op = {0};

    op.u.bind_pt_irq.machine_irq = gsi;
    op.u.bind_pt_irq.irq_type = PT_IRQ_TYPE_PCI;
    op.u.bind_pt_irq.u.pci.device = (uint8_t)dev;
    op.u.bind_pt_irq.u.pci.intx = (uint8_t)intx;
    return domctl(&op, cmd, guest);
}

static long permit_irq(uint32_t gsi, bool allow)
{
    struct xen_domctl op = {0};

    op.u.irq_permission.pirq = gsi;
    op.u.irq_permission.allow_access = allow;
    return domctl(&op, XEN_DOMCTL_irq_permission, guest);
}

static long map_pirq(int gsi, int *pirq)
{
    struct physdev_map_pirq op = {
        .domid = guest, .type = MAP_PIRQ_TYPE_GSI, .index = gsi, .pirq = -1,
    };
    long rc = HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, &op);

    *pirq = op.pirq;
    return rc;
}

static long unmap_pirq(int pirq)
{
    struct physdev_unmap_pirq op = { .domid = guest, .pirq = pirq };

    return HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_unmap_pirq, &op);
}

static void refusals_of_lines(uint32_t gsi, unsigned int dev)
{
    int pirq;

    CHECK_EQ(bind(XEN_DOMCTL_bind_pt_irq, gsi, dev, 0), -XEN_EPERM);
    CHECK_EQ(map_pirq((int)gsi, &pirq), 0);
    CHECK_EQ(pirq, gsi);
    CHECK_EQ(map_pirq(0x10000, &pirq), -XEN_EPERM);
    CHECK_EQ(permit_irq(gsi, true), 0);
    CHECK_EQ(permit_irq(1, true), 0);
    CHECK_EQ(bind(XEN_DOMCTL_bind_pt_irq, gsi, dev, 1), -XEN_ENODEV);
    CHECK_EQ(bind(XEN_DOMCTL_bind_pt_irq, gsi, dev + 1, 0), -XEN_ENODEV);
    CHECK_EQ(bind(XEN_DOMCTL_bind_pt_irq, gsi, dev, 4), -XEN_EINVAL);
    CHECK_EQ(bind(XEN_DOMCTL_bind_pt_irq, gsi, 32, 0), -XEN_EINVAL);
    CHECK_EQ(bind(XEN_DOMCTL_bind_pt_irq, 0x10000, dev, 0), -XEN_EINVAL);
    CHECK_EQ(bind(XEN_DOMCTL_bind_pt_irq, 1, dev, 0), -XEN_EINVAL);
    CHECK_EQ(bind(XEN_DOMCTL_unbind_pt_irq, gsi, dev, 0), -XEN_ENOENT);
    CHECK_EQ(permit_irq(1, false), 0);
}

/* As often as the device pulls its line and the guest ends it. */
static void pull_line(uint32_t times)
{
    volatile uint32_t *n = &remote_box->arrived[LINE_VECTOR - REMOTE_VECTOR];
    uint32_t before = *n;

    for (uint32_t i = 1; i <= times; i++) {
        remote_write(PLACE + 0x60, 4, 1u << i);
        CHECK_EQ(remote_arrived(LINE_VECTOR, before + i), before + i);
    }
    remote_settle();
    CHECK_EQ(*n, before + times);
    CHECK_EQ(remote_read(PLACE + 0x24, 4), 0);
}

/* q35 has the lines of its slots at GSIs 20 to 23, in turn. */
static void interrupt_line(bool death)
{
    struct remote_count before = remote_count();
    unsigned int dev = devfn >> 3, pin;
    uint32_t gsi = 20 + dev % 4, n;

    CHECK_EQ(start_with(EMULATE | XEN_X86_EMU_IOAPIC), 0);
    CHECK_EQ(give(), 0);
    place_bar(PLACE, MEMORY | MASTER);
    refusals_of_lines(gsi, dev);
    CHECK_EQ(remote_config(devfn, 0x3d, 1), 0);
    CHECK_EQ(bind(XEN_DOMCTL_bind_pt_irq, gsi, dev, 0), 0);
    CHECK_EQ(bind(XEN_DOMCTL_bind_pt_irq, gsi, dev, 0), -XEN_EEXIST);
    CHECK_EQ(remote_config(devfn, 0x3d, 1), 1);
    pin = remote_config(devfn, 0x3c, 1);
    CHECK(pin >= 16 && pin < 48);

    remote_box->quiet_from = PLACE + 0x24;
    remote_box->quiet_to = PLACE + 0x64;
    remote_write(IOAPIC, 4, 0x11 + 2 * pin);
    remote_write(IOAPIC + 0x10, 4, 0);
    remote_write(IOAPIC, 4, 0x10 + 2 * pin);
    remote_write(IOAPIC + 0x10, 4, LEVEL | LINE_VECTOR);
    pull_line(5);
    /* The guest's own switch; its handler needs the registers all the time. */
    remote_set_config(devfn, COMMAND, 2, MEMORY | MASTER | LINE_OFF);
    n = remote_box->arrived[LINE_VECTOR - REMOTE_VECTOR];
    remote_write(PLACE + 0x60, 4, 1);
    remote_settle();
    CHECK_EQ(remote_box->arrived[LINE_VECTOR - REMOTE_VECTOR], n);
    remote_set_config(devfn, COMMAND, 2, MEMORY | MASTER);
    CHECK_EQ(remote_arrived(LINE_VECTOR, n + 1), n + 1);

    CHECK_EQ(bind(XEN_DOMCTL_unbind_pt_irq, gsi + 1, dev, 0), -XEN_ENOENT);
    CHECK_EQ(bind(XEN_DOMCTL_unbind_pt_irq, gsi, dev, 0), 0);
    remote_write(PLACE + 0x60, 4, 1);
    remote_settle();
    CHECK_EQ(remote_box->arrived[LINE_VECTOR - REMOTE_VECTOR], n + 1);
    remote_write(PLACE + 0x64, 4, ~0u);
    CHECK_EQ(bind(XEN_DOMCTL_bind_pt_irq, gsi, dev, 0), 0);
    pull_line(1);
    CHECK_EQ(unmap_pirq((int)gsi), 0);
    CHECK_EQ(bind(XEN_DOMCTL_bind_pt_irq, gsi, dev, 0), 0);
    /* It leaves, or the guest dies, with the line high and not heard. */
    remote_write(IOAPIC + 0x10, 4, 0x10000 | LEVEL | LINE_VECTOR);
    remote_write(PLACE + 0x60, 4, 1);
    if (!death)
        CHECK(take_back(guest));
    destroy(LATER);
    if (death)
        CHECK(take_back(DOMID_IO));
    *(volatile uint32_t *)(host_bar + 0x64ul) = ~0u;
    CHECK(as_before(before.pages, before.used));
}

TEST(interrupt_line)
{
    interrupt_line(false);
}

TEST(interrupt_line_and_death)
{
    interrupt_line(true);
}

/* Nothing to send interrupts through. */
TEST(line_without_ioapic)
{
    struct remote_count before = remote_count();
    uint32_t gsi = 20 + (devfn >> 3) % 4;

    CHECK_EQ(start(), 0);
    CHECK_EQ(permit_irq(gsi, true), 0);
    CHECK_EQ(give(), 0);
    CHECK_EQ(bind(XEN_DOMCTL_bind_pt_irq, gsi, devfn >> 3, 0), -XEN_EOPNOTSUPP);
    CHECK(take_back(guest));
    destroy(before);
}

/* A BAR where the guest has memory: the memory stays, the device is not there. */
TEST(bar_over_memory)
{
    struct remote_count before = remote_count();
    volatile uint64_t *page = remote_memory(SOURCE_PAGE);

    CHECK_EQ(start(), 0);
    CHECK_EQ(give(), 0);
    page[0] = 0xabcdef;
    place_bar(0x100000, MEMORY);
    CHECK_EQ(remote_read(SOURCE_PAGE, 8), 0xabcdef);
    remote_write(SOURCE_PAGE, 8, 0x1234);
    CHECK_EQ(page[0], 0x1234);
    /* One page of memory in the middle of the BAR is enough. */
    CHECK_EQ(populate(guest, (PLACE >> 12) + 0x80, 1), 1);
    place_bar(PLACE, MEMORY);
    CHECK_EQ(remote_read(PLACE, 4), 0xffffffffu);
    CHECK_EQ(remote_read(PLACE + 0x80000, 4), 0);
    place_bar(PLACE + BAR_SIZE, MEMORY);
    CHECK_EQ(remote_read(PLACE + BAR_SIZE, 4), IDENTITY);
    CHECK(take_back(guest));
    destroy(before);
}

/* Frames that the toolstack did not permit do not appear, those around them do. */
TEST(bar_without_permission)
{
    struct remote_count before = remote_count();

    CHECK_EQ(start(), 0);
    CHECK_EQ(assign_device(guest, devfn), 0);
    place_bar(PLACE, MEMORY);
    CHECK_EQ(remote_read(PLACE, 4), 0xffffffffu);
    place_bar(PLACE, 0);
    CHECK_EQ(permit(guest, 1, 16, true), 0);
    place_bar(PLACE, MEMORY);
    CHECK_EQ(remote_read(PLACE, 4), 0xffffffffu);
    CHECK_EQ(permit(guest, 0, 1, true), 0);
    place_bar(PLACE, MEMORY);
    CHECK_EQ(remote_read(PLACE, 4), IDENTITY);
    CHECK(take_back(guest));
    destroy(before);
}

/* libxl takes the permission away first and the device after it. */
TEST(permission_goes_first)
{
    struct remote_count before = remote_count();

    CHECK_EQ(start(), 0);
    CHECK_EQ(give(), 0);
    place_bar(PLACE, MEMORY);
    CHECK_EQ(remote_read(PLACE, 4), IDENTITY);
    CHECK_EQ(permit(guest, 0, BAR_SIZE >> 12, false), 0);
    CHECK(take_back(guest));
    CHECK_EQ(remote_read(PLACE, 4), 0xffffffffu);
    remote_write(PLACE + 4, 4, 0);
    destroy(before);
}

static long map_for_guest(unsigned long gfn, unsigned long frame, unsigned long n,
                          bool add)
{
    struct xen_domctl op = {0};

    op.u.memory_mapping.first_gfn = gfn;
    op.u.memory_mapping.first_mfn = (host_bar >> 12) + frame;
    op.u.memory_mapping.nr_mfns = n;
    op.u.memory_mapping.add_mapping = add ? DPCI_ADD_MAPPING : DPCI_REMOVE_MAPPING;
    return domctl(&op, XEN_DOMCTL_memory_mapping, guest);
}

/* Memory takes the place of a page of registers: it stays, all others go. */
TEST(memory_over_bar)
{
    struct remote_count before = remote_count();

    CHECK_EQ(start(), 0);
    CHECK_EQ(give(), 0);
    place_bar(PLACE, MEMORY);
    CHECK_EQ(remote_read(PLACE, 4), IDENTITY);
    CHECK_EQ(populate(guest, (PLACE >> 12) + 3, 1), 0);
    CHECK_EQ(map_for_guest((PLACE >> 12) + 3, 3, 1, false), 0);
    CHECK_EQ(populate(guest, (PLACE >> 12) + 3, 1), 1);
    remote_write(PLACE + 0x3000, 8, 0x4321);
    CHECK(take_back(guest));
    CHECK_EQ(remote_read(PLACE, 4), 0xffffffffu);
    CHECK_EQ(remote_read(PLACE + BAR_SIZE - 0x1000, 4), 0xffffffffu);
    CHECK_EQ(remote_read(PLACE + 0x3000, 8), 0x4321);
    destroy(before);
}

/* The toolstack's own way to registers, besides the guest's BAR. */
TEST(mapped_by_toolstack)
{
    struct remote_count before = remote_count();
    const uint64_t at = PLACE + 16 * BAR_SIZE;

    CHECK_EQ(start(), 0);
    CHECK_EQ(map_for_guest(at >> 12, 0, 1, true), -XEN_EPERM);
    CHECK_EQ(give(), 0);
    CHECK_EQ(map_for_guest(at >> 12, 0, 16, true), 0);
    CHECK_EQ(map_for_guest(SOURCE_PAGE >> 12, 0, 16, true), -XEN_EEXIST);
    CHECK_EQ(map_for_guest(at >> 12, 0, 65, true), -XEN_E2BIG);
    place_bar(PLACE, MEMORY);
    CHECK_EQ(remote_read(at, 4), IDENTITY);
    CHECK_EQ(remote_read(PLACE, 4), IDENTITY);
    place_bar(PLACE, 0);
    CHECK_EQ(remote_read(PLACE, 4), 0xffffffffu);
    CHECK_EQ(map_for_guest(at >> 12, 0, 16, false), 0);
    place_bar(PLACE, MEMORY);
    CHECK_EQ(remote_read(at, 4), 0xffffffffu);
    CHECK_EQ(remote_read(PLACE, 4), IDENTITY);
    CHECK(take_back(guest));
    destroy(before);
}

/* The guest dies with the device, its interrupt on and a DMA under way. */
TEST(death_in_use)
{
    struct remote_count before = remote_count();

    for (unsigned int n = 0; n < 3; n++) {
        CHECK_EQ(start(), 0);
        CHECK_EQ(give(), 0);
        place_bar(PLACE, MEMORY | MASTER);
        CHECK(msi_on(true));
        remote_write(PLACE + 0x80, 8, EDU_BUFFER);
        remote_write(PLACE + 0x88, 8, TARGET_PAGE);
        remote_write(PLACE + 0x90, 8, EDU_BYTES);
        remote_write(PLACE + 0x98, 8, 1 | 2 | 4);
        destroy(LATER);
        delay_ns(150000000);
        CHECK(take_back(DOMID_IO));
        CHECK(as_before(before.pages, before.used));
    }
}
