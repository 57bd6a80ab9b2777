/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest drives the five MSI-X vectors of an e1000e (82574 data sheet, 10.2.4): it maps
 * causes to vectors and raises them by hand. What would be wrong: a vector that takes the
 * place of another, comes twice or not at all, comes though it is masked; or a table
 * through which the guest writes the device's real messages.
 */
#include "remote.h"

#define NIC_ID      0x10d38086u
#define REGS        0xe0000000ul    /* BAR 0 in the guest */
#define TABLE       0xe0100000ul    /* BAR 3 */
#define MOVED       0xe0200000ul
#define REGS_FRAMES 32u
#define TABLE_FRAMES 4u
#define PBA         0x2000u
#define VECTORS     5u
#define FIRST       0x40u           /* the guest's vectors */
#define OTHERS      0x48u
#define MSIX        0x11u
#define MSIX_ON     0x8000u
#define MSIX_MASKED 0x4000u
#define MEMORY      2u
#define MASTER      4u          /* messages are writes of the device */

#define ICR     0xc0u       /* cause, read; write 1 to clear */
#define ICS     0xc8u       /* cause, set */
#define IMS     0xd0u       /* mask, set */
#define EIAC    0xdcu       /* causes that clear themselves when their message goes */
#define IVAR    0xe4u       /* cause to vector, 4 bits each, the top one: valid */
#define CAUSE(n) (1u << (20 + (n)))
#define ALL     (31u << 20)

static unsigned int devfn, cap, rounds;
static uint32_t regs_frame, table_frame;
static domid_t guest;

static long give(void)
{
    long rc = permit_frames(guest, regs_frame, REGS_FRAMES, true);

    if (!rc)
        rc = permit_frames(guest, table_frame, TABLE_FRAMES, true);
    return rc ? rc : assign_device(guest, devfn);
}

static void place(uint64_t table)
{
    remote_set_config(devfn, 4, 2, 0);
    remote_set_config(devfn, 0x10, 4, REGS);
    remote_set_config(devfn, 0x1c, 4, (uint32_t)table);
    remote_set_config(devfn, 4, 2, MEMORY | MASTER);
}

static void set_entry(uint64_t table, unsigned int n, unsigned int vector)
{
    remote_write(table + 16 * n, 4, 0xfee00000);
    remote_write(table + 16 * n + 4, 4, 0);
    remote_write(table + 16 * n + 8, 4, vector);
}

static void mask_entry(unsigned int n, bool masked)
{
    remote_write(TABLE + 16 * n + 12, 4, masked);
}

static void set_control(uint32_t v)
{
    remote_set_config(devfn, cap + 2, 2, v);
}

static void set_up(void)
{
    place(TABLE);
    for (unsigned int n = 0; n < VECTORS; n++)
        set_entry(TABLE, n, FIRST + n);
    set_control(MSIX_ON);
    for (unsigned int n = 0; n < VECTORS; n++)
        mask_entry(n, false);
    remote_write(REGS + ICR, 4, ~0u);
    remote_write(REGS + IVAR, 4, 0xcba98);
    remote_write(REGS + EIAC, 4, ALL);
    remote_write(REGS + IMS, 4, ALL);
}

static void raise(unsigned int n)
{
    remote_write(REGS + ICS, 4, CAUSE(n));
}

static uint32_t count(unsigned int vector)
{
    return remote_box->arrived[vector - REMOTE_VECTOR];
}

static long start(void)
{
    if (guest) {
        remote_unsee();
        simple(XEN_DOMCTL_destroydomain, guest);
        deassign_device(DOMID_IO, devfn);
    }
    return remote_start(&guest, XEN_X86_EMU_LAPIC | XEN_X86_EMU_VPCI);
}

static void destroy(struct remote_count before)
{
    domid_t id = guest;

    remote_unsee();
    guest = 0;
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
    if (deassign_device(DOMID_IO, devfn))
        print("the device is not in quarantine\n");
    CHECK_EQ(edu_config_read(devfn, 0), NIC_ID);
    /* The first domain made us need page tables for its view. */
    if (rounds++)
        CHECK(as_before(before.pages, before.used));
}

TEST(find_device)
{
    while (devfn < 256 && edu_config_read(devfn, 0) != NIC_ID)
        devfn++;
    CHECK(devfn < 256);
    regs_frame = edu_config_read(devfn, 0x10) >> 12;
    table_frame = edu_config_read(devfn, 0x1c) >> 12;
    CHECK(regs_frame && table_frame);
}

/* Raised one after the other, each comes once and alone. */
static void every_vector(void)
{
    for (unsigned int n = 0; n < VECTORS; n++) {
        uint32_t all = remote_total(), mine = count(FIRST + n);

        raise(n);
        CHECK_EQ(remote_arrived(FIRST + n, mine + 1), mine + 1);
        CHECK_EQ(remote_total(), all + 1);
    }
}

