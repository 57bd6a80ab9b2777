/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The firmware's memory map made usable: whole pages, sorted, disjoint. Where entries
 * overlap, the type that promises least wins (a page that anyone calls reserved is).
 */
#include <xen/init.h>
#include <xen/lib.h>
#include <asm/boot.h>

/* Higher wins. Unknown types count as reserved. */
static unsigned int severity(uint32_t type)
{
    static const uint8_t rank[] = {
        [E820_RAM] = 1, [E820_RESERVED] = 4, [E820_ACPI] = 2, [E820_NVS] = 3,
        [E820_UNUSABLE] = 5,
    };

    return type < ARRAY_SIZE(rank) && rank[type] ? rank[type] : 4;
}

static int by_address(const void *a, const void *b)
{
    paddr_t x = *(const paddr_t *)a, y = *(const paddr_t *)b;

    return x < y ? -1 : x > y;
}

/* The type that covers [start, next boundary), or 0 for a hole. */
static uint32_t winner_at(const struct e820_entry *e, unsigned int n, paddr_t at)
{
    uint32_t type = 0;

    for (unsigned int i = 0; i < n; i++)
        if (at >= e[i].start && at - e[i].start < e[i].size &&
            (!type || severity(e[i].type) > severity(type)))
            type = e[i].type;
    return type;
}

unsigned int memory_map_resolve(const struct e820_entry *in, unsigned int n,
                                struct e820_entry *out, unsigned int max)
{
    static paddr_t edge[2 * BOOT_MAX_E820];
    unsigned int edges = 0, made = 0;

    for (unsigned int i = 0; i < n; i++) {
        paddr_t end = in[i].start + in[i].size;

        edge[edges++] = in[i].start;
        edge[edges++] = end < in[i].start ? ~0ULL : end;
    }
    sort(edge, edges, sizeof(edge[0]), by_address);

    for (unsigned int i = 0; i + 1 < edges; i++) {
        uint32_t type = winner_at(in, n, edge[i]);

        if (edge[i] == edge[i + 1] || !type)
            continue;
        if (made && out[made - 1].type == type &&
            out[made - 1].start + out[made - 1].size == edge[i])
            out[made - 1].size += edge[i + 1] - edge[i];
        else if (made < max)
            out[made++] = (struct e820_entry){edge[i], edge[i + 1] - edge[i], type};
    }
    return made;
}

static const char *__init type_name(uint32_t type)
{
    static const char *const names[] = {"?",         "usable",   "reserved",
                                        "ACPI data", "ACPI NVS", "unusable"};

    return type < ARRAY_SIZE(names) ? names[type] : "reserved (unknown type)";
}

void __init memory_map_init(void)
{
    static struct e820_entry raw[BOOT_MAX_E820] __initdata;
    struct boot_info *b = &boot_info;
    unsigned int n = 0;

    if (!b->nr_e820)
        panic("The boot loader gave no memory map");
    /* Usable memory shrinks to whole pages, everything else grows to them. */
    for (unsigned int i = 0; i < b->nr_e820; i++) {
        struct e820_entry e = b->e820[i];
        paddr_t end = e.start + e.size;

        if (end < e.start)
            end = ~0ULL & PAGE_MASK;
        if (e.type == E820_RAM) {
            e.start = ROUND_UP(e.start, PAGE_SIZE);
            end = ROUND_DOWN(end, PAGE_SIZE);
        } else {
            e.start = ROUND_DOWN(e.start, PAGE_SIZE);
            end = ROUND_UP(end, PAGE_SIZE);
        }
        if (end <= e.start)
            continue;
        e.size = end - e.start;
        raw[n++] = e;
    }
    b->nr_e820 = memory_map_resolve(raw, n, b->e820, BOOT_MAX_E820);

    printk(XENLOG_INFO "Memory map:\n");
    for (unsigned int i = 0; i < b->nr_e820; i++)
        printk(XENLOG_INFO " [%016lx, %016lx) %s\n", b->e820[i].start,
               b->e820[i].start + b->e820[i].size, type_name(b->e820[i].type));
}

uint32_t memory_map_type(paddr_t start, uint64_t size)
{
    for (unsigned int i = 0; i < boot_info.nr_e820; i++) {
        const struct e820_entry *e = &boot_info.e820[i];

        if (start >= e->start && start - e->start < e->size)
            return size <= e->size - (start - e->start) ? e->type : 0;
    }
    return 0;
}

bool memory_map_has_ram(paddr_t start, uint64_t size)
{
    paddr_t room = ~start, last = start + MIN(size - 1, room);

    for (unsigned int i = 0; i < boot_info.nr_e820; i++) {
        const struct e820_entry *e = &boot_info.e820[i];

        if (e->type == E820_RAM && e->start <= last && start < e->start + e->size)
            return true;
    }
    return false;
}

paddr_t boot_trampoline_pa(void)
{
    static paddr_t chosen;

    /* Above what the BIOS uses for itself, below its extended data area. */
    for (paddr_t pa = 0x8000; !chosen && pa < 0x90000; pa += PAGE_SIZE)
        if (memory_map_type(pa, PAGE_SIZE) == E820_RAM)
            chosen = pa;
    return chosen;
}
