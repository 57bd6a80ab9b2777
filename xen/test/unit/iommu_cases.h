/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One set of tests for the two IOMMU drivers. The vendor's half plays the hardware: it
 * executes commands, walks the tables as its manual says, and fills the cache below.
 */
#ifndef IOMMU_CASES_H
#define IOMMU_CASES_H

#include <xen/domain.h>
#include <xen/iommu.h>

enum unit_mode {
    PROMPT,     /* commands are done as they are posted */
    LATE,       /* some microseconds later */
    STALLED,    /* never */
};
extern enum unit_mode unit_mode;

struct iommu_vendor {
    const char *name;
    void (*reset)(void);        /* a fresh unit */
    void (*work)(void);         /* execute what has been posted so far */
    const struct iommu_model *model;
    /* The hardware's walk: 0 when refused, else IOMMU_* and *mfn. */
    unsigned int (*walk)(struct domain *d, unsigned long dfn, unsigned long *mfn);
    /* What a page command covers. */
    void (*coverage)(unsigned long dfn, unsigned int order, unsigned long *first,
                     unsigned long *count);
    unsigned int max_order;     /* of a page command */
    void (*stick)(void);        /* its write buffer fills for good; NULL: has none */
};

/* The unit's cache of translations. */
void tlb_drop(uint16_t tag, unsigned long first, unsigned long count);
void tlb_drop_tag(uint16_t tag);
void tlb_drop_all(void);

int run_iommu_cases(const struct iommu_vendor *vendor);

#endif
