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
 * A walk that succeeded, with all that its result rests on: while none of it has changed,
 * another walk would end the same. Part of the vCPU's state and protected like it.
 */
#define GW_CODE_SETS 4  /* a loop that exits has several pages of code in turn */
#define GW_DATA_SETS 2  /* for reads, and as many for writes */
#define GW_WAYS      2
#define GW_LINES     ((GW_CODE_SETS + 2 * GW_DATA_SETS) * GW_WAYS)
#define GW_LEVELS    4
struct gw_line {
    uint64_t generation;            /* p2m_tlb_generation() before the walk; 0: empty */
    uint64_t gva;                   /* of the page */
    uint64_t cr0, cr3, cr4, efer;
    const void *entry[GW_LEVELS];   /* where the walk read, in our own mapping */
    uint64_t seen[GW_LEVELS];       /* what it left there */
    paddr_t gpa;                    /* of the page */
    void *page;                     /* its frame in our mapping; NULL: see looked_up */
    uint32_t access;                /* GW_* and RFLAGS.AC */
    uint8_t levels;
    uint8_t entry_bytes;
    bool looked_up;                 /* page is known, or known to be no RAM */
    bool older;                     /* of the set's two lines; it goes first */
};

/*
 * Translate a linear address of v, which is current or paused. True: *gpa is the guest
 * physical address, accessed and dirty bits are set as the CPU would have. False: *pfec
 * is the #PF error code to inject. Interrupts on, no p2m transaction of the domain open.
 */
bool guest_walk(struct vcpu *v, uint64_t gva, uint32_t access, paddr_t *gpa,
                uint32_t *pfec);

/*
 * The hypervisor's own address of gva if a walk for the same access (GW_*) was made
 * before and still holds, else NULL: take the long way. Until guest_page_release() the
 * p2m of v's domain cannot change; copy from or to this page, no more, and release. Same
 * context as guest_walk().
 */
void *guest_page_hold(struct vcpu *v, uint64_t gva, uint32_t access);
void guest_page_release(struct vcpu *v);

/*
 * Copy len bytes at gva, none beyond its page, if guest_page_hold() knows the page.
 * False: nothing was copied; walk. Same context as guest_walk(). hvm/guest_access.c
 */
bool copy_from_known_page(struct vcpu *v, void *dst, uint64_t gva, size_t len,
                          uint32_t access);

/* For guest_walk() alone: the cache's own lookup, and how a walk is put down in it. */
bool gw_recall(struct vcpu *v, uint64_t gva, uint32_t access, paddr_t *gpa);
struct gw_line *gw_begin(struct vcpu *v, uint64_t gva, uint32_t access);
void gw_end(struct gw_line *l, uint64_t generation, paddr_t gpa);

#endif
