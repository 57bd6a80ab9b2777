/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domain 0's physical map: the host's layout with as much RAM as it is to have, the
 * surplus marked unusable, device and firmware memory at its own addresses.
 */
#include <xen/guest_access.h>
#include <xen/softirq.h>
#include <asm/p2m.h>

#include "private.h"

#define LOW_MEM_END 0x100000ULL /* 1 MiB: firmware area, RAM contents are copied */

static void __init add_entry(struct dom0_build *b, paddr_t start, paddr_t end,
                             uint32_t type)
{
    struct e820_entry *last = b->nr_map ? &b->map[b->nr_map - 1] : NULL;

    if (start >= end)
        return;
    if (last && last->type == type && last->start + last->size == start) {
        last->size += end - start;
        return;
    }
    BUG_ON(b->nr_map >= ARRAY_SIZE(b->map));
    b->map[b->nr_map++] = (struct e820_entry){start, end - start, type};
}

/* RAM shrinks to whole pages; the ragged ends count as reserved. */
static unsigned long __init plan_ram(struct dom0_build *b, const struct e820_entry *e,
                                     unsigned long left)
{
    paddr_t start = ROUND_UP(e->start, PAGE_SIZE);
    paddr_t end = ROUND_DOWN(e->start + e->size, PAGE_SIZE);
    unsigned long pages;

    if (start >= end)
        return 0;
    pages = MIN((unsigned long)((end - start) >> PAGE_SHIFT), left);
    add_entry(b, start, start + ((paddr_t)pages << PAGE_SHIFT), E820_RAM);
    add_entry(b, start + ((paddr_t)pages << PAGE_SHIFT), end, E820_UNUSABLE);
    return pages;
}

/* Cut size bytes off the end of the highest RAM below 4 GiB, for tables. */
static void __init cut_acpi_hole(struct dom0_build *b)
{
    uint64_t size = ROUND_UP(b->acpi_size, PAGE_SIZE);

    for (unsigned int i = b->nr_map; i-- > 0;) {
        struct e820_entry *e = &b->map[i];

        if (e->type != E820_RAM || e->start + e->size > GB(4) || e->start < LOW_MEM_END ||
            e->size < 2 * size)
            continue;
        e->size -= size;
        b->acpi_start = e->start + e->size;
        b->acpi_size = size;
        BUG_ON(b->nr_map >= ARRAY_SIZE(b->map));
        memmove(e + 2, e + 1, (b->nr_map - i - 1) * sizeof(*e));
        e[1] = (struct e820_entry){b->acpi_start, size, E820_ACPI};
        b->nr_map++;
        return;
    }
    panic("dom0_mem: no room for domain 0's ACPI tables below 4 GiB");
}

void __init dom0_plan_memory(struct dom0_build *b)
{
    unsigned long left = b->nr_pages;

    for (unsigned int i = 0; i < boot_info.nr_e820; i++) {
        const struct e820_entry *e = &boot_info.e820[i];

        if (e->type == E820_RAM)
            left -= plan_ram(b, e, left);
        else
            add_entry(b, e->start, e->start + e->size, e->type);
    }
    if (left)
        printk(XENLOG_WARNING "dom0_mem: the machine has %lu pages less than asked for\n",
               left);
    cut_acpi_hole(b);
}

bool __init dom0_is_ram(const struct dom0_build *b, paddr_t start, uint64_t size)
{
    for (unsigned int i = 0; i < b->nr_map; i++) {
        const struct e820_entry *e = &b->map[i];

        if (e->type == E820_RAM && start >= e->start &&
            start + size <= e->start + e->size)
            return true;
    }
    return false;
}

