/* SPDX-License-Identifier: GPL-2.0-only */
/* CPU TLB flushes, local and by IPI (xen/arch/x86/mm/tlb.c). */
#ifndef ASM_TLB_H
#define ASM_TLB_H

#include <xen/cpumask.h>
#include <xen/types.h>

#define FLUSH_TLB        (1U << 0) /* non-global entries of the hypervisor's CR3 */
#define FLUSH_TLB_GLOBAL (1U << 1) /* global ones as well */
#define FLUSH_GUEST_TLB  (1U << 2) /* drop all guest (ASID) translations of the CPU */
#define FLUSH_CACHE      (1U << 3) /* WBINVD */

/*
 * Flush on every CPU of mask (the caller's own included when set) and return when all
 * have done so. Interrupts must be on, or mask must hold only this CPU. No lock that an
 * interrupt handler takes may be held.
 */
void flush_mask(const cpumask_t *mask, unsigned int flags);
void flush_all(unsigned int flags);
void flush_local(unsigned int flags);

#endif
