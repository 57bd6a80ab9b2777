/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAM before the heap: what is free, early page allocation from it, and at the end giving
 * the rest to the heap. Kept out: the low 1 MiB, the image, the modules.
 */
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/boot.h>

#include "setup.h"

#define LOW_RESERVED MB(1)
#define MAX_REGIONS  (BOOT_MAX_E820 + BOOT_MAX_MODULES + 4)

extern const char _start[], _end[], _sinittext[], _einit_text_page[], _sinitdata[],
    _einitdata[];

struct region {
    paddr_t start, end;
};

static struct region regions[MAX_REGIONS]; /* boot CPU only */
static unsigned int nr_regions;
static bool heap_ready;

static void __init region_add(paddr_t start, paddr_t end)
{
    if (start < end && nr_regions < MAX_REGIONS)
        regions[nr_regions++] = (struct region){start, end};
}

/* Take [start, end) out of all regions. */
static void __init region_cut(paddr_t start, paddr_t end)
{
    unsigned int n = nr_regions;

    for (unsigned int i = 0; i < n; i++) {
        struct region *r = &regions[i];
        paddr_t tail = r->end;

        if (end <= r->start || start >= r->end)
            continue;
        r->end = MAX(start, r->start);
        if (start <= r->start)
            r->end = r->start;
        region_add(end, tail);
    }
}

void __init boot_memory_init(void)
{
    for (unsigned int i = 0; i < boot_info.nr_e820; i++) {
        const struct e820_entry *e = &boot_info.e820[i];
        paddr_t end = e->start + e->size;

        if (e->type != E820_RAM)
            continue;
        if (end > DIRECTMAP_END - DIRECTMAP_START) {
            printk(XENLOG_WARNING "RAM above 4 TiB is not used\n");
            end = DIRECTMAP_END - DIRECTMAP_START;
        }
        if (end <= e->start)
            continue;
        total_pages += (end - e->start) >> PAGE_SHIFT;
        max_page = MAX(max_page, end >> PAGE_SHIFT);
        region_add(e->start, end);
    }
    region_cut(0, LOW_RESERVED);
    region_cut(virt_to_paddr(_start), virt_to_paddr(_end));
    for (unsigned int i = 0; i < boot_info.nr_modules; i++) {
        const struct boot_module *m = &boot_info.modules[i];

        region_cut(ROUND_DOWN(m->start, PAGE_SIZE),
                   ROUND_UP(m->start + m->size, PAGE_SIZE));
    }
}

paddr_t __init boot_memory_alloc(uint64_t size, uint64_t align, paddr_t limit)
{
    paddr_t best = 0;
    unsigned int from = 0;

    BUG_ON(heap_ready);
    for (unsigned int i = 0; i < nr_regions; i++) {
        const struct region *r = &regions[i];
        paddr_t end = MIN(r->end, limit), at = ROUND_DOWN(end - size, align);

        if (end >= size && at >= r->start && end > r->start && at >= best) {
            best = at;
            from = i;
        }
    }
    if (best) {
        paddr_t tail = regions[from].end;

        regions[from].end = best;
        region_add(best + size, tail);
    }
    return best;
}

void __init boot_memory_to_heap(void)
{
    heap_ready = true;
    for (unsigned int i = 0; i < nr_regions; i++)
        heap_add_range(regions[i].start, regions[i].end);
    printk(XENLOG_INFO "Memory: %lu MiB, %lu MiB free for use\n",
           total_pages >> (20 - PAGE_SHIFT), heap_free_pages() >> (20 - PAGE_SHIFT));
}

const void *boot_module_data(unsigned int nr, size_t *size)
{
    const struct boot_module *m = &boot_info.modules[nr];

    if (nr >= boot_info.nr_modules || !m->start)
        return NULL;
    *size = m->size;
    return paddr_to_virt(m->start);
}

void boot_modules_release(void)
{
    for (unsigned int i = 0; i < boot_info.nr_modules; i++) {
        struct boot_module *m = &boot_info.modules[i];
        paddr_t start = ROUND_DOWN(m->start, PAGE_SIZE);

        if (m->start && memory_map_type(m->start, m->size) == E820_RAM)
            heap_add_range(MAX(start, LOW_RESERVED),
                           ROUND_UP(m->start + m->size, PAGE_SIZE));
        m->start = 0;
    }
}
