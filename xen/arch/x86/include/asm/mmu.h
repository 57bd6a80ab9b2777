/* SPDX-License-Identifier: GPL-2.0-only */
/* What each CPU does to use the hypervisor's page tables. */
#ifndef ASM_MMU_H
#define ASM_MMU_H

/*
 * Load xen_cr3 and switch on what protects it: NX, WP, SMEP, SMAP, global pages, and the
 * PAT that asm/pt.h's formats assume. On each CPU once, early.
 */
void mmu_init_cpu(void);

/* From now on page tables come from the heap. Boot. */
void xen_pagetables_from_heap(void);

#endif
