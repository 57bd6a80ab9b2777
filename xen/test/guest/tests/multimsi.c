/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest drives the sixteen MSI vectors of an xHCI controller (xHCI 1.1, 4.17 and
 * 5.5.2), which has an interrupter for each. An interrupter says so when it is told that
 * the guest has read less than there is. What would be wrong: a vector that arrives as
 * another, that comes twice or not at all, or that comes after the guest asked for fewer;
 * or one that does not find a guest that has moved to another CPU.
 */
#include "refusal.h"
#include "remote.h"
#include "sched.h"

#define NEC_ID      0x01941033u
#define REGS        0xe0000000ul    /* BAR 0 in the guest */
#define FRAMES      4u
#define VECTORS     16u
#define FIRST       0x40u           /* the guest's vectors */
#define MSI         5u
#define ORDER(n)    ((n) << 4)
#define MEMORY      2u
#define MASTER      4u

#define USBCMD          (REGS + 0x40)
#define USBCMD_INTE     4u
#define INTERRUPTER(n)  (REGS + 0x1020 + 0x20 * (n))
#define IMAN            0x00u
#define ERSTSZ          0x08u
#define ERSTBA          0x10u
#define ERDP            0x18u
#define BUSY            8u

/* In the guest: for each interrupter a table of one segment, and the segment. */
#define TABLES      0x140000ul
#define RINGS       0x141000ul
#define RING_BYTES  256u
#define TRB_BYTES   16u

static unsigned int devfn, cap, rounds;
static uint32_t frame;
static domid_t guest;

static long start(void)
{
    if (guest) {
        remote_unsee();
        simple(XEN_DOMCTL_destroydomain, guest);
        deassign_device(DOMID_IO, devfn);
    }
    return remote_start(&guest, XEN_X86_EMU_LAPIC | XEN_X86_EMU_VPCI);
}

static long give(void)
{
    long rc = permit_frames(guest, frame, FRAMES, true);

    return rc ? rc : assign_device(guest, devfn);
}

static void destroy(struct remote_count before)
{
    domid_t id = guest;

    remote_unsee();
    guest = 0;
    CHECK_EQ(simple(XEN_DOMCTL_destroydomain, id), 0);
    if (deassign_device(DOMID_IO, devfn))
        print("the device is not in quarantine\n");
    /* The first domain made us need page tables for its view. */
    if (rounds++)
        CHECK(as_before(before.pages, before.used));
}

static uint32_t count(unsigned int n)
{
    return remote_box->arrived[FIRST + n - REMOTE_VECTOR];
}

static void set_up(void)
{
    remote_set_config(devfn, 0x10, 4, REGS);
    remote_set_config(devfn, 0x14, 4, 0);
    remote_set_config(devfn, 4, 2, MEMORY | MASTER);
    for (unsigned int n = 0; n < VECTORS; n++) {
        volatile uint32_t *segment = remote_memory(TABLES + 64 * n);

        segment[0] = (uint32_t)(RINGS + RING_BYTES * n);
        segment[1] = 0;
        segment[2] = RING_BYTES / TRB_BYTES;
        remote_write(INTERRUPTER(n) + ERSTSZ, 4, 1);
        remote_write(INTERRUPTER(n) + ERSTBA, 4, TABLES + 64 * n);
        remote_write(INTERRUPTER(n) + ERSTBA + 4, 4, 0);
        remote_write(INTERRUPTER(n) + ERDP + 4, 4, 0);
        remote_write(INTERRUPTER(n) + IMAN, 4, 3);
    }
    remote_write(USBCMD, 4, USBCMD_INTE);
}

/* Its low bits are the device's. */
static void set_control(uint32_t control)
{
    remote_set_config(devfn, cap + 4, 4, 0xfee00000);
    remote_set_config(devfn, cap + 8, 4, 0);
    remote_set_config(devfn, cap + 12, 2, FIRST | 5);
    remote_set_config(devfn, cap + 2, 2, control);
}

static void raise(unsigned int n)
{
    remote_write(INTERRUPTER(n) + ERDP, 4, (RINGS + RING_BYTES * n + TRB_BYTES) | BUSY);
}

/* With so many vectors each interrupter arrives once, at its number modulo them. */
static void every_vector(unsigned int vectors, unsigned int base)
{
    for (unsigned int n = 0; n < VECTORS; n++) {
        uint32_t all = remote_total(), mine = count(base + n % vectors);

        raise(n);
        CHECK_EQ(remote_arrived(FIRST + base + n % vectors, mine + 1), mine + 1);
        CHECK_EQ(remote_total(), all + 1);
    }
}

TEST(find_device)
{
    while (devfn < 256 && edu_config_read(devfn, 0) != NEC_ID)
        devfn++;
    CHECK(devfn < 256);
    frame = edu_config_read(devfn, 0x10) >> 12;
    CHECK(frame && edu_config_read(devfn, 0x14) == 0);
}

