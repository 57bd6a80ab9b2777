/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A check of a guest's number holds only for what the CPU does in the end: until it knows
 * the outcome, it may go on as if the number had passed (AMD, "Software techniques for
 * managing speculation", V1-2). A number that is made an index has to be cut by
 * arithmetic, of which the CPU guesses nothing.
 */
#ifndef ASM_NOSPEC_H
#define ASM_NOSPEC_H

/*
 * index where index < size, and 0 otherwise: behind the check that says so, for an index
 * of a table of size elements that a guest has chosen. The carry of the comparison
 * becomes a mask of all ones or none, without a branch. Any context.
 */
static inline unsigned long array_index_nospec(unsigned long index, unsigned long size)
{
    unsigned long mask;

    __asm__ volatile("cmp %[size], %[index]\n"
                     "sbb %[mask], %[mask]\n"
                     : [mask] "=r"(mask)
                     : [index] "r"(index), [size] "r"(size)
                     : "cc");
    return index & mask;
}

#endif
