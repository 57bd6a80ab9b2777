/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef X86_MM_PT_INTERNAL_H
#define X86_MM_PT_INTERNAL_H

#include <asm/pt.h>

/* One entry of one table. */
struct pt_slot {
    pt_entry_t *table;
    unsigned long mfn;          /* of the table */
    unsigned int level;
    unsigned int index;
};

/* Pages that an entry of the given level covers. */
static inline unsigned long pt_span(unsigned int level)
{
    return 1ul << (9 * level);
}

static inline unsigned int pt_index(unsigned long pfn, unsigned int level)
{
    return (pfn >> (9 * level)) & (PT_ENTRIES - 1);
}

pt_entry_t pt_get(const struct pt_slot *s);

/*
 * The entry for pfn at the given level or, where the path ends earlier, the
 * leaf or hole that it ends in.
 */
struct pt_slot pt_descend(const struct pt *pt, unsigned long pfn, unsigned int level);

/*
 * Makes an entry a leaf, or empty with attr == 0, and retires what was below.
 * Returns the number of tables retired.
 */
unsigned int pt_store(struct pt *pt, const struct pt_slot *s, unsigned long mfn,
                      pt_attr_t attr);

#endif