static void each_vector(void)
{
    struct remote_count before = remote_count();

    CHECK_EQ(start(), 0);
    CHECK_EQ(give(), 0);
    cap = remote_capability(devfn, MSIX);
    CHECK(cap != 0);
    CHECK_EQ(remote_config(devfn, cap + 2, 2), VECTORS - 1);
    CHECK_EQ(remote_config(devfn, cap + 4, 4), 3);
    CHECK_EQ(remote_config(devfn, cap + 8, 4), PBA | 3);
    set_up();
    CHECK_EQ(remote_config(devfn, cap + 2, 2), MSIX_ON | (VECTORS - 1));
    every_vector();
    /* The whole device goes, and its last messages with it. */
    CHECK_EQ(deassign_device(guest, devfn), 0);
    CHECK_EQ(remote_read(REGS + ICR, 4), 0xffffffffu);
    CHECK_EQ(remote_read(TABLE, 4), 0xffffffffu);
    destroy(before);
}

TEST(each_vector)
{
    each_vector();
}

TEST(each_vector_again)
{
    each_vector();
}

/* A masked vector waits, shows as pending, and comes when it is let through. */
TEST(masks)
{
    struct remote_count before = remote_count();
    uint32_t all;

    CHECK_EQ(start(), 0);
    CHECK_EQ(give(), 0);
    set_up();
    all = remote_total();
    mask_entry(2, true);
    CHECK_EQ(remote_read(TABLE + PBA, 8), 0);
    raise(2);
    remote_settle();
    CHECK_EQ(remote_total(), all);
    CHECK(SOON(remote_read(TABLE + PBA, 8) == 4));
    /* It may be told to go elsewhere meanwhile. */
    set_entry(TABLE, 2, OTHERS);
    mask_entry(2, false);
    CHECK_EQ(remote_arrived(OTHERS, 1), 1);
    CHECK_EQ(remote_read(TABLE + PBA, 8), 0);
    CHECK_EQ(remote_total(), all + 1);

    set_control(MSIX_ON | MSIX_MASKED);
    raise(0);
    raise(4);
    remote_settle();
    CHECK_EQ(remote_total(), all + 1);
    set_control(MSIX_ON);
    CHECK_EQ(remote_arrived(FIRST, 1), 1);
    CHECK_EQ(remote_arrived(FIRST + 4, 1), 1);
    set_control(0);
    raise(1);
    remote_settle();
    CHECK_EQ(remote_total(), all + 3);
    /* Masked when MSI-X is switched on it stays so. */
    mask_entry(3, true);
    set_control(MSIX_ON);
    raise(3);
    remote_settle();
    CHECK_EQ(count(FIRST + 3), 0);
    mask_entry(3, false);
    CHECK_EQ(remote_arrived(FIRST + 3, 1), 1);
    destroy(before);
}

/* The table is where the BAR is, reads as written, and is no way to the real one. */
TEST(table)
{
    struct remote_count before = remote_count();

    CHECK_EQ(start(), 0);
    CHECK_EQ(give(), 0);
    place(TABLE);
    set_entry(TABLE, 1, 0x55);
    CHECK_EQ(remote_read(TABLE + 24, 4), 0x55);
    CHECK_EQ(remote_read(TABLE + 16, 8), 0xfee00000);
    CHECK_EQ(remote_read(TABLE + 28, 4), 1);
    place(MOVED);
    CHECK_EQ(remote_read(TABLE + 24, 4), 0xffffffffu);
    CHECK_EQ(remote_read(MOVED + 24, 4), 0x55);
    /* Behind the last entry there is nothing, before and after a write. */
    CHECK_EQ(remote_read(MOVED + 16 * VECTORS, 4), 0xffffffffu);
    remote_write(MOVED + 16 * VECTORS, 4, 0x1234);
    CHECK_EQ(remote_read(MOVED + 16 * VECTORS, 4), 0xffffffffu);
    remote_write(MOVED + PBA, 8, ~0ull);
    CHECK_EQ(remote_read(MOVED + PBA, 8), 0);
    CHECK_EQ(remote_read(MOVED + PBA + 8, 4), 0xffffffffu);
    destroy(before);
}

/* The guest dies with all vectors on and some of them under way. */
TEST(death_in_use)
{
    struct remote_count before = remote_count();

    for (unsigned int n = 0; n < 3; n++) {
        CHECK_EQ(start(), 0);
        CHECK_EQ(give(), 0);
        set_up();
        remote_post(REMOTE_STORE, REGS + ICS, 4, ALL);
        destroy(before);
    }
}
