/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>
#include <xen/lib.h>
#include "fake_ram.h"

static const struct piece {
    unsigned long mfn, pages;
} pieces[] = {{FAKE_LOW_MFN, FAKE_LOW_PAGES}, {FAKE_HIGH_MFN, FAKE_HIGH_PAGES}};

static struct page_info table[FAKE_LOW_PAGES + FAKE_HIGH_PAGES];
static char ram[FAKE_LOW_PAGES + FAKE_HIGH_PAGES][PAGE_SIZE] __aligned(4096);
unsigned long max_page = FAKE_HIGH_MFN + FAKE_HIGH_PAGES;
unsigned long total_pages = FAKE_LOW_PAGES + FAKE_HIGH_PAGES;

static long index_of(unsigned long mfn)
{
    long before = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(pieces); i++) {
        if (mfn >= pieces[i].mfn && mfn - pieces[i].mfn < pieces[i].pages)
            return before + (long)(mfn - pieces[i].mfn);
        before += (long)pieces[i].pages;
    }
    return -1;
}

static unsigned long mfn_of(long index)
{
    return index < (long)FAKE_LOW_PAGES
               ? FAKE_LOW_MFN + (unsigned long)index
               : FAKE_HIGH_MFN + (unsigned long)index - FAKE_LOW_PAGES;
}

bool mfn_valid(mfn_t mfn)
{
    return index_of(mfn_x(mfn)) >= 0;
}

struct page_info *mfn_to_page(mfn_t mfn)
{
    long i = index_of(mfn_x(mfn));

    if (i < 0)
        abort();
    return &table[i];
}

mfn_t page_to_mfn(const struct page_info *pg)
{
    return _mfn(mfn_of(pg - table));
}

void *mfn_to_virt(mfn_t mfn)
{
    long i = index_of(mfn_x(mfn));

    if (i < 0)
        abort();
    return ram[i];
}

void *paddr_to_virt(paddr_t pa)
{
    return (char *)mfn_to_virt(_mfn(pa >> PAGE_SHIFT)) + (pa & ~PAGE_MASK);
}

mfn_t virt_to_mfn(const void *va)
{
    return _mfn(mfn_of(((const char *)va - ram[0]) / (long)PAGE_SIZE));
}

paddr_t virt_to_paddr(const void *va)
{
    return mfn_to_paddr(virt_to_mfn(va)) | ((uintptr_t)va & ~PAGE_MASK);
}

struct page_info *virt_to_page(const void *va)
{
    return mfn_to_page(virt_to_mfn(va));
}

void fake_ram_init(void)
{
    memset(table, 0, sizeof(table));
    memset(ram, 0xa5, sizeof(ram));
    for (unsigned long i = 0; i < total_pages; i++)
        table[i].count = PGC_RESERVED;
    for (unsigned int i = 0; i < ARRAY_SIZE(pieces); i++)
        heap_add_range(pieces[i].mfn << PAGE_SHIFT,
                       (pieces[i].mfn + pieces[i].pages) << PAGE_SHIFT);
}
