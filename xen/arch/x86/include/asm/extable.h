/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults that are expected: when the instruction at `at` faults, execution goes on at
 * `resume` instead of a panic.
 */
#ifndef ASM_EXTABLE_H
#define ASM_EXTABLE_H

#ifdef __ASSEMBLY__
.macro extable at:req, resume:req
        .pushsection .ex_table, "a", @progbits
        .balign 8
        .quad \at, \resume
        .popsection
.endm
#else
#include <xen/types.h>

/* For inline assembly: at and resume are labels. */
#define ASM_EXTABLE(at, resume)                  \
    ".pushsection .ex_table, \"a\", @progbits\n" \
    ".balign 8\n"                                \
    ".quad " #at ", " #resume "\n"               \
    ".popsection\n"

/* Where to continue after a fault at rip; 0: it was not expected. */
unsigned long extable_search(unsigned long rip);
#endif

#endif
