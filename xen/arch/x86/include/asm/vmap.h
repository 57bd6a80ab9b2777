/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAM at addresses of its own, with an unmapped page below and above, so that running
 * over an end is a page fault. Implementation: xen/arch/x86/mm/ioremap.c.
 */
#ifndef ASM_VMAP_H
#define ASM_VMAP_H

#include <xen/alloc.h>
#include <xen/types.h>

/*
 * Map the whole pages [pa, pa + len), writable and not executable. What the mapping needs
 * is charged to c (NULL: the hypervisor's own). NULL: no memory or no addresses left.
 * Takes LOCK_VMAP_AREA and LOCK_VMAP.
 */
void *vmap_ram(struct charge *c, enum charge_tag tag, paddr_t pa, size_t len);

/*
 * Undo it; when this returns, no CPU can reach the pages through va any more. Returns pa.
 * Conditions as for flush_all() (asm/tlb.h).
 */
paddr_t vunmap(void *va);

#endif
