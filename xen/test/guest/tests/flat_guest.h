/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PVH domain whose vCPUs run flat 32-bit code of the test's own, with descriptor tables
 * of its own: for what a kernel in C cannot show. Its first 2 MiB are at REMOTE_VIEW.
 */
#ifndef TESTS_FLAT_GUEST_H
#define TESTS_FLAT_GUEST_H

#include "remote.h"

#define FLAT_CODE   0x1000ul
#define FLAT_GDT    0x2000u
#define FLAT_IDT    0x2100u
#define FLAT_WORDS  0x3000ul
#define FLAT_CS     8u
#define FLAT_DS     16u
#define FLAT_STACK  0x8000u     /* every vCPU's: for interrupts, by one of them only */
#define FLAT_GATES  16u

/* Two vCPUs, paused, and the code from begin to end in their memory; 0 or a refusal. */
static inline long flat_guest(domid_t *id, const char *begin, const char *end)
{
    uint64_t *gdt;
    long rc;

    if ((rc = create(2, id)) || (rc = max_vcpus(*id, 2)))
        return rc;
    rc = populate(*id, 0, REMOTE_PAGES);
    if (rc != REMOTE_PAGES)
        return rc < 0 ? rc : -XEN_ENOMEM;
    rc = remote_see(*id);
    if (rc)
        return rc;
    memcpy(remote_memory(FLAT_CODE), begin, (size_t)(end - begin));
    gdt = remote_memory(FLAT_GDT);
    gdt[FLAT_CS / 8] = 0x00cf9b000000ffff;
    gdt[FLAT_DS / 8] = 0x00cf93000000ffff;
    return 0;
}

/* An interrupt gate to the code at. */
static inline void flat_gate(unsigned int vector, uint64_t at)
{
    uint64_t *idt = remote_memory(FLAT_IDT);

    idt[vector] = at | FLAT_CS << 16 | 0x8e00ul << 32;
}

/* A vCPU that begins at rip with interrupts off. */
static inline struct hvm_hw_cpu flat_state(uint64_t rip)
{
    return (struct hvm_hw_cpu){
        .rip = rip, .rsp = FLAT_STACK, .rflags = 2, .cr0 = 0x11,
        .dr6 = 0xffff0ff0, .dr7 = 0x400, .gdtr_base = FLAT_GDT, .gdtr_limit = 0xff,
        .idtr_base = FLAT_IDT, .idtr_limit = 8 * FLAT_GATES - 1, .cs_sel = FLAT_CS,
        .ss_sel = FLAT_DS, .ds_sel = FLAT_DS, .es_sel = FLAT_DS, .cs_limit = ~0u,
        .ds_limit = ~0u, .es_limit = ~0u, .ss_limit = ~0u, .tr_limit = 0x67,
        .cs_arbytes = 0xc9b, .ds_arbytes = 0xc93, .es_arbytes = 0xc93,
        .ss_arbytes = 0xc93, .tr_arbytes = 0x8b,
    };
}

/* The word becomes n, waited for with PATIENCE. */
static inline bool flat_soon(const volatile uint32_t *word, uint32_t n)
{
    return SOON(*word == n);
}

#endif
