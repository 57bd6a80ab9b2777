/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef X86_MM_P2M_INTERNAL_H
#define X86_MM_P2M_INTERNAL_H

#include <xen/iommu.h>
#include <xen/page_list.h>
#include <xen/softirq.h>
#include <xen/spinlock.h>
#include <xen/table_pool.h>
#include <asm/p2m.h>
#include <asm/pt.h>

/* Frames a transaction may hold back before it flushes: what fits into a page. */
#define TXN_BATCH   (PAGE_SIZE / sizeof(uint64_t))
#define TXN_RANGES  8

/* A run of frames taken out. */
#define REMOVED_ORDER   0x1fu
#define REMOVED_RAM     0x20u   /* drop the allocation too */

/*
 * What changed since the last flush. Everything here is protected by the p2m's lock,
 * which an open transaction holds.
 */
struct p2m_txn {
    struct p2m *p2m;
    bool open;
    bool give_back_ram;
    int rc;                     /* -ETIMEDOUT once a flush failed, until commit */
    bool cpu_dirty;             /* CPUs may cache what is gone */
    unsigned int nr_removed;
    unsigned int nr_ranges;     /* device translations that may be cached */
    uint64_t *removed;          /* TXN_BATCH of them: mfn << 6 | REMOVED_* */
    struct iommu_range ranges[TXN_RANGES];
    struct page_list retired;   /* table pages */
};

#define POOL_DEFAULT    256ul   /* tables, for domains whose toolstack sets none */

struct p2m {
    struct domain *d;
    rwlock_t lock;              /* LOCK_P2M; protects all below but tlb_gen */
    struct pt pt;
    bool closed;                /* dying: nothing can be added any more */
    unsigned long max_gfn;
    unsigned long next_gfn;     /* progress of p2m_relinquish */
    struct table_pool pool;
    struct p2m_txn txn;
    struct p2m_stats stats;
    uint64_t tlb_gen;           /* atomic */
    /*
     * A flush that failed crashes the domain. Whoever commits may hold locks that
     * domain_crash() would have to take first, so a tasklet does it.
     */
    struct tasklet crash;
    bool crash_queued;          /* atomic; holds a reference on d */
    uint64_t reported;          /* quarantined frames, to the console [crash] */
};

/* --- p2m_types.c: what a type means in either tree --------------------------------- */

pt_attr_t p2m_attr(enum p2m_type t, mfn_t mfn);
static inline enum p2m_type p2m_attr_type(pt_attr_t attr)
{
    return attr ? (enum p2m_type)PT_SOFT_GET(attr) : P2M_NONE;
}
/* IOMMU_READ | IOMMU_WRITE, or 0: devices do not see this type. */
unsigned int p2m_iommu_flags(enum p2m_type t);

/* --- p2m_txn.c ---------------------------------------------------------------------- */

/*
 * Makes what a later p2m_txn_map of device memory mfn, or p2m_txn_unmap, of the block
 * would allocate, so that it cannot fail. No translation changes. -ENOMEM; -EINVAL:
 * out of range or not aligned.
 */
int __must_check p2m_txn_prepare(struct p2m_txn *txn, gfn_t gfn, mfn_t mfn,
                                 unsigned int order);

/* --- p2m_pool.c: tables for the engine --------------------------------------------- */

extern const struct pt_ops p2m_pt_ops;

/* --- p2m_flush.c: the only place where references of removed frames are dropped ---- */

/* Device translations of n pages from gfn on changed. */
void p2m_txn_note_range(struct p2m_txn *txn, unsigned long gfn, unsigned long n);
/*
 * The reference of the frame run mfn now belongs to the transaction. There must be
 * room: see p2m_txn_make_room().
 */
void p2m_txn_note_removed(struct p2m_txn *txn, unsigned long mfn, unsigned int order,
                          enum p2m_type t);
/* Flushes when the batch is full. No entry may be half changed. */
void p2m_txn_make_room(struct p2m_txn *txn);
/* Flush, wait, release. Failure is remembered in txn->rc. */
void p2m_txn_flush(struct p2m_txn *txn);

#endif