static void several(void)
{
    struct remote_count before = remote_count();
    uint32_t all;

    CHECK_EQ(start(), 0);
    CHECK_EQ(give(), 0);
    cap = remote_capability(devfn, MSI);
    CHECK(cap != 0);
    CHECK_EQ(remote_config(devfn, cap + 2, 2) & 0x7f, 0x08);
    set_up();
    set_control(1 | ORDER(4u));
    CHECK_EQ(remote_config(devfn, cap + 2, 2) & 0x7f, 0x49);
    every_vector(16, 0);
    /* Fewer without a pause, one, more than there are. */
    set_control(1 | ORDER(2u));
    every_vector(4, 4);
    set_control(1);
    CHECK_EQ(remote_config(devfn, cap + 2, 2) & 0x7f, 0x09);
    every_vector(1, 5);
    set_control(1 | ORDER(7u));
    CHECK_EQ(remote_config(devfn, cap + 2, 2) & 0x7f, 0x49);
    every_vector(16, 0);
    /* The guest's message is its own to change while the device sends. */
    remote_set_config(devfn, cap + 12, 2, FIRST - 0x10);
    all = remote_total();
    raise(7);
    CHECK_EQ(remote_arrived(FIRST - 0x10 + 7, 1), 1);
    CHECK_EQ(remote_total(), all + 1);
    set_control(ORDER(4u));
    CHECK_EQ(remote_config(devfn, cap + 2, 2) & 0x7f, 0x48);
    raise(3);
    remote_settle();
    CHECK_EQ(remote_total(), all + 1);
    CHECK_EQ(deassign_device(guest, devfn), 0);
    destroy(before);
}

TEST(several)
{
    several();
}

TEST(several_again)
{
    several();
}

/* --- where they go ----------------------------------------------------------------- */

/* How many vectors the hypervisor has given out, by its own list; ~0: it does not say. */
static unsigned int vectors_of(unsigned int cpu)
{
    static uint32_t end;
    uint32_t begin;
    char want[40];

    console_said(&end, "all that is old");
    if (console_key('i'))
        return ~0u;
    for (unsigned int n = 0; n < 256; n++) {
        char *at = put_number(put_text(want, "CPU"), cpu, 10);

        *put_text(put_number(put_text(at, ": "), n, 10), " device vectors") = 0;
        begin = end;
        if (console_said(&begin, want))
            return n;
    }
    return ~0u;
}

static unsigned int all_vectors(void)
{
    unsigned int sum = 0;

    for (unsigned int cpu = 0; cpu < cpu_count(); cpu++)
        sum += vectors_of(cpu);
    return sum;
}

static long run_on(uint64_t cpus)
{
    return affinity_op(XEN_DOMCTL_setvcpuaffinity, guest, 0, &cpus);
}

/* It is on its way from CPU to CPU while they come. */
static void while_it_moves(void)
{
    uint32_t all = remote_total();

    for (unsigned int n = 0; n < 2 * VECTORS; n++) {
        unsigned int vector = n % VECTORS;
        uint32_t mine = count(vector);

        remote_post(REMOTE_STORE, INTERRUPTER(vector) + ERDP, 4,
                    (RINGS + RING_BYTES * vector + TRB_BYTES) | BUSY);
        CHECK_EQ(run_on(1ul << (n & 1)), 0);
        CHECK(remote_done());
        CHECK_EQ(remote_arrived(FIRST + vector, mine + 1), mine + 1);
    }
    CHECK_EQ(remote_total(), all + 2 * VECTORS);
}

/*
 * The host's vectors stay on the CPU where they are. The guest has its interrupts where
 * it runs, be that this CPU or another, and also while that CPU is in no pool.
 */
TEST(wherever_it_runs)
{
    struct remote_count before = remote_count();
    unsigned int vectors = all_vectors();
    struct xen_sysctl_cpupool_op op;
    uint32_t said = 0;
    uint64_t cpus;

    CHECK_EQ(start(), 0);
    CHECK_EQ(give(), 0);
    set_up();
    set_control(1 | ORDER(4u));
    CHECK_EQ(all_vectors(), vectors + VECTORS);
    for (unsigned int cpu = 0; cpu < cpu_count(); cpu++) {
        CHECK_EQ(run_on(1ul << cpu), 0);
        every_vector(VECTORS, 0);
    }
    while_it_moves();
    CHECK_EQ(run_on(~0ul), 0);
    CHECK_EQ(pool_op(&op, RM, 0, 1, &cpus), 0);
    every_vector(VECTORS, 0);
    CHECK_EQ(pool_op(&op, ADD, 0, 1, &cpus), 0);
    every_vector(VECTORS, 0);
    CHECK_EQ(all_vectors(), vectors + VECTORS);
    destroy(before);
    CHECK_EQ(all_vectors(), vectors);
    CHECK(!console_said(&said, "unexpected interrupt"));
}

/* The guest dies with all of them on and some under way. */
TEST(death_in_use)
{
    struct remote_count before = remote_count();

    for (unsigned int n = 0; n < 3; n++) {
        CHECK_EQ(start(), 0);
        CHECK_EQ(give(), 0);
        set_up();
        set_control(1 | ORDER(4u));
        raise(0);
        remote_post(REMOTE_STORE, INTERRUPTER(9) + ERDP, 4,
                    (RINGS + RING_BYTES * 9 + TRB_BYTES) | BUSY);
        destroy(before);
    }
}
