/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Config-space writes that take long: decoding of a BAR of 64 GiB, 2,048 entries of
 * MSI-X. What would be wrong: no interrupt comes before all of it is done, the whole is
 * not done in the end, or the device decodes before its registers are where they shall
 * be. At its end the device is removed with all of that in use: that takes as long. The
 * command line says which of the two devices there is: the other's registers would not
 * stay below 4 GiB beside such a BAR.
 */
#include <public/physdev.h>
#include "edu.h"

#define TESTDEV     0x00051b36u
#define NVME        0x00101b36u
#define COMMAND     0x04u
#define MEMORY      2u
#define MASTER      4u
#define CAPS        0x34u
#define MSIX        0x11u
#define MSIX_ON     0x80000000u
#define VECTOR      0x60u
#define PERIOD      20000u          /* of the APIC timer, in its ticks: 20 us */
#define PERIODIC    0x20000u

extern const char long_out[];
void config_out(uint32_t val);

/* Its OUT has an address, to be told from what is around it. */
__asm__(".pushsection .text\n"
        ".globl config_out, long_out\n"
        "config_out:\n\t"
        "mov %edi, %eax\n\t"
        "mov $0xcfc, %edx\n"
        "long_out:\n\t"
        "out %eax, %dx\n\t"
        "ret\n"
        ".popsection");

static volatile uint64_t ticks, within, last, longest;

static void tick(struct frame *f)
{
    uint64_t now = rdtsc();

    ticks++;
    within += f->rip == (uintptr_t)long_out;
    if (now - last > longest)
        longest = now - last;
    last = now;
    apic_eoi();
}

static void start_timer(void)
{
    apic_enable();
    set_handler(VECTOR, tick);
    wrmsr(X2APIC_TIMER_DIV, 0xb);
    wrmsr(X2APIC_TIMER_LVT, VECTOR | PERIODIC);
    wrmsr(X2APIC_TIMER_COUNT, PERIOD);
}

/* From here to end() the timer interrupts. */
static uint64_t begin(void)
{
    irq_on();
    ticks = 0;
    while (ticks < 2)
        continue;
    ticks = within = longest = 0;
    return rdtsc();
}

static void end(uint64_t from, uint64_t count, const char *what)
{
    uint64_t took = rdtsc() - from;

    irq_off();
    print("%s: %lu ticks of the TSC, %lu interrupts in it, %lu at most between two\n",
          what, (unsigned long)took, (unsigned long)count, (unsigned long)longest);
}

/* How many interrupts came while it was under way. */
static uint64_t slow_write(unsigned int devfn, unsigned int reg, uint32_t val,
                           const char *what)
{
    uint64_t from;

    __asm__ volatile("outl %0, %1" ::"a"(0x80000000u | devfn << 8 | reg),
                     "Nd"((uint16_t)0xcf8));
    from = begin();
    config_out(val);
    end(from, within, what);
    return within;
}

/* The same, but up to two can come around it; 0: the device is not gone. */
static uint64_t slow_removal(unsigned int devfn, const char *what)
{
    struct physdev_pci_device op = { .devfn = (uint8_t)devfn };
    uint64_t from = begin(), count;
    long rc = HC2(__HYPERVISOR_physdev_op, PHYSDEVOP_pci_device_remove, &op);

    count = ticks;
    end(from, count, what);
    return rc || edu_config_read(devfn, 0) != ~0u ? 0 : count;
}

static bool here(char which)
{
    return command_line()[0] == which;
}

static unsigned int find(uint32_t id)
{
    unsigned int devfn = 0;

    while (devfn < 256 && edu_config_read(devfn, 0) != id)
        devfn++;
    return devfn;
}

TEST(large_bar)
{
    unsigned int devfn = find(TESTDEV);
    uint32_t command;

    if (!here('b'))
        return;
    CHECK(devfn < 256);
    CHECK(edu_config_read(devfn, 0x1c) >= 16);
    start_timer();
    command = edu_config_read(devfn, COMMAND) & 0xffff;
    CHECK(command & MEMORY);
    for (unsigned int i = 0; i < 2; i++) {
        CHECK(slow_write(devfn, COMMAND, command & ~MEMORY, "64 GiB off") > 2);
        CHECK_EQ(edu_config_read(devfn, COMMAND) & MEMORY, 0);
        CHECK(slow_write(devfn, COMMAND, command, "64 GiB on") > 2);
        CHECK_EQ(edu_config_read(devfn, COMMAND) & MEMORY, MEMORY);
    }
    CHECK(slow_removal(devfn, "64 GiB removed") > 2);
}

static unsigned int find_msix(unsigned int devfn)
{
    unsigned int at = edu_config_read(devfn, CAPS) & 0xfc;

    while (at && (edu_config_read(devfn, at) & 0xff) != MSIX)
        at = edu_config_read(devfn, at) >> 8 & 0xfc;
    return at;
}

/* More than there are vectors: most entries end without one. */
TEST(many_entries)
{
    unsigned int devfn = find(NVME), cap, entries;
    volatile uint32_t *table;
    uint32_t command;

    if (!here('m'))
        return;
    CHECK(devfn < 256);
    CHECK_EQ(edu_config_read(devfn, 0x14), 0);
    start_timer();
    command = edu_config_read(devfn, COMMAND) & 0xffff;
    edu_config_write(devfn, COMMAND, command | MEMORY | MASTER);
    cap = find_msix(devfn);
    CHECK(cap != 0);
    entries = (edu_config_read(devfn, cap) >> 16 & 0x7ff) + 1;
    CHECK_EQ(entries, 2048);
    table = (volatile uint32_t *)(uintptr_t)((edu_config_read(devfn, 0x10) & ~15u) +
                                             (edu_config_read(devfn, cap + 4) & ~7u));
    for (unsigned int i = 0; i < entries; i++) {
        table[4 * i] = 0xfee00000;
        table[4 * i + 2] = 0x70;
        table[4 * i + 3] = 0;
    }
    CHECK(slow_write(devfn, cap, MSIX_ON, "2048 entries on") > 2);
    CHECK(edu_config_read(devfn, cap) & MSIX_ON);
    CHECK(slow_write(devfn, cap, 0, "2048 entries off") > 2);
    CHECK_EQ(edu_config_read(devfn, cap) & MSIX_ON, 0);
    CHECK(slow_write(devfn, cap, MSIX_ON, "2048 entries on") > 2);
    CHECK(slow_removal(devfn, "2048 entries removed") > 2);
}
