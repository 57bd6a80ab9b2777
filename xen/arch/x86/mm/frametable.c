/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame table: one struct page_info for each frame, at an address computed from the
 * frame number. Only the 2 MiB chunks of it that describe some RAM have memory behind
 * them.
 */
#include <xen/bitops.h>
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <asm/boot.h>
#include <asm/mmu.h>

#include "../boot/setup.h"

#define CHUNK MB(2)
#define MAX_FRAMES ((DIRECTMAP_END - DIRECTMAP_START) >> PAGE_SHIFT)
#define CHUNKS (MAX_FRAMES * sizeof(struct page_info) / CHUNK + 1)

BUILD_BUG_ON(sizeof(struct page_info) != 32); /* 1/128 of all memory */
BUILD_BUG_ON(MAX_FRAMES > 1UL << 32);         /* struct page_link */

unsigned long max_page, total_pages;
static DECLARE_BITMAP(chunk_present, CHUNKS) __ro_after_init;

/* A page_info may lie on the edge of two chunks: both must be there. */
static unsigned long chunk_of(unsigned long mfn, size_t plus)
{
    return (mfn * sizeof(struct page_info) + plus) / CHUNK;
}

bool mfn_valid(mfn_t mfn)
{
    unsigned long m = mfn_x(mfn);

    return m < max_page && test_bit(chunk_of(m, 0), chunk_present) &&
           test_bit(chunk_of(m, sizeof(struct page_info) - 1), chunk_present);
}

static void __init add_chunk(unsigned long nr)
{
    paddr_t pa;
    struct page_info *pg;
    int rc;

    if (test_bit(nr, chunk_present))
        return;
    pa = boot_memory_alloc(CHUNK, CHUNK, DIRECTMAP_END - DIRECTMAP_START);
    if (!pa)
        panic("No memory for the frame table");
    rc = map_pages_to_xen(FRAMETABLE_START + nr * CHUNK, pa, CHUNK, PTE_W | PTE_NX);
    if (rc)
        panic("Cannot map the frame table: error %d", rc);
    pg = paddr_to_virt(pa);
    memset(pg, 0, CHUNK);
    set_bit(nr, chunk_present);
}

void __init frametable_init(void)
{
    for (unsigned int i = 0; i < boot_info.nr_e820; i++) {
        const struct e820_entry *e = &boot_info.e820[i];
        unsigned long first = e->start >> PAGE_SHIFT;
        unsigned long end = MIN((e->start + e->size) >> PAGE_SHIFT, MAX_FRAMES);

        if (e->type != E820_RAM || first >= end)
            continue;
        for (unsigned long c = chunk_of(first, 0);
             c <= chunk_of(end - 1, sizeof(struct page_info) - 1); c++)
            add_chunk(c);
    }
    /* Until the heap gets a frame, it is nobody's. */
    for (unsigned long m = 0; m < max_page; m++) {
        if (mfn_valid(_mfn(m)))
            mfn_to_page(_mfn(m))->count = PGC_RESERVED;
        else
            m |= 0x1ff; /* chunks describe many times 512 frames */
    }
    xen_pagetables_from_heap();
    boot_memory_to_heap();
}
