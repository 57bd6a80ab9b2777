/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two domains, three vCPUs and an IOMMU for p2m tests. The world remembers every
 * translation that a CPU or a device could still have: what the tables say now, and what
 * they said since the last flush that reached the one in question.
 *
 * The law it checks at each dropped reference: a frame has at least as many references
 * from the p2m as there are gfns through which anyone could still reach it.
 */
#ifndef P2M_WORLD_H
#define P2M_WORLD_H

#include <xen/domain.h>
#include <xen/mm.h>
#include <asm/p2m.h>

#include "fake_ram.h"
#include "p2m_internal.h"

#define W_BASE  2048ul          /* first gfn under watch */
#define W_SIZE  1536ul          /* three times 2 MiB */
#define FRAMES  (FAKE_LOW_PAGES + FAKE_HIGH_PAGES)

/* the domain under test, and an owner of frames */
extern struct domain *wd, *wother;

struct world_counters {
    unsigned long iommu_flushes, cpu_ipis, puts, crashes;
};
extern struct world_counters wc;

/*
 * Faults to inject: the nth iommu_map/unmap fails that was not prepared, or preparation;
 * w_iommu_lasting: and all after it; the next n flushes time out.
 */
extern unsigned long w_iommu_fail_at, w_flush_timeouts;
extern bool w_iommu_lasting;
extern bool w_preempt;
/*
 * What another vCPU wants to do to the map of wd while an IOTLB flush is under way, once:
 * it gets in if the p2m's lock is free then.
 */
extern void (*w_racer)(void);

void world_start(void);
/* Kills both domains; checks that the heap is as it was and charges are zero. */
void world_stop(bool quarantined);
/* d dies as far as its map and its frames go; world_stop() does the rest. */
void world_empty(struct domain *d);

/* page_put without the check. */
void __real_page_put(struct page_info *pg);

unsigned long frame_index(mfn_t mfn);
/*
 * References of the frame that only p2m entries can hold. own: the test's further ones.
 */
unsigned long p2m_refs(mfn_t mfn);
extern unsigned int w_own_refs[FRAMES];

/* Takes the present state of the tables into the record. */
void world_look(void);
/* gfns through which the frame can be reached, by tables or stale caches. */
unsigned long world_reach(mfn_t mfn);
/* Nothing is reachable but through the tables as they are now. */
void world_check_clean(void);
mfn_t world_iommu(unsigned long gfn, unsigned int *flags);

#endif
