/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A domain's physical map, and the one way to change it: the transaction (I1).
 *
 * Every entry of a frame type (RAM, grant, foreign) holds one reference on each frame it
 * maps. A transaction owns the references of the frames it takes out, and drops them only
 * after the CPU TLBs and the IOTLB have been flushed and the flush has completed.
 */
#ifndef ASM_P2M_H
#define ASM_P2M_H

#include <xen/mm.h>
#include <xen/spinlock.h>
#include <xen/types.h>

struct domain;
struct vcpu;

enum p2m_type {
    P2M_NONE,        /* nothing there */
    P2M_RAM_RW,
    P2M_RAM_RO,
    P2M_LOGDIRTY,    /* RAM, write faults are recorded */
    P2M_MMIO_DIRECT, /* device memory, no frame reference */
    P2M_GRANT_RW,
    P2M_GRANT_RO,
    P2M_FOREIGN,     /* another domain's frame */
    P2M_TYPES
};

static inline bool p2m_type_is_ram(enum p2m_type t)
{
    return t == P2M_RAM_RW || t == P2M_RAM_RO || t == P2M_LOGDIRTY;
}

static inline bool p2m_type_has_frame(enum p2m_type t)
{
    return t != P2M_NONE && t != P2M_MMIO_DIRECT;
}

static inline bool p2m_type_writable(enum p2m_type t)
{
    return t == P2M_RAM_RW || t == P2M_MMIO_DIRECT || t == P2M_GRANT_RW ||
           t == P2M_FOREIGN;
}

struct p2m;     /* private to mm/p2m/ */
struct p2m_txn; /* an open transaction */

int p2m_init(struct domain *d);
/* Dying: unmap everything; 0 or -ERESTART. */
int p2m_relinquish(struct domain *d);
void p2m_destroy(struct domain *d); /* free tables; idempotent */
/* Physical address of the root for nested paging. */
paddr_t p2m_root(struct domain *d);

/*
 * Changes with every commit that removed something. The guest-entry path reads it with
 * interrupts off as the last thing before entry; when it is not what the vCPU saw at its
 * last entry, what the CPU has cached for the vCPU is stale and must not be used.
 */
uint64_t p2m_tlb_generation(const struct domain *d);

/* --- lookups: take and drop the p2m lock themselves -------------------------------- */

/*
 * mfn or INVALID_MFN; t and order (of the mapping's page size) may be NULL. No reference.
 */
mfn_t p2m_lookup(struct domain *d, gfn_t gfn, enum p2m_type *t, unsigned int *order);

#define P2M_GET_WRITE   (1U << 0) /* the type must allow writing */
#define P2M_GET_OWN     (1U << 1) /* only RAM that d owns: no grant, no foreign */
/* The frame behind gfn with one reference, or NULL. */
struct page_info *p2m_get_page(struct domain *d, gfn_t gfn, enum p2m_type *t,
                               unsigned int flags);

/*
 * Hold back transactions on d until p2m_release(). True: nothing was removed since
 * p2m_tlb_generation() returned this value, so what was looked up since is still in place
 * and its frames are referenced. False: nothing is held. Takes d's p2m lock as a reader:
 * no lookups, copies or transactions of d in between.
 */
bool p2m_hold(struct domain *d, uint64_t generation);
void p2m_release(struct domain *d);

/* --- changes ----------------------------------------------------------------------- */

/*
 * Open a transaction on d: takes d's p2m lock until commit. One at a time per CPU. Its
 * storage belongs to d, a batch that fills commits by itself and goes on.
 */
struct p2m_txn *p2m_begin(struct domain *d);

/*
 * Map 1 << order frames at gfn, replacing what is there. Takes a reference on each frame
 * for types that have one (the caller keeps its own). 0; -ENOMEM and -EINVAL leave gfn as
 * it was;
 * -EBUSY: a frame could not be referenced (it is being freed).
 */
int __must_check p2m_txn_map(struct p2m_txn *txn, gfn_t gfn, mfn_t mfn,
                             unsigned int order, enum p2m_type t);
