/* SPDX-License-Identifier: GPL-2.0-only */
/* Host page-table entry bits (AMD APM vol. 2 §5.3) and the fixed address map. */
#ifndef ASM_PAGE_H
#define ASM_PAGE_H

#include <xen/list.h>
#include <xen/types.h>
#include <asm/layout.h>

#define PTE_P   (1UL << 0)
#define PTE_W   (1UL << 1)
#define PTE_U   (1UL << 2)
#define PTE_PWT (1UL << 3)
#define PTE_PCD (1UL << 4)
#define PTE_A   (1UL << 5)
#define PTE_D   (1UL << 6)
#define PTE_PS  (1UL << 7)
#define PTE_G   (1UL << 8)
#define PTE_NX  (1UL << 63)
#define PTE_ADDR_MASK 0x000ffffffffff000UL

/*
 * Map [pa, pa + len) at va in the hypervisor's tables with the given PTE flags; page
 * granular, largest pages that fit. -ENOMEM; -EEXIST when something is mapped there.
 */
int map_pages_to_xen(unsigned long va, paddr_t pa, size_t len, uint64_t flags);
void unmap_pages_from_xen(unsigned long va, size_t len); /* and flushes all CPUs */
/*
 * The same in two steps, so that many ranges share a flush. The first returns what va,
 * the start of a mapped range, was mapped to; TLBs may still have it. The second flushes
 * all CPUs and frees the page tables that the first has put on the list.
 */
paddr_t unmap_pages_lazily(unsigned long va, size_t len, struct page_list *tables);
void unmap_pages_finish(struct page_list *tables);
extern uint64_t xen_cr3; /* physical address of the hypervisor's PML4 */

#endif