paddr_t __init dom0_find_room(const struct dom0_build *b, uint64_t size, paddr_t limit)
{
    for (unsigned int i = b->nr_map; i-- > 0;) {
        const struct e820_entry *e = &b->map[i];
        paddr_t top = MIN(e->start + e->size, limit);

        if (e->type != E820_RAM || e->start < LOW_MEM_END)
            continue;
        while (top > e->start && top - e->start >= size) {
            paddr_t at = ROUND_DOWN(top - size, PAGE_SIZE);

            if (at < e->start)
                break;
            if (at >= b->kernel_end || at + size <= b->kernel_start)
                return at;
            top = b->kernel_start;
        }
    }
    return 0;
}

/* --- giving it --------------------------------------------------------------------- */

/* Largest order that gfn's alignment, what is left and the heap allow. */
static struct page_info *__init alloc_chunk(struct domain *d, unsigned long gfn,
                                            unsigned long left, unsigned int *order)
{
    static const unsigned int orders[] = {PAGE_ORDER_1G, PAGE_ORDER_2M, 0};

    for (unsigned int i = 0; i < ARRAY_SIZE(orders); i++) {
        unsigned long n = 1UL << orders[i];
        struct page_info *pg;

        if (gfn % n || left < n)
            continue;
        pg = domain_alloc_pages(d, orders[i], 0);
        if (pg) {
            *order = orders[i];
            return pg;
        }
    }
    return NULL;
}

static int __init give_ram(struct domain *d, paddr_t start, uint64_t size)
{
    unsigned long gfn = start >> PAGE_SHIFT, left = size >> PAGE_SHIFT;

    while (left) {
        unsigned int order;
        struct page_info *pg = alloc_chunk(d, gfn, left, &order);
        int rc = pg ? p2m_map_one(d, _gfn(gfn), page_to_mfn(pg), order, P2M_RAM_RW)
                    : -ENOMEM;

        if (rc)
            return rc;
        gfn += 1UL << order;
        left -= 1UL << order;
        process_pending_softirqs();
    }
    return 0;
}

/* Firmware leaves tables and its data area in low RAM: domain 0 gets a copy. */
static int __init copy_low_ram(struct domain *d, paddr_t start, uint64_t size)
{
    return copy_to_guest_phys(d, start, paddr_to_virt(start), size);
}

/* Inclusive frames of a range that domain 0 may reach. */
static int __init identity_map(unsigned long s, unsigned long e, void *data)
{
    return p2m_map_mmio(data, _gfn(s), _mfn(s), e - s + 1);
}

static int __init map_reserved(struct domain *d, const struct e820_entry *e)
{
    unsigned long first = e->start >> PAGE_SHIFT;
    unsigned long last = (e->start + e->size - 1) >> PAGE_SHIFT;

    return rangeset_for_each(&d->iomem_caps, first, last, identity_map, d);
}

/* Holes of the first megabyte, VGA's among them, belong to domain 0 even if unlisted. */
static int __init map_low_holes(struct dom0_build *b)
{
    for (paddr_t pa = 0; pa < LOW_MEM_END; pa += PAGE_SIZE) {
        unsigned long frame = pa >> PAGE_SHIFT;
        enum p2m_type t;
        int rc;

        p2m_lookup(b->d, _gfn(frame), &t, NULL);
        if (t != P2M_NONE || !rangeset_contains(&b->d->iomem_caps, frame, frame))
            continue;
        rc = identity_map(frame, frame, b->d);
        if (rc)
            return rc;
    }
    return 0;
}

int __init dom0_populate(struct dom0_build *b)
{
    int rc = 0;

    for (unsigned int i = 0; i < b->nr_map && !rc; i++) {
        const struct e820_entry *e = &b->map[i];
        bool hole = e->start == b->acpi_start;

        if (e->type == E820_RAM || hole) {
            rc = give_ram(b->d, e->start, e->size);
            if (!rc && e->start + e->size <= LOW_MEM_END)
                rc = copy_low_ram(b->d, e->start, e->size);
        } else if (e->type != E820_UNUSABLE) {
            rc = map_reserved(b->d, e);
        }
    }
    return rc ? rc : map_low_holes(b);
}
