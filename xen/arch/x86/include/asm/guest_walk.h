/* SPDX-License-Identifier: GPL-2.0-only */
/* Walks of a guest's own page tables (APM vol. 2 chapter 5). */
#ifndef ASM_X86_GUEST_WALK_H
#define ASM_X86_GUEST_WALK_H

#include <xen/types.h>

struct vcpu;

/* What the access is; the values are those of the #PF error code (APM vol. 2 8.4.2). */
#define GW_PRESENT 1u
#define GW_WRITE   2u
#define GW_USER    4u
#define GW_RSVD    8u
#define GW_FETCH   16u
#define GW_PKEY    32u

/*
 * Translate a linear address of v, which is current or paused. True: *gpa is the guest
 * physical address, accessed and dirty bits are set as the CPU would have. False: *pfec
 * is the #PF error code to inject. Interrupts on, no p2m transaction of the domain open.
 */
bool guest_walk(struct vcpu *v, uint64_t gva, uint32_t access, paddr_t *gpa,
                uint32_t *pfec);

#endif
