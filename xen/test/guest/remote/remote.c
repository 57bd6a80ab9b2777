/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel of a domain that a test kernel builds. It does what the mailbox says, from
 * inside: its loads, stores and port accesses are those of a guest's driver, and the
 * interrupts it counts came through its own local APIC.
 */
#include <public/memory.h>
#include "mailbox.h"
#include "../guest.h"

static volatile struct remote_mailbox *const box = (void *)REMOTE_MAILBOX;

static void arrived(struct frame *f)
{
    if (box->quiet_to)
        *(volatile uint32_t *)box->quiet_to = *(volatile uint32_t *)box->quiet_from;
    box->arrived[f->vector - REMOTE_VECTOR]++;
    apic_eoi();
}

static uint64_t load(uint64_t at, uint32_t size)
{
    switch (size) {
    case 1:
        return *(volatile uint8_t *)at;
    case 2:
        return *(volatile uint16_t *)at;
    case 4:
        return *(volatile uint32_t *)at;
    }
    return *(volatile uint64_t *)at;
}

static void store(uint64_t at, uint32_t size, uint64_t v)
{
    switch (size) {
    case 1:
        *(volatile uint8_t *)at = (uint8_t)v;
        break;
    case 2:
        *(volatile uint16_t *)at = (uint16_t)v;
        break;
    case 4:
        *(volatile uint32_t *)at = (uint32_t)v;
        break;
    default:
        *(volatile uint64_t *)at = v;
    }
}

static uint64_t in(uint16_t port, uint32_t size)
{
    uint32_t v = 0;

    if (size == 1)
        __asm__ volatile("inb %w1, %b0" : "+a"(v) : "Nd"(port));
    else if (size == 2)
        __asm__ volatile("inw %w1, %w0" : "+a"(v) : "Nd"(port));
    else
        __asm__ volatile("inl %w1, %0" : "+a"(v) : "Nd"(port));
    return v;
}

static void out(uint16_t port, uint32_t size, uint32_t v)
{
    if (size == 1)
        __asm__ volatile("outb %b0, %w1" ::"a"(v), "Nd"(port));
    else if (size == 2)
        __asm__ volatile("outw %w0, %w1" ::"a"(v), "Nd"(port));
    else
        __asm__ volatile("outl %0, %w1" ::"a"(v), "Nd"(port));
}

/* Config space of bus 0, as a PCI 2.1 driver does it. at: what register, to its end. */
static uint16_t config_port(uint64_t at)
{
    out(0xcf8, 4, (uint32_t)at & ~3u);
    return 0xcfc + (at & 3);
}

static uint64_t count_slots(void)
{
    uint64_t n = 0;

    for (uint64_t devfn = 0; devfn < 256; devfn++)
        n += in(config_port(0x80000000u | devfn << 8), 4) != 0xffffffffu;
    return n;
}

/* An interrupt between the look and the halt would be slept through: STI covers HLT. */
static void wait_for(uint64_t vector, uint64_t times)
{
    irq_off();
    while (box->arrived[vector - REMOTE_VECTOR] < times)
        __asm__ volatile("sti; hlt; cli" ::: "memory");
    irq_on();
}

static void try_load(void *arg)
{
    (void)load((uint64_t)arg, 4);
}

/* Loads from memory, so that the processor keeps the place of both. */
static uint64_t use_x87(void)
{
    static const float number = 2.5f;

    __asm__ volatile("fninit; flds %0" ::"m"(number));
    return x87_env().ip;
}

/*
 * Pages that another domain may just have lost. They come zeroed, and what changes in
 * them after that was not our doing.
 */
static uint64_t take(uint64_t address, uint32_t n)
{
    static xen_pfn_t list[REMOTE_TAKE_MAX];
    struct xen_memory_reservation r = { .nr_extents = n, .domid = DOMID_SELF };
    volatile uint64_t *words = (volatile uint64_t *)address;
    uint64_t changed = 0;

    for (uint32_t i = 0; i < n; i++)
        list[i] = (address >> 12) + i;
    set_xen_guest_handle(r.extent_start, list);
    while (!box->go)
        __asm__ volatile("pause");
    if (HC2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r) == n)
        box->taken = n;
    while (box->go)
        __asm__ volatile("pause");
    for (uint64_t i = 0; box->taken && i < n * 512ull; i++)
        changed += words[i] != 0;
    HC2(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r);
    return changed;
}

static void obey(void)
{
    uint64_t at = box->address, v = box->value;
    uint32_t size = box->size;

    switch (box->command) {
    case REMOTE_LOAD:
        box->value = load(at, size);
        break;
    case REMOTE_STORE:
        store(at, size, v);
        break;
    case REMOTE_IN:
        box->value = in((uint16_t)at, size);
        break;
    case REMOTE_CONFIG_LOAD:
        box->value = in(config_port(at), size);
        break;
    case REMOTE_CONFIG_STORE:
        out(config_port(at), size, (uint32_t)v);
        break;
    case REMOTE_SLOTS:
        box->value = count_slots();
        break;
    case REMOTE_WAIT:
        wait_for(at, v);
        break;
    case REMOTE_FAULTS:
        box->value = (uint64_t)catch_exception(try_load, (void *)at, NULL);
        break;
    case REMOTE_TAKE:
        box->value = take(at, size);
        break;
    case REMOTE_X87:
        box->value = use_x87();
        break;
    }
}

TEST(obey_for_ever)
{
    apic_enable();
    for (unsigned int i = 0; i < REMOTE_VECTORS; i++)
        set_handler(REMOTE_VECTOR + i, arrived);
    irq_on();
    box->ready = REMOTE_READY;
    for (;;) {
        while (box->asked == box->answered)
            __asm__ volatile("pause");
        obey();
        __asm__ volatile("" ::: "memory");
        box->answered = box->asked;
    }
}
