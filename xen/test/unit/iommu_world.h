/* SPDX-License-Identifier: GPL-2.0-only */
/* Between iommu_cases.c, whose world it is, and further cases in it. */
#ifndef IOMMU_WORLD_H
#define IOMMU_WORLD_H

#include "../../drivers/passthrough/private.h"
#include "iommu_cases.h"

#define BASE    0x80000UL       /* first device frame of the tests: aligned to 2 MiB */

extern const struct iommu_vendor *v;
extern struct domain d;         /* has one device, behind unit 0 */
extern s_time_t now;

void start(void);
/* The domain goes: nothing is left of it (I2). */
void finish(void);
int flush_one(unsigned long dfn, unsigned long count);
/* 512 small pages from BASE on, which no superpage can replace. */
void fill_table(void);
/* Page tables in use; d is charged for them and for the spare ones. */
uint64_t tables(void);
/* What a device gets: IOMMU_* and *mfn, or 0. */
unsigned int device_access(unsigned long dfn, unsigned long *mfn);

/* iommu_lost_cases.c; what they quarantine stays so, thus last. */
int run_iommu_lost_cases(void);

#endif