/* Remove 1 << order entries at gfn; holes are fine. -ENOMEM (a superpage split). */
int __must_check p2m_txn_unmap(struct p2m_txn *txn, gfn_t gfn, unsigned int order);
/*
 * Allocate what a later p2m_txn_map of frames, or a later p2m_txn_unmap, of the block
 * would, for CPUs and devices, so that it cannot fail with -ENOMEM: for changes of
 * several blocks that are to be all or nothing. No translation changes. -ENOMEM and
 * -EINVAL as there. Holds until something is unmapped, or a change fails. unprepare:
 * tables of the block go where nothing came to be in them; an entry that was split stays
 * so.
 */
int __must_check p2m_txn_prepare_map(struct p2m_txn *txn, gfn_t gfn,
                                     unsigned int order);
void p2m_txn_unprepare_map(struct p2m_txn *txn, gfn_t gfn, unsigned int order);
int __must_check p2m_txn_prepare_unmap(struct p2m_txn *txn, gfn_t gfn,
                                       unsigned int order);
/*
 * From now on, or until turned off again, frames of RAM types that the transaction takes
 * out also lose their allocation (page_drop_allocation), at the moment their reference is
 * dropped: after the flush. Off at p2m_begin.
 */
void p2m_txn_give_back_ram(struct p2m_txn *txn, bool on);
/* Under the open transaction: what is at gfn now. */
mfn_t p2m_txn_lookup(struct p2m_txn *txn, gfn_t gfn, enum p2m_type *t,
                     unsigned int *order);
/*
 * May new frames take the place of what n pages from gfn on hold: nothing, RAM or foreign
 * frames? -EPERM for device memory, whose BAR remembers it as one piece, and for grants,
 * whose mapper would lose count; -EINVAL: out of range. Whatever a guest places goes by
 * this.
 */
int __must_check p2m_txn_replaceable(struct p2m_txn *txn, gfn_t gfn, unsigned long n);
/*
 * Flush, wait, put, unlock. -ETIMEDOUT: an IOTLB flush missed its deadline; the removed
 * frames are quarantined and d is crashed; domain 0 is not, and the console told of
 * it. All changes are in force in either case.
 */
int p2m_commit(struct p2m_txn *txn);
/* The same with what d shall be told: 0 for domain 0, whose change was made. */
int p2m_commit_for_guest(struct p2m_txn *txn);

/*
 * Make the CPUs drop all they have cached for d's vCPUs, their own translations included.
 * The IOTLB is left alone.
 */
void p2m_flush_tlbs(struct domain *d);

/* One change in a transaction of its own. */
int __must_check p2m_map_one(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned int order,
                             enum p2m_type t);
/* -ENOENT when nothing is there; expect != INVALID_MFN: -EINVAL when another frame is. */
int __must_check p2m_unmap_one(struct domain *d, gfn_t gfn, mfn_t expect,
                               unsigned int order);
/*
 * Device memory, identity or not; n frames; all or nothing. Frames that are mapped so
 * already are fine, and stay in any case. -EEXIST: something else is there; unmap:
 * -EINVAL. -ENOMEM, -ETIMEDOUT (see p2m_commit). Device memory has no reference to drop.
 */
int p2m_map_mmio(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned long n);
int p2m_unmap_mmio(struct domain *d, gfn_t gfn, mfn_t mfn, unsigned long n);

/* Highest gfn that was ever mapped. */
gfn_t p2m_max_gfn(struct domain *d);

/* Nested page fault at gpa: true when it was the p2m's business and the access may be
 * retried; false: emulate as MMIO or refuse. */
bool p2m_fault(struct vcpu *v, paddr_t gpa, bool write, bool exec);

struct p2m_stats {
    uint64_t commits, maps, unmaps, tlb_flushes, splits, quarantined;
};
void p2m_get_stats(struct domain *d, struct p2m_stats *s);

/* XEN_DOMCTL_set/get_paging_mempool_size: bytes set aside for tables. */
int p2m_set_pool(struct domain *d, uint64_t bytes); /* 0, -ENOMEM, -ERESTART */
/* Domain 0: a limit; tables come from the heap. -ENOMEM: there is none for spare ones. */
int p2m_limit_pool(struct domain *d, uint64_t bytes);
uint64_t p2m_get_pool(struct domain *d);

#endif
