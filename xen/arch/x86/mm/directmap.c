/* SPDX-License-Identifier: GPL-2.0-only */
/* Address arithmetic of the direct map and the image. */
#include <xen/lib.h>
#include <xen/mm.h>

extern const char _start[], _end[];

void *paddr_to_virt(paddr_t pa)
{
    ASSERT(pa < DIRECTMAP_END - DIRECTMAP_START);
    return (void *)(DIRECTMAP_START + pa);
}

void *mfn_to_virt(mfn_t mfn)
{
    return paddr_to_virt(mfn_to_paddr(mfn));
}

paddr_t virt_to_paddr(const void *va)
{
    unsigned long v = (unsigned long)va;

    if (v >= (unsigned long)_start && v <= (unsigned long)_end)
        return v - XEN_VIRT_START + XEN_PHYS_START;
    ASSERT(v >= DIRECTMAP_START && v < DIRECTMAP_END);
    return v - DIRECTMAP_START;
}

mfn_t virt_to_mfn(const void *va)
{
    return paddr_to_mfn(virt_to_paddr(va));
}

struct page_info *virt_to_page(const void *va)
{
    return mfn_to_page(virt_to_mfn(va));
}
